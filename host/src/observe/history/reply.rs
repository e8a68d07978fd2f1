//! What the history replies, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::series::SeriesKind;

/// The reply to a query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HistoryReply {
    /// Name of the metric.
    pub(crate) metric: String,
    /// How its values go together.
    pub(crate) kind: SeriesKind,
    /// Time from one value to the next.
    pub(crate) step_ms: u64,
    /// Time at which the first value's interval begins, in Unix milliseconds.
    pub(crate) from_ms: u64,
    /// The series that have the wanted labels.
    pub(crate) series: Vec<HistorySeries>,
}

/// One series of a reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HistorySeries {
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// The average of each interval, of a counter the last value; null where the host did not run or had no such series.
    pub(crate) values: Vec<Option<f64>>,
}

/// What the history has.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct HistoryMetrics {
    /// By name.
    pub(crate) metrics: Vec<HistoryMetric>,
    /// Metrics of which series found no room in the last sample, with the number of those.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A metric of the history.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct HistoryMetric {
    /// Its name in `GET /metrics`.
    pub(crate) name: String,
    /// How its values go together.
    pub(crate) kind: SeriesKind,
    /// Number of its series, with those that have no value any more.
    pub(crate) series: usize,
}

/// A metric of which the history lacks series.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct LeftOut {
    /// Its name.
    pub(crate) name: String,
    /// Number of series that are not kept.
    pub(crate) series: usize,
}
