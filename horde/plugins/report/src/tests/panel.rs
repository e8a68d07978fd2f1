//! `GET /operator/panel/validator`.

use tig_plugin_api::panel::{Figure, Panel, Row, Table, Tone, Widget};

use super::*;

const PANEL: &str = "validator";

fn table(panel: &Panel, title: &str) -> Option<Table> {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.find(|table| table.title.starts_with(title)).cloned()
}

fn figure(panel: &Panel, label: &str) -> Figure {
    let figures = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut figures = figures.flatten();
    figures
        .find(|figure| figure.label == label)
        .unwrap()
        .clone()
}

fn hotkeys(table: &Table) -> Vec<&str> {
    table.rows.iter().map(|row| row.id.as_str()).collect()
}

#[test]
fn panel_before_any_event_says_what_is_missing() {
    let panel = start_with(json!({})).panel(PANEL, "").unwrap();
    for label in ["Block", "Chain", "Slot", "Last batch"] {
        assert_eq!(figure(&panel, label).value, Value::Null, "{label}");
    }
    assert_eq!(figure(&panel, "Completed").value, 0);
    assert_eq!(table(&panel, "Last batch"), None);
    for title in ["Weights", "Miners"] {
        let table = table(&panel, title).unwrap();
        assert!(table.rows.is_empty() && !table.empty.is_empty(), "{title}");
    }
}

#[test]
fn panel_shows_chain_slot_batch_and_weights() {
    let mut report = start_with(json!({}));
    let unreachable = json!({ "condition": "unreachable", "reason": "x", "since_ms": 1 });
    report.event("horde_chain_state", unreachable);
    let missed =
        json!({ "cycle_start": 722, "block": 746, "code": "busy", "reason": "another batch" });
    report.event("horde_batch_missed", missed);
    let jobs = [job("5A", "right"), job("5A", "late"), job("5B", "excused")];
    report.event("horde_batch_over", batch_over("b", &jobs));
    let given_up = json!({ "end": "given_up", "reason": "no chain" });
    report.event("horde_weights_over", weights_over(722, &given_up));
    applied(&mut report, 1444);

    let panel = report.panel(PANEL, "").unwrap();
    assert_eq!(figure(&panel, "Chain").value, "cannot be reached");
    let slot = figure(&panel, "Slot");
    assert_eq!(
        (slot.value, slot.note),
        (json!("missed"), "another batch".to_owned())
    );
    let tones = |rows: &[Row]| rows.iter().map(|row| row.tone).collect::<Vec<_>>();
    let batch = table(&panel, "Last batch").unwrap();
    // By result: excused, late, right.
    assert_eq!(
        tones(&batch.rows),
        [Tone::Neutral, Tone::Warning, Tone::Good]
    );
    let weights = table(&panel, "Weights").unwrap();
    assert_eq!(hotkeys(&weights), ["1444", "722"]);
    assert_eq!(tones(&weights.rows), [Tone::Good, Tone::Warning]);
}

#[test]
fn miners_that_failed_last_come_first_in_pages() {
    let mut report = start_with(json!({}));
    for (hotkey, reason) in [("5A", "refused"), ("5B", "no route"), ("5C", "refused")] {
        let down = json!({ "hotkey": hotkey, "state": { "down": { "reason": reason } } });
        report.event("horde_miner_link", down);
        report.advance_ms(1_000);
    }
    let rows = |report: &mut Report, query: &str| {
        let table = table(&report.panel(PANEL, query).unwrap(), "Miners").unwrap();
        (hotkeys(&table).join(" "), table.rows_total)
    };
    assert_eq!(rows(&mut report, ""), ("5C 5B 5A".to_owned(), 3));
    assert_eq!(rows(&mut report, "offset=1&limit=1"), ("5B".to_owned(), 3));
    assert_eq!(rows(&mut report, "find=REFUSED"), ("5C 5A".to_owned(), 2));
    let shown = table(&report.panel(PANEL, "find=5b").unwrap(), "Miners").unwrap();
    assert_eq!(shown.rows[0].cells["failures"], "1 no_link");
}

#[test]
fn malformed_query_is_a_bad_request() {
    let path = format!("{PANEL_ROUTE}?limit=many");
    let reply = start_with(json!({})).request("GET", &path, &[], "");
    assert_eq!(reply.unwrap().status, 400);
}
