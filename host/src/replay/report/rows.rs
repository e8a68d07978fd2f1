//! What follows, as rows of a table for people. Pure.

use super::consequences::leaf::is_part_of_pair;
use super::consequences::numbers::{NumberTally, Numbers};
use super::consequences::values::{VALUES_KEPT_COUNT_MAX, Values};
use super::consequences::{Consequences, EventTally};
use super::shown;
use super::sides::Sides;

/// Characters of a value in a row.
const ROW_VALUE_CHARS_MAX: usize = 48;

/// A line of the table.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Row {
    /// Path of the field, or an address; empty for the events themselves.
    pub field: String,
    /// What is compared: `sum`, `mean`, a value.
    pub measure: String,
    /// What the recording has.
    pub recorded: String,
    /// What the replay has.
    pub replayed: String,
    /// How much more the replay has; empty if there is nothing to subtract.
    pub change: String,
}

/// Rows of an event, with its name.
#[derive(Debug)]
pub(super) struct EventRows<'a> {
    /// Name of the event.
    pub name: String,
    /// The event.
    pub event: &'a EventTally,
    /// What is compared.
    pub rows: Vec<Row>,
}

/// Rows of all events: only what differs, unless `is_all`.
pub(super) fn event_rows(consequences: &Consequences, is_all: bool) -> Vec<EventRows<'_>> {
    let events = consequences.events.iter();
    events
        .filter(|(_, event)| is_all || event.differs())
        .map(|(name, event)| EventRows {
            name: shown::text(name),
            event,
            rows: rows_of_event(event, is_all),
        })
        .collect()
}

/// Rows of requests, and of events that have no rows of their own.
pub(super) fn other_rows(consequences: &Consequences, is_all: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = consequences
        .requests
        .iter()
        .map(|(address, counts)| counts_row(&shown::text(address), "requests", *counts))
        .collect();
    for (field, measure, counts) in [
        (
            "further addresses",
            "requests",
            consequences.further_requests,
        ),
        (
            "events of further names",
            "count",
            consequences.further_events,
        ),
    ] {
        if counts != Sides::default() {
            rows.push(counts_row(field, measure, counts));
        }
    }
    rows.retain(|row| is_all || row.recorded != row.replayed);
    rows
}

fn rows_of_event(event: &EventTally, is_all: bool) -> Vec<Row> {
    let mut rows = vec![counts_row("", "count", event.count)];
    if event.unread != Sides::default() {
        rows.push(counts_row("", "not looked into", event.unread));
    }
    for (path, field) in &event.fields {
        if !is_all && !field.differs() {
            continue;
        }
        let path = shown::text(path);
        if let Some(numbers) = &field.numbers
            && (is_all || numbers.differ())
        {
            rows.extend(number_rows(&path, numbers));
        }
        if let Some(values) = &field.values {
            rows.extend(value_rows(&path, values, is_all));
        }
    }
    rows
}

fn number_rows(path: &str, numbers: &Numbers) -> Vec<Row> {
    let tallies = &numbers.tallies;
    let row = |measure: &str, measured: &dyn Fn(&NumberTally) -> Option<f64>| {
        let Sides { recorded, replayed } = tallies.map(measured);
        let shown = |number: Option<f64>| number.map_or("-".to_owned(), shown::number);
        Row {
            field: path.to_owned(),
            measure: measure.to_owned(),
            recorded: shown(recorded),
            replayed: shown(replayed),
            change: match (recorded, replayed) {
                (Some(recorded), Some(replayed)) => shown::change(replayed - recorded),
                _ => String::new(),
            },
        }
    };
    let some = |tally: &NumberTally, number: f64| (tally.count > 0).then_some(number);
    let mut rows = Vec::new();
    // The first numbers of pairs do not add up to anything.
    if !is_part_of_pair(path) {
        rows.push(row("sum", &|tally| Some(tally.sum)));
    }
    rows.extend([
        row("mean", &NumberTally::mean),
        row("least", &|tally| some(tally, tally.min)),
        row("greatest", &|tally| some(tally, tally.max)),
    ]);
    if tallies.recorded.count != tallies.replayed.count {
        rows.push(counts_row(path, "count", tallies.map(|it| it.count)));
    }
    rows
}

fn value_rows(path: &str, values: &Values<String>, is_all: bool) -> Vec<Row> {
    if !is_all && !values.differ() {
        return Vec::new();
    }
    if values.are_spread() {
        let is_partial = values.others != Sides::default();
        let first = format!("of the first {VALUES_KEPT_COUNT_MAX}");
        let distinct = if is_partial {
            &first
        } else {
            "distinct values"
        };
        let mut rows = vec![
            counts_row(path, distinct, values.distinct()),
            counts_row(path, "on one side only", values.only_on_one_side()),
        ];
        if is_partial {
            rows.push(counts_row(path, "times another", values.others));
        }
        return rows;
    }
    let listed = values.listed();
    let mut rows: Vec<Row> = listed
        .values
        .iter()
        .map(|(value, counts)| {
            let value = shown::cut(value, ROW_VALUE_CHARS_MAX);
            counts_row(path, &format!("= {value}"), *counts)
        })
        .collect();
    if listed.others != Sides::default() {
        rows.push(counts_row(path, "others", listed.others));
    }
    rows
}

fn counts_row(field: &str, measure: &str, counts: Sides<u64>) -> Row {
    Row {
        field: field.to_owned(),
        measure: measure.to_owned(),
        recorded: counts.recorded.to_string(),
        replayed: counts.replayed.to_string(),
        change: shown::change(counts.replayed as f64 - counts.recorded as f64),
    }
}
