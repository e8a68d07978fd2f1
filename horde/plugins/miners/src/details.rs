//! What the panel `miners` shows of one link.

use horde_extension::shown;
use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Figure, Format, Panel, Row, Table, Widget};

use crate::job::Job;
use crate::link::{Link, State};
use crate::panel::{ORDER, columns, hotkey_of_row, row, table_of_one};
use crate::run_state::RunState;

/// Key, heading and format of the columns of jobs.
const COLUMNS: [(&str, &str, Format); 6] = [
    ("job", "Job", Format::Id),
    ("phase", "Phase", Format::State),
    ("since", "Since", Format::Time),
    ("due", "Phase ends by", Format::Time),
    ("class", "Executor", Format::Text),
    ("group", "Group", Format::Text),
];

/// Details of the link whose row has this id; `None` if there is no such link. The query searches and pages its jobs.
pub(crate) fn details(state: &RunState, id: &str, query: &PanelQuery) -> Option<Panel> {
    let hotkey = hotkey_of_row(id);
    let link = state.links.get(hotkey)?;
    let row = row(hotkey, link);
    Some(Panel {
        title: format!("Miner {}", shown(&row.id)),
        order: ORDER,
        widgets: vec![
            Widget::Table(table_of_one(row)),
            figures(state, hotkey, link),
            Widget::Table(jobs(state, link, query)),
        ],
    })
}

fn figures(state: &RunState, hotkey: &str, link: &Link) -> Widget {
    let mut figures = Vec::new();
    if let State::Pausing { until_ms } = link.state {
        figures.push(Figure::new("Next attempt", json!(until_ms), Format::Time));
    }
    if let Some(by_ms) = link.manifest_due_ms() {
        figures.push(Figure::new("Manifest due", json!(by_ms), Format::Time));
    }
    let failures = Figure::new("Failures", json!(link.failures), Format::Number);
    let ignored = Figure::new("Ignored messages", json!(link.ignored), Format::Number);
    let unwritten = json!(link.unwritten_bytes);
    let [failure, error] = [&link.last_failure, &link.last_error].map(|text| text.as_deref());
    figures.extend([
        failures.with_note("since a connection was stable"),
        Figure::new("Last failure", json!(failure.map(shown)), Format::Text),
        Figure::new("Error of the miner", json!(error.map(shown)), Format::Text)
            .with_note("on this connection"),
        ignored.with_note("of this connection"),
        Figure::new("Not written yet", unwritten, Format::Bytes),
        Figure::new("Wanted by", json!(holders(state, hotkey)), Format::Text),
    ]);
    Widget::Figures {
        title: String::new(),
        figures,
    }
}

/// The extensions that want the link.
fn holders(state: &RunState, hotkey: &str) -> String {
    let holders = state.holders.iter();
    let holders = holders.filter(|(_, miners)| miners.iter().any(|miner| miner.hotkey == hotkey));
    let names: Vec<&str> = holders.map(|(name, _)| name.as_str()).collect();
    match names.is_empty() {
        true => "no extension".to_owned(),
        false => names.join(", "),
    }
}

fn jobs(state: &RunState, link: &Link, query: &PanelQuery) -> Table {
    let jobs = link.jobs.iter().filter_map(|id| state.jobs.get(*id));
    let found = jobs.filter(|job| {
        let texts = [&*job.uuid, job.phase.name(), job.class.as_str()];
        query.finds(texts.into_iter().chain(group_name(state, job)))
    });
    let (rows, rows_total) = query.page(found, |job| job_row(state, job));
    Table {
        title: "Jobs under way".to_owned(),
        columns: columns(&COLUMNS),
        rows,
        rows_total,
        empty: "The miner has no job, or none is found.".to_owned(),
    }
}

fn job_row(state: &RunState, job: &Job) -> Row {
    let since_ms = job.phase_began_us().map(|at_us| at_us / 1_000);
    // A job that waits for the others of its group has no deadline of its own.
    let due_ms = (job.due_ms != u64::MAX).then_some(job.due_ms);
    let cells = [
        ("job", json!(shown(&job.uuid))),
        ("phase", json!(job.phase.name())),
        ("since", json!(since_ms)),
        ("due", json!(due_ms)),
        ("class", json!(job.class.as_str())),
        ("group", json!(group_name(state, job).map(shown))),
    ];
    Row::new(&*job.uuid, cells)
}

fn group_name<'a>(state: &'a RunState, job: &Job) -> Option<&'a str> {
    let group = state.groups.get(&job.group)?;
    Some(&group.name)
}
