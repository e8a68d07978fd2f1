//! The panel `slaves`: what the fleet does, and a row for each slave.

use std::collections::BTreeMap;

use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{
    Action, Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget,
};

use crate::slaves::Slave;
use crate::view::{Activity, View};

/// Place among the stock panels.
pub(crate) const ORDER: u32 = 40;

/// Key, heading and format of the columns of a table.
pub(crate) type Columns<'a> = &'a [(&'a str, &'a str, Format)];

/// Columns of the slaves.
pub(crate) const COLUMNS: [(&str, &str, Format); 11] = [
    ("name", "Name", Format::Text),
    ("state", "State", Format::State),
    ("rate_1m", "Nonces/s, 1 min", Format::Rate),
    ("rate_15m", "15 min", Format::Rate),
    ("busy_share", "Busy", Format::Share),
    ("leased", "Leased", Format::Number),
    ("batches", "Batches", Format::Number),
    ("errors", "Rejected", Format::Number),
    ("failures", "Given back", Format::Number),
    ("last_error", "Last error", Format::Text),
    ("last_seen_ms", "Last seen", Format::Time),
];

/// The panel without details of a slave.
pub(crate) fn overview(view: &View<'_>, query: &PanelQuery) -> Panel {
    Panel {
        title: "Slaves".to_owned(),
        order: ORDER,
        widgets: vec![
            figures(view),
            Widget::Table(table(view, query)),
            rate_plot(),
            slaves_plot(),
        ],
    }
}

fn figures(view: &View<'_>) -> Widget {
    let presence = view.presence();
    let queue = &view.state.queue;
    let (short, long) = view
        .state
        .rates
        .nonces_per_second(view.state.began_ms, view.now_ms);
    let figures = vec![
        Figure::new("Slaves present", json!(presence.present), Format::Number),
        Figure::new("With work", json!(presence.busy_share()), Format::Share),
        Figure::new("Nonces per second, 1 min", json!(short), Format::Rate),
        Figure::new("Nonces per second, 15 min", json!(long), Format::Rate),
        Figure::new("Batches waiting", json!(queue.num_queued()), Format::Number),
        Figure::new("Batches leased", json!(queue.num_leased()), Format::Number),
        Figure::new("Cordoned", json!(view.cordon.len()), Format::Number),
        Figure::new(
            "In quarantine",
            json!(view.quarantine.num_current(view.now_ms)),
            Format::Number,
        ),
    ];
    Widget::Figures {
        title: String::new(),
        figures,
    }
}

/// The rows of one page: those that need somebody first, each group by name. Only the rows of the page are made.
fn table(view: &View<'_>, query: &PanelQuery) -> Table {
    let mut groups: BTreeMap<Activity, Vec<(&str, Option<&Slave>)>> = BTreeMap::new();
    for (name, slave) in view.state.slaves.iter() {
        let activity = view.activity(name, slave);
        if query.finds([&**name, activity.name()]) {
            groups
                .entry(activity)
                .or_default()
                .push((name, Some(slave)));
        }
    }
    for (name, activity) in unseen(view) {
        if query.finds([name, activity.name()]) {
            groups.entry(activity).or_default().push((name, None));
        }
    }
    let rows_total = groups.values().map(|group| group.len() as u64).sum();
    let all = groups.iter().flat_map(|(activity, group)| {
        let of_group = group.iter();
        of_group.map(move |(name, slave)| (*name, *slave, *activity))
    });
    let page = all.skip(query.offset).take(query.limit);
    let rows = page.map(|(name, slave, activity)| row(view, name, slave, activity));
    Table {
        title: String::new(),
        columns: columns(&COLUMNS),
        rows: rows.collect(),
        rows_total,
        empty: "No slave has asked for work yet: start one with `tig-slave ADDRESS`.".to_owned(),
    }
}

pub(crate) fn columns(columns: Columns<'_>) -> Vec<Column> {
    let columns = columns.iter();
    columns
        .map(|(key, label, format)| Column::new(key, label, *format))
        .collect()
}

/// Slaves of which only a cordon or a quarantine is known, as after a restart.
fn unseen<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a str, Activity)> {
    let sentences = view.quarantine.iter();
    let quarantined = sentences
        .filter(|(_, sentence)| view.now_ms < sentence.until_ms)
        .map(|(name, _)| (name.as_str(), Activity::Quarantined));
    let cordoned = view.cordon.iter().map(|(name, _)| &**name);
    let cordoned = cordoned
        .filter(|name| view.quarantine.get(name, view.now_ms).is_none())
        .map(|name| (name, Activity::Cordoned));
    quarantined
        .chain(cordoned)
        .filter(|(name, _)| view.state.slaves.get(name).is_none())
}

/// The row of a slave; without one, that of a name.
pub(crate) fn row(view: &View<'_>, name: &str, slave: Option<&Slave>, activity: Activity) -> Row {
    let mut cells = BTreeMap::from([
        ("name".to_owned(), json!(name)),
        ("state".to_owned(), json!(activity.name())),
    ]);
    if let Some(slave) = slave {
        let (now_ms, begin_ms) = (view.now_ms, slave.first_seen_ms);
        let (short, long) = slave.rates.nonces_per_second(begin_ms, now_ms);
        let known = [
            ("rate_1m", json!(short)),
            ("rate_15m", json!(long)),
            (
                "busy_share",
                json!(slave.rates.busy_share(begin_ms, now_ms)),
            ),
            ("leased", json!(view.state.queue.num_leased_to(name))),
            ("batches", json!(slave.batches)),
            ("errors", json!(slave.errors)),
            ("failures", json!(slave.failures)),
            ("last_error", json!(slave.last_error)),
            ("last_seen_ms", json!(slave.last_seen_ms)),
        ];
        cells.extend(known.map(|(key, value)| (key.to_owned(), value)));
    }
    Row {
        id: name.to_owned(),
        cells,
        tone: tone(activity),
        has_details: true,
        actions: actions(view, name),
    }
}

fn tone(activity: Activity) -> Tone {
    match activity {
        Activity::Quarantined | Activity::Gone => Tone::Bad,
        Activity::Resting | Activity::CannotRun => Tone::Warning,
        Activity::Working => Tone::Good,
        Activity::Cordoned | Activity::Idle | Activity::Away => Tone::Neutral,
    }
}

fn actions(view: &View<'_>, name: &str) -> Vec<Action> {
    let action = |label: &str, command: &str, confirm: String| Action {
        label: label.to_owned(),
        extension: "slave_manager".to_owned(),
        command: command.to_owned(),
        arguments: json!({ "slave": name }),
        confirm,
    };
    let mut actions = vec![if view.cordon.contains(name) {
        action("Uncordon", "uncordon", String::new())
    } else {
        let question = format!("Cordon {name}? It finishes what it has and gets no new batches.");
        action("Cordon", "cordon", question)
    }];
    if view.quarantine.get(name, view.now_ms).is_some() {
        let question = format!("Pardon {name}? Its results were wrong; it gets batches again.");
        actions.push(action("Pardon", "pardon", question));
    }
    actions
}

fn series(label: &str, metric: &str) -> PlotSeries {
    PlotSeries::new(label, metric, &[("extension", "slave_manager")])
}

fn rate_plot() -> Widget {
    Widget::Plot {
        title: "Nonces per second".to_owned(),
        unit: "nonces/s".to_owned(),
        series: vec![series("All slaves", "tig_extension_nonces_total").per_second()],
    }
}

fn slaves_plot() -> Widget {
    Widget::Plot {
        title: "Slaves and batches".to_owned(),
        unit: String::new(),
        series: vec![
            series("Slaves present", "tig_extension_slaves_present"),
            series("Slaves with work", "tig_extension_slaves_busy"),
            series("Batches waiting", "tig_extension_batches_queued"),
            series("Batches leased", "tig_extension_batches_leased"),
        ],
    }
}
