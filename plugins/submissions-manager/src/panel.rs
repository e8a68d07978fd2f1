//! The panel `submissions`: what waits, what was done last, and how the API takes it.

use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget};

use crate::SubmissionsManager;
use crate::kind::Kind;
use crate::ledger::Done;
use crate::submission::{State, Submission};

/// Place among the stock panels.
const ORDER: u32 = 50;

const PENDING: [(&str, &str, Format); 8] = [
    ("kind", "Kind", Format::Text),
    ("id", "Benchmark", Format::Id),
    ("state", "State", Format::State),
    ("waits_for", "Waits for", Format::Text),
    ("created_ms", "Since", Format::Time),
    ("attempts", "Attempts", Format::Number),
    ("next_ms", "Next try", Format::Time),
    ("last_error", "Last error", Format::Text),
];

const DONE: [(&str, &str, Format); 6] = [
    ("at_ms", "When", Format::Time),
    ("kind", "Kind", Format::Text),
    ("id", "Benchmark", Format::Id),
    ("outcome", "Outcome", Format::State),
    ("attempts", "Attempts", Format::Number),
    ("text", "Answer", Format::Text),
];

impl SubmissionsManager {
    /// With an id, only what is of it.
    pub(crate) fn panel(&self, query: &PanelQuery, now_ms: u64) -> Panel {
        let is_asked = |kind: Kind, id: &str| match &query.id {
            Some(wanted) => wanted == id || *wanted == row_id(kind, id),
            None => query.finds([kind.name(), id]),
        };
        let pending = self.submissions.iter();
        let pending = pending.filter(|((kind, id), _)| is_asked(*kind, id));
        let (pending, pending_total) = query.page(pending, |((kind, id), submission)| {
            self.row(*kind, id, submission, now_ms)
        });
        let done = self
            .ledger
            .done()
            .filter(|done| is_asked(done.kind, &done.id));
        let done: Vec<Row> = done.enumerate().map(done_row).collect();
        Panel {
            title: "Submissions".to_owned(),
            order: ORDER,
            widgets: vec![
                self.figures(),
                Widget::Table(Table {
                    title: "Pending".to_owned(),
                    columns: columns(&PENDING),
                    rows: pending,
                    rows_total: pending_total,
                    empty: "Nothing waits to be sent or confirmed.".to_owned(),
                }),
                Widget::Table(Table {
                    title: "Last ones".to_owned(),
                    columns: columns(&DONE),
                    rows_total: done.len() as u64,
                    rows: done,
                    empty: "None since the host started.".to_owned(),
                }),
                plot(),
            ],
        }
    }

    fn figures(&self) -> Widget {
        let mut figures = Vec::new();
        for kind in Kind::ALL {
            let counts = self.ledger.counts(kind);
            let waiting = self.num_waiting(kind);
            figures.push(Figure {
                label: format!("{kind}s accepted"),
                value: json!(counts.accepted),
                format: Format::Number,
                note: format!(
                    "{waiting} waiting, {} retried, {} failed",
                    counts.retried, counts.failed
                ),
            });
        }
        Widget::Figures {
            title: "Since the host started".to_owned(),
            figures,
        }
    }

    fn row(&self, kind: Kind, id: &str, submission: &Submission, now_ms: u64) -> Row {
        let shown = self.report(kind, id, submission, now_ms);
        let next_ms = (submission.state == State::Waiting && submission.not_before_ms > now_ms)
            .then_some(submission.not_before_ms);
        let created_ms = (submission.created_ms > 0).then_some(submission.created_ms);
        let cells = [
            ("kind", json!(kind.name())),
            ("id", json!(id)),
            ("state", shown["state"].clone()),
            ("waits_for", shown["waits_for"].clone()),
            ("created_ms", json!(created_ms)),
            ("attempts", json!(submission.attempts)),
            ("next_ms", json!(next_ms)),
            ("last_error", json!(submission.last_error)),
        ];
        let tone = match submission.state {
            State::Rejected => Tone::Bad,
            _ if submission.has_failed() || submission.resends > 0 => Tone::Warning,
            _ => Tone::Neutral,
        };
        Row::new(row_id(kind, id), cells).with_tone(tone)
    }
}

fn done_row((number, done): (usize, &Done)) -> Row {
    let cells = [
        ("at_ms", json!(done.at_ms)),
        ("kind", json!(done.kind.name())),
        ("id", json!(done.id)),
        ("outcome", json!(done.outcome)),
        ("attempts", json!(done.attempts)),
        ("text", json!(done.text)),
    ];
    let tone = match done.outcome.as_str() {
        "accepted" | "confirmed" => Tone::Good,
        "fraud" | "rejected" => Tone::Bad,
        _ => Tone::Warning,
    };
    Row::new(number.to_string(), cells).with_tone(tone)
}

fn row_id(kind: Kind, id: &str) -> String {
    format!("{kind}/{id}")
}

fn columns(of: &[(&str, &str, Format)]) -> Vec<Column> {
    of.iter()
        .map(|(key, label, format)| Column::new(key, label, *format))
        .collect()
}

fn plot() -> Widget {
    let series = |outcome: &str| {
        let labels = [("extension", "submissions_manager"), ("outcome", outcome)];
        PlotSeries::new(outcome, "tig_extension_answers_total", &labels).per_second()
    };
    Widget::Plot {
        title: "Answers to submissions".to_owned(),
        unit: "1/s".to_owned(),
        series: ["accepted", "retryable", "rejected"].map(series).to_vec(),
    }
}
