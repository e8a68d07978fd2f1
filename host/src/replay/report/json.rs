//! The report as JSON. Names are stable: later versions add some, and change none.

use std::collections::BTreeMap;

use serde::Serialize;

use super::consequences::numbers::{NumberTally, Numbers};
use super::consequences::series::Series;
use super::consequences::values::Values;
use super::consequences::{Consequences, EventTally, Field, PairBits};
use super::sides::Sides;
use super::{ExtensionReport, Found, Notes, Plugin, Report};

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct JsonReport<'a> {
    /// What is compared.
    title: &'a str,
    /// Whether any decision differs.
    has_differences: bool,
    /// When the first call was recorded, in Unix milliseconds; null if there was none.
    from_ms: Option<u64>,
    /// When the last call was recorded.
    to_ms: Option<u64>,
    /// Calls of all extensions.
    calls: JsonCalls,
    /// Parts of the recording that could not be read.
    damage: JsonNotes<'a>,
    /// Parts that could be read and were not replayed.
    skipped: JsonNotes<'a>,
    /// Extensions in the order in which they came.
    extensions: Vec<JsonExtension<'a>>,
}

/// Texts, and the number of those that are left out.
#[derive(Debug, Serialize)]
struct JsonNotes<'a> {
    texts: &'a [String],
    further: u64,
}

/// Numbers of calls.
#[derive(Debug, Serialize)]
struct JsonCalls {
    all: u64,
    /// Calls whose decision is the same bit for bit.
    same: u64,
    different: u64,
    /// Calls that fail or panic.
    failed: Sides<u64>,
}

/// One extension.
#[derive(Debug, Serialize)]
struct JsonExtension<'a> {
    name: &'a str,
    /// Plugin files in the order in which they came.
    plugins: Sides<Vec<JsonPlugin<'a>>>,
    calls: JsonCalls,
    /// The first difference and some further ones.
    differences: Vec<JsonDifference<'a>>,
    /// What follows; absent if it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<JsonConsequences<'a>>,
}

/// A plugin file.
#[derive(Debug, Serialize)]
struct JsonPlugin<'a> {
    name: &'a str,
    version: &'a str,
    /// BLAKE3 in hex.
    hash: &'a str,
}

/// A decision that differs.
#[derive(Debug, Serialize)]
struct JsonDifference<'a> {
    /// When the call was recorded, in Unix milliseconds.
    at_ms: u64,
    /// Place of the call among those of the extension, from 1.
    call: u64,
    /// What was called.
    what: &'a str,
    /// What differs first, in words.
    text: &'a str,
    /// Values that differ, a text each.
    values: &'a [String],
    /// Number of further values that differ.
    further_values: usize,
}

/// What follows from the decisions of an extension.
#[derive(Debug, Serialize)]
struct JsonConsequences<'a> {
    /// Whether the sides differ in anything that is counted.
    differ: bool,
    /// Events by name.
    events: BTreeMap<&'a str, JsonEvent<'a>>,
    /// Events of further names.
    further_events: Sides<u64>,
    /// Requests by method and address.
    requests: &'a BTreeMap<String, Sides<u64>>,
    /// Requests to further addresses.
    further_requests: Sides<u64>,
}

/// Events of one name.
#[derive(Debug, Serialize)]
struct JsonEvent<'a> {
    differs: bool,
    count: Sides<u64>,
    /// Events whose body was too long to be looked into, or no JSON.
    unread: Sides<u64>,
    /// Values by path.
    fields: BTreeMap<&'a str, JsonField<'a>>,
    /// Whether there are further paths.
    has_further_fields: bool,
}

/// Values at one path.
#[derive(Debug, Serialize)]
struct JsonField<'a> {
    differs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers: Option<JsonNumbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<JsonValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairs: Option<JsonPairs>,
}

/// Numbers of both sides.
#[derive(Debug, Serialize)]
struct JsonNumbers {
    recorded: JsonTally,
    replayed: JsonTally,
    /// `[Unix milliseconds, sum of the recording so far, sum of the replay so far]`.
    cumulative: Vec<(u64, f64, f64)>,
}

/// Numbers of one side; null where there were none, or beyond what a float holds.
#[derive(Debug, Serialize)]
struct JsonTally {
    count: u64,
    sum: f64,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

/// How often the most frequent values occur.
#[derive(Debug, Serialize)]
struct JsonValues<'a> {
    /// The most frequent first.
    values: Vec<JsonValue<'a>>,
    /// How often all others occur.
    others: Sides<u64>,
    /// Whether most events have other values than those: names of things, or free numbers.
    are_spread: bool,
}

/// A value and how often it occurs.
#[derive(Debug, Serialize)]
struct JsonValue<'a> {
    value: &'a str,
    recorded: u64,
    replayed: u64,
}

/// How often pairs of numbers occur.
#[derive(Debug, Serialize)]
struct JsonPairs {
    /// `[x, y, count of the recording, count of the replay]`.
    points: Vec<(f64, f64, u64, u64)>,
    others: Sides<u64>,
}

impl<'a> JsonReport<'a> {
    /// The report, to be serialized.
    #[must_use]
    pub(crate) fn new(report: &'a Report) -> Self {
        let has_consequences = report.settings.has_consequences;
        let extensions = report.extensions.iter();
        Self {
            title: &report.settings.title,
            has_differences: report.has_differences(),
            from_ms: report.period_ms.map(|(from, _)| from),
            to_ms: report.period_ms.map(|(_, to)| to),
            calls: json_calls(report.calls()),
            damage: json_notes(&report.damage),
            skipped: json_notes(&report.skipped),
            extensions: extensions
                .map(|it| json_extension(it, has_consequences))
                .collect(),
        }
    }
}

fn json_notes(notes: &Notes) -> JsonNotes<'_> {
    JsonNotes {
        texts: &notes.texts,
        further: notes.further,
    }
}

fn json_calls(calls: super::CallCounts) -> JsonCalls {
    JsonCalls {
        all: calls.all,
        same: calls.same,
        different: calls.different(),
        failed: calls.failed,
    }
}

fn json_extension(extension: &ExtensionReport, has_consequences: bool) -> JsonExtension<'_> {
    JsonExtension {
        name: &extension.name,
        plugins: Sides {
            recorded: json_plugins(&extension.plugins.recorded),
            replayed: json_plugins(&extension.plugins.replayed),
        },
        calls: json_calls(extension.calls),
        differences: extension.differences.iter().map(json_difference).collect(),
        consequences: has_consequences.then(|| json_consequences(&extension.consequences)),
    }
}

fn json_plugins(plugins: &[Plugin]) -> Vec<JsonPlugin<'_>> {
    let plugins = plugins.iter();
    plugins
        .map(|plugin| JsonPlugin {
            name: &plugin.name,
            version: &plugin.version,
            hash: &plugin.hash,
        })
        .collect()
}

fn json_difference(found: &Found) -> JsonDifference<'_> {
    JsonDifference {
        at_ms: found.at_ms,
        call: found.number,
        what: &found.what,
        text: &found.difference.text,
        values: &found.difference.values,
        further_values: found.difference.values_more,
    }
}

fn json_consequences(consequences: &Consequences) -> JsonConsequences<'_> {
    let begin_ms = consequences.begin_ms.unwrap_or_default();
    let events = consequences.events.iter();
    JsonConsequences {
        differ: consequences.differ(),
        events: events
            .map(|(name, event)| (name.as_str(), json_event(event, begin_ms)))
            .collect(),
        further_events: consequences.further_events,
        requests: &consequences.requests,
        further_requests: consequences.further_requests,
    }
}

fn json_event(event: &EventTally, begin_ms: u64) -> JsonEvent<'_> {
    let fields = event.fields.iter();
    JsonEvent {
        differs: event.differs(),
        count: event.count,
        unread: event.unread,
        fields: fields
            .map(|(path, field)| (path.as_str(), json_field(field, begin_ms)))
            .collect(),
        has_further_fields: event.has_further_fields,
    }
}

fn json_field(field: &Field, begin_ms: u64) -> JsonField<'_> {
    let numbers = field.numbers.as_deref();
    JsonField {
        differs: field.differs(),
        numbers: numbers.map(|numbers| json_numbers(numbers, begin_ms)),
        values: field.values.as_deref().map(json_values),
        pairs: field.pairs.as_deref().map(json_pairs),
    }
}

fn json_numbers(numbers: &Numbers, begin_ms: u64) -> JsonNumbers {
    JsonNumbers {
        recorded: json_tally(&numbers.tallies.recorded),
        replayed: json_tally(&numbers.tallies.replayed),
        cumulative: cumulative(&numbers.series, begin_ms),
    }
}

fn json_tally(tally: &NumberTally) -> JsonTally {
    let some = |number: f64| (tally.count > 0).then_some(number);
    JsonTally {
        count: tally.count,
        sum: tally.sum,
        mean: tally.mean(),
        min: some(tally.min),
        max: some(tally.max),
    }
}

fn cumulative(series: &Series, begin_ms: u64) -> Vec<(u64, f64, f64)> {
    let points = series.points().into_iter();
    points
        .map(|point| {
            let at_ms = begin_ms.saturating_add(point.since_begin_ms);
            (at_ms, point.sums.recorded, point.sums.replayed)
        })
        .collect()
}

fn json_values(values: &Values<String>) -> JsonValues<'_> {
    let listed = values.listed();
    let shown = listed.values.into_iter().map(|(value, counts)| JsonValue {
        value,
        recorded: counts.recorded,
        replayed: counts.replayed,
    });
    JsonValues {
        values: shown.collect(),
        others: listed.others,
        are_spread: values.are_spread(),
    }
}

fn json_pairs(pairs: &Values<PairBits>) -> JsonPairs {
    let points = pairs.all().map(|(bits, counts)| {
        let [x, y] = bits.map(f64::from_bits);
        (x, y, counts.recorded, counts.replayed)
    });
    JsonPairs {
        points: points.collect(),
        others: pairs.others,
    }
}

#[cfg(test)]
mod tests;
