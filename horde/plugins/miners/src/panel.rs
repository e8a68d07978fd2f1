//! The panel `miners`: the links that need somebody, and all others.

use horde_events::ExecutorCount;
use horde_extension::shown;
use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget};

use crate::link::{Link, Stage};
use crate::run_state::RunState;

/// Path of the panel.
pub(crate) const PANEL_ROUTE: &str = "/operator/panel/miners";

/// Place among the panels: after that of the validator.
pub(crate) const ORDER: u32 = 20;

/// Name of the validator's own miner, which has no hotkey. An empty id would get lost in a URL.
const TRUSTED: &str = "trusted miner";

/// Label of the series of this extension.
const LABEL: (&str, &str) = ("extension", "horde_miners");

/// Key, heading and format of the columns.
const COLUMNS: [(&str, &str, Format); 7] = [
    ("hotkey", "Hotkey", Format::Id),
    ("state", "State", Format::State),
    ("address", "Address", Format::Text),
    ("jobs", "Jobs", Format::Number),
    ("executors", "Executors", Format::Text),
    ("reason", "Why it is not up", Format::Text),
    ("since", "Connected since", Format::Time),
];

/// The panel without details of a link.
pub(crate) fn overview(state: &RunState, query: &PanelQuery) -> Panel {
    Panel {
        title: "Miners".to_owned(),
        order: ORDER,
        widgets: vec![
            figures(state),
            Widget::Table(links(state, query)),
            links_plot(),
            jobs_plot(),
        ],
    }
}

fn figures(state: &RunState) -> Widget {
    let counts = state.links.counts().into_iter().rev();
    let links = counts.map(|(stage, count)| {
        let label = format!("Links {}", stage.name());
        Figure::new(&label, json!(count), Format::Number)
    });
    let jobs = Figure::new("Jobs under way", json!(state.jobs.len()), Format::Number);
    let groups = json!(state.groups.len());
    let groups = Figure::new("Groups under way", groups, Format::Number);
    let organic = state.groups.values().filter(|group| group.is_organic);
    let groups = match organic.count() {
        0 => groups,
        count => groups.with_note(format!("{count} of users")),
    };
    Widget::Figures {
        title: String::new(),
        figures: links.chain([jobs, groups]).collect(),
    }
}

/// The rows of one page: links that need somebody first, each stage by hotkey. Only the rows of the page are built.
fn links(state: &RunState, query: &PanelQuery) -> Table {
    let links = state.links.iter();
    let found = links.filter(|(hotkey, link)| is_found(query, hotkey, link));
    let mut found: Vec<_> = found.collect();
    // The links come by hotkey, and the sort is stable.
    found.sort_by_key(|(_, link)| link.stage());
    let (rows, rows_total) = query.page(found, |(hotkey, link)| Row {
        has_details: true,
        ..row(hotkey, link)
    });
    Table {
        title: String::new(),
        columns: columns(&COLUMNS),
        rows,
        rows_total,
        empty: "No link to a miner is wanted, or none is found.".to_owned(),
    }
}

fn is_found(query: &PanelQuery, hotkey: &str, link: &Link) -> bool {
    // The address is a text to be made, in vain for each of thousands of links.
    query.find.is_empty()
        || query.finds([
            row_id(hotkey),
            link.stage().name(),
            &address(link),
            link.trouble().unwrap_or_default(),
        ])
}

/// The row of a link, without details.
pub(crate) fn row(hotkey: &str, link: &Link) -> Row {
    let id = row_id(hotkey);
    let cells = [
        ("hotkey", json!(shown(id))),
        ("state", json!(link.stage().name())),
        ("address", json!(shown(&address(link)))),
        ("jobs", json!(link.jobs.len())),
        ("executors", json!(link.manifest.as_deref().map(executors))),
        ("reason", json!(link.trouble().map(shown))),
        ("since", json!(link.open_since_ms())),
    ];
    Row::new(id, cells).with_tone(tone(link.stage()))
}

/// The table with the row of one link.
pub(crate) fn table_of_one(row: Row) -> Table {
    Table {
        columns: columns(&COLUMNS),
        rows: vec![row],
        rows_total: 1,
        ..Table::default()
    }
}

/// Columns by key, heading and format.
pub(crate) fn columns(columns: &[(&str, &str, Format)]) -> Vec<Column> {
    let columns = columns.iter();
    columns
        .map(|(key, label, format)| Column::new(key, label, *format))
        .collect()
}

fn row_id(hotkey: &str) -> &str {
    match hotkey {
        "" => TRUSTED,
        hotkey => hotkey,
    }
}

/// The hotkey whose row has this id.
pub(crate) fn hotkey_of_row(id: &str) -> &str {
    match id {
        TRUSTED => "",
        id => id,
    }
}

/// The authority of the URL; an address that is refused has none.
fn address(link: &Link) -> String {
    match link.authority.as_str() {
        "" => format!("{}:{}", link.address.host, link.address.port),
        authority => authority.to_owned(),
    }
}

/// Each of the few classes once.
fn executors(manifest: &[ExecutorCount]) -> String {
    let classes = manifest.iter();
    let texts = classes.map(|entry| format!("{} {}", entry.count, entry.executor_class));
    texts.collect::<Vec<_>>().join(", ")
}

fn tone(stage: Stage) -> Tone {
    match stage {
        Stage::Down => Tone::Bad,
        Stage::Pausing => Tone::Warning,
        Stage::Connecting | Stage::Open => Tone::Neutral,
        Stage::Up => Tone::Good,
    }
}

fn links_plot() -> Widget {
    let labels = [LABEL, ("state", Stage::Up.name())];
    Widget::Plot {
        title: "Links that are up".to_owned(),
        unit: String::new(),
        series: vec![PlotSeries::new("Links", "tig_extension_links", &labels)],
    }
}

fn jobs_plot() -> Widget {
    let metric = "tig_extension_jobs_over_total";
    Widget::Plot {
        title: "Jobs over per second".to_owned(),
        unit: "jobs/s".to_owned(),
        series: vec![PlotSeries::new("All outcomes", metric, &[LABEL]).per_second()],
    }
}
