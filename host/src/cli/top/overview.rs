//! The host's own data in the form of panels, so that they are shown, searched and selected like those of extensions.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tig_plugin_api::Severity;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, Row, Table, Tone, Widget};

use super::super::condition_text::severity_text;
use super::super::panel::format::duration;
use super::state::State;
use crate::control::report::{ConditionReport, EventReport};
use crate::observe::handler_times::HandlerTime;
use crate::observe::status::{ExtensionStatus, State as ExtensionState};

/// Conditions and extensions.
pub(super) fn overview(state: &State) -> Panel {
    let Some(status) = &state.status else {
        return Panel::default();
    };
    let named = |name: &String| status.extensions.iter().find(|it| it.name == *name);
    if let Some(extension) = state.details.as_ref().and_then(named) {
        return extension_details(extension);
    }
    let conditions = status
        .conditions
        .iter()
        .map(|it| condition(it, state.now_ms));
    let extensions = status.extensions.iter().map(extension);
    let widgets = vec![
        table(
            "Conditions",
            empty_text(state, "nothing is wrong"),
            &[
                ("severity", "Severity", Format::State),
                ("code", "Code", Format::Text),
                ("subject", "Subject", Format::Text),
                ("age", "For", Format::Duration),
                ("text", "Text", Format::Text),
            ],
            found(conditions.collect(), &state.find),
        ),
        table(
            "Extensions",
            empty_text(state, "no extensions"),
            &[
                ("name", "Extension", Format::Text),
                ("version", "Version", Format::Text),
                ("state", "State", Format::State),
                ("waiting", "Waiting", Format::Number),
                ("failed", "Failed", Format::Number),
                ("mean", "Mean", Format::Text),
                ("longest", "Longest", Format::Text),
            ],
            found(extensions.collect(), &state.find),
        ),
    ];
    panel(widgets)
}

/// The latest events, the newest first.
pub(super) fn events(state: &State) -> Panel {
    let rows = state.events.iter().rev().map(event).collect();
    let empty = empty_text(state, "no events yet");
    let columns = [
        ("at", "Time (UTC)", Format::Time),
        ("extension", "Extension", Format::Text),
        ("name", "Event", Format::Text),
        ("payload", "Payload", Format::Text),
    ];
    let title = match state.lost {
        0 => String::new(),
        lost => format!("{lost} events were lost: the host kept them no longer"),
    };
    panel(vec![table(
        &title,
        empty,
        &columns,
        found(rows, &state.find),
    )])
}

fn panel(widgets: Vec<Widget>) -> Panel {
    Panel {
        widgets,
        ..Panel::default()
    }
}

fn table(title: &str, empty: &str, columns: &[(&str, &str, Format)], rows: Vec<Row>) -> Widget {
    let columns = columns.iter().map(|(key, label, format)| Column {
        key: (*key).to_owned(),
        label: (*label).to_owned(),
        format: *format,
    });
    Widget::Table(Table {
        title: title.to_owned(),
        columns: columns.collect(),
        rows_total: rows.len() as u64,
        rows,
        empty: empty.to_owned(),
    })
}

/// What is said in place of no rows.
fn empty_text<'a>(state: &State, text: &'a str) -> &'a str {
    if state.find.is_empty() {
        text
    } else {
        "no row has this text"
    }
}

/// The rows with `text` in one of their cells.
fn found(rows: Vec<Row>, text: &str) -> Vec<Row> {
    let text = text.to_lowercase();
    let has_text = |value: &Value| {
        let shown = value.as_str().map_or(value.to_string(), str::to_owned);
        shown.to_lowercase().contains(&text)
    };
    let rows = rows.into_iter();
    rows.filter(|row| text.is_empty() || row.cells.values().any(has_text))
        .collect()
}

fn row(id: &str, tone: Tone, cells: Value) -> Row {
    let cells = match cells {
        Value::Object(cells) => cells.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    Row {
        id: id.to_owned(),
        cells,
        tone,
        ..Row::default()
    }
}

fn condition(report: &ConditionReport, now_ms: u64) -> Row {
    let condition = &report.standing.condition;
    let tone = match condition.severity {
        Severity::Info => Tone::Neutral,
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Bad,
    };
    // What `why` shows of this row.
    let id = if condition.subject.is_empty() {
        &condition.code
    } else {
        &condition.subject
    };
    let cells = json!({
        "severity": severity_text(condition.severity), "code": condition.code, "subject": condition.subject,
        "age": now_ms.saturating_sub(report.standing.since_ms), "text": condition.text,
    });
    row(id, tone, cells)
}

fn extension(status: &ExtensionStatus) -> Row {
    let (state, tone) = match status.state {
        ExtensionState::Running if status.busy.as_ref().is_some_and(|busy| busy.stuck) => {
            ("stuck", Tone::Bad)
        }
        ExtensionState::Running => ("running", Tone::Neutral),
        ExtensionState::Probation => ("probation", Tone::Warning),
        ExtensionState::Stopped => ("stopped", Tone::Bad),
    };
    let state = match &status.shadow {
        Some(shadow) => format!("{state}, shadow {}", shadow.version),
        None => state.to_owned(),
    };
    let mean = mean_text(&status.handlers);
    let longest = status.handlers.iter().max_by_key(|handler| handler.max_us);
    let longest = longest.map(|handler| micros_text(handler.max_us));
    let cells = json!({
        "name": status.name, "version": status.version, "state": state, "waiting": status.waiting,
        "failed": status.failed, "mean": mean, "longest": longest,
    });
    Row {
        has_details: true,
        ..row(&status.name, tone, cells)
    }
}

/// What is known of one extension: its handlers, and what is wrong with it.
fn extension_details(status: &ExtensionStatus) -> Panel {
    let figure = |label: &str, value: Value| Figure {
        label: label.to_owned(),
        value,
        ..Figure::default()
    };
    let mut figures = vec![
        figure("Extension", json!(status.name)),
        figure("Version", json!(status.version)),
        figure("API version", json!(status.api_version)),
        figure("Handled", json!(status.handled)),
        figure("Reloads", json!(status.reloads)),
        figure("Unfinished", json!(status.unfinished)),
    ];
    let notes = [
        ("Last failure", &status.last_failure),
        ("Last version refused", &status.rejected),
    ];
    let notes = notes
        .iter()
        .filter_map(|(label, text)| Some((label, text.as_ref()?)));
    figures.extend(notes.map(|(label, text)| figure(label, json!(text))));
    if let Some(shadow) = &status.shadow {
        let alike = format!("{} alike, {} differently", shadow.same, shadow.different);
        figures.push(figure(&format!("Shadow {}", shadow.version), json!(alike)));
    }
    let handlers = status.handlers.iter().map(|handler| {
        let cells = json!({
            "name": handler.name, "calls": handler.count, "mean": mean_text(std::slice::from_ref(handler)),
            "longest": micros_text(handler.max_us),
        });
        row(&handler.name, Tone::Neutral, cells)
    });
    let handlers = table(
        "Handlers",
        "nothing was handled yet",
        &[
            ("name", "Handler", Format::Text),
            ("calls", "Calls", Format::Number),
            ("mean", "Mean", Format::Text),
            ("longest", "Longest", Format::Text),
        ],
        handlers.collect(),
    );
    let title = String::new();
    panel(vec![Widget::Figures { title, figures }, handlers])
}

fn mean_text(handlers: &[HandlerTime]) -> Option<String> {
    let count: u64 = handlers.iter().map(|handler| handler.count).sum();
    let total_us: u64 = handlers.iter().map(|handler| handler.total_us).sum();
    total_us.checked_div(count).map(micros_text)
}

fn micros_text(us: u64) -> String {
    if us < 1_000 {
        format!("{us} µs")
    } else {
        duration(us / 1_000)
    }
}

fn event(event: &EventReport) -> Row {
    let payload = match serde_json::from_str(event.payload.get()) {
        Ok(Value::String(text)) => text,
        _ => event.payload.get().to_owned(),
    };
    let cells = json!({
        "at": event.at_ms, "extension": event.extension, "name": event.name, "payload": payload,
    });
    row(&event.seq.to_string(), Tone::Neutral, cells)
}
