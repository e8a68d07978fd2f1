//! What the panel `slaves` shows of one slave.

use serde_json::{Value, json};
use tig_plugin_api::panel::{Figure, Format, Panel, Row, Table, Widget};

use crate::panel::{self, COLUMNS, Columns, ORDER, row};
use crate::quarantine::{Evidence, Sentence};
use crate::slaves::Slave;
use crate::view::{Activity, View};

/// Details of the slave of this name; `None` if nothing is known of it.
pub(crate) fn details(view: &View<'_>, name: &str) -> Option<Panel> {
    let slave = view.state.slaves.get(name);
    let sentence = view.quarantine.get(name, view.now_ms);
    let activity = match slave {
        Some(slave) => view.activity(name, slave),
        None if sentence.is_some() => Activity::Quarantined,
        None if view.cordon.contains(name) => Activity::Cordoned,
        None => return None,
    };
    let mut itself = row(view, name, slave, activity);
    itself.has_details = false;
    let mut widgets = vec![Widget::Table(Table {
        columns: panel::columns(&COLUMNS),
        rows: vec![itself],
        rows_total: 1,
        ..Table::default()
    })];
    widgets.push(figures(view, name, slave, sentence));
    if let Some(slave) = slave {
        widgets.push(leases(view, name));
        widgets.push(inabilities(view, slave));
    }
    if let Some(sentence) = sentence {
        widgets.push(evidence(sentence));
    }
    Some(Panel {
        title: format!("Slave {name}"),
        order: ORDER,
        widgets,
    })
}

fn figures(
    view: &View<'_>,
    name: &str,
    slave: Option<&Slave>,
    sentence: Option<&Sentence>,
) -> Widget {
    let mut figures = Vec::new();
    if let Some(slave) = slave {
        figures.push(Figure::new(
            "First seen",
            json!(slave.first_seen_ms),
            Format::Time,
        ));
        figures.push(Figure::new("Nonces", json!(slave.nonces), Format::Number));
        figures.push(Figure::new(
            "Failures in a row",
            json!(slave.in_a_row),
            Format::Number,
        ));
        if view.now_ms < slave.resting_until_ms {
            figures.push(Figure::new(
                "Rests until",
                json!(slave.resting_until_ms),
                Format::Time,
            ));
        }
    }
    if let Some(since_ms) = view.cordon.since_ms(name) {
        figures.push(Figure::new("Cordoned since", json!(since_ms), Format::Time));
    }
    if let Some(sentence) = sentence {
        figures.push(Figure::new(
            "Quarantine ends",
            json!(sentence.until_ms),
            Format::Time,
        ));
        figures.push(Figure::new(
            "Quarantined for",
            json!(sentence.reason),
            Format::Text,
        ));
    }
    Widget::Figures {
        title: String::new(),
        figures,
    }
}

fn leases(view: &View<'_>, name: &str) -> Widget {
    let columns = [
        ("batch", "Batch", Format::Id),
        ("algorithm", "Algorithm", Format::Text),
        ("ends_ms", "Lease ends", Format::Time),
    ];
    let leases = view.state.queue.leases_of(name).into_iter();
    let rows = leases
        .enumerate()
        .map(|(number, (batch, algorithm, ends_ms))| {
            // Two versions of a batch have the same id.
            (
                number.to_string(),
                vec![json!(batch), json!(algorithm), json!(ends_ms)],
            )
        });
    table(
        "Batches it has",
        &columns,
        rows.collect(),
        "It has no batch.",
    )
}

fn inabilities(view: &View<'_>, slave: &Slave) -> Widget {
    let columns = [
        ("algorithm", "Algorithm", Format::Text),
        ("reason", "Reason", Format::Text),
        ("until_ms", "Until", Format::Time),
    ];
    let current = slave.cannot_run.current(view.now_ms);
    let rows = current.map(|of| {
        (
            of.algorithm_id.clone(),
            vec![json!(of.algorithm_id), json!(of.reason), json!(of.until_ms)],
        )
    });
    table(
        "Algorithms that it cannot run",
        &columns,
        rows.collect(),
        "It has not said so of any algorithm.",
    )
}

fn evidence(sentence: &Sentence) -> Widget {
    let columns = [
        ("batch", "Batch", Format::Id),
        ("fault", "What was wrong", Format::Text),
    ];
    let pieces = sentence.evidence.iter();
    let rows = pieces.enumerate().map(|(number, piece)| {
        let (batch, fault) = match piece {
            Evidence::BadResult { batch_id, reason } => (batch_id, reason.clone()),
            Evidence::OtherResult {
                batch_id,
                stated,
                agreed,
                witnesses,
            } => {
                let witnesses = witnesses.join(", ");
                let fault = format!("it stated root {stated}; {witnesses} found {agreed}");
                (batch_id, fault)
            }
        };
        (number.to_string(), vec![json!(batch), json!(fault)])
    });
    table(
        "Evidence",
        &columns,
        rows.collect(),
        "There is no evidence.",
    )
}

/// A table whose rows are an id and the values in the order of the columns.
fn table(
    title: &str,
    columns: Columns<'_>,
    rows: Vec<(String, Vec<Value>)>,
    empty: &str,
) -> Widget {
    let rows_total = rows.len() as u64;
    let row = |(id, values): (String, Vec<Value>)| {
        let keys = columns.iter().map(|(key, _, _)| *key);
        Row::new(id, keys.zip(values))
    };
    Widget::Table(Table {
        title: title.to_owned(),
        columns: panel::columns(columns),
        rows: rows.into_iter().map(row).collect(),
        rows_total,
        empty: empty.to_owned(),
    })
}
