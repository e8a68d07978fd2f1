//! Which series has which column of the rings.
//!
//! Invariant: a column belongs to one series at a time, and its values from before `since_ms` count for none. The number of
//! series is bounded, and so is that of one metric.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::block::COLUMNS;
use crate::observe::meters::Kind;
use crate::observe::prometheus::MetricSink;

/// Series of one metric, so that a label with many values leaves room for other metrics.
const SERIES_OF_METRIC_COUNT_MAX: usize = 128;

/// Bytes of a series' labels; a series with longer ones is left out.
const LABELS_BYTES_MAX: usize = 1_024;

/// Series that are read from a host at a time.
const SAMPLES_COUNT_MAX: usize = 20_000;

/// How the values of a metric go together.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeriesKind {
    /// A value of a moment: several are averaged.
    Gauge,
    /// Grows until the host restarts: of several the last counts.
    Counter,
}

/// The value of a series at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sampled {
    pub(super) name: String,
    /// As Prometheus writes them.
    pub(super) labels: String,
    pub(super) kind: SeriesKind,
    pub(super) value: f64,
}

/// Collects samples from the metrics of a host.
#[derive(Default)]
pub(crate) struct Samples {
    pub(super) samples: Vec<Sampled>,
    head: Option<(String, SeriesKind)>,
}

impl MetricSink for Samples {
    fn head(&mut self, name: &str, kind: Kind, _help: &str) {
        let kind = match kind {
            Kind::Counter => SeriesKind::Counter,
            Kind::Gauge => SeriesKind::Gauge,
        };
        self.head = Some((name.to_owned(), kind));
    }

    fn series(&mut self, _name: &str, labels: &str, value: f64) {
        let Some((name, kind)) = &self.head else {
            return;
        };
        if value.is_finite() && self.samples.len() < SAMPLES_COUNT_MAX {
            self.samples.push(Sampled {
                name: name.clone(),
                labels: labels.to_owned(),
                kind: *kind,
                value,
            });
        }
    }
}

/// A series and its column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) labels: String,
    pub(super) kind: SeriesKind,
    /// First time whose value is of this series, in Unix milliseconds.
    pub(super) since_ms: u64,
    /// Last time that the series had a value.
    seen_ms: u64,
}

/// The series of the rings.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    columns: Vec<Column>,
    /// Columns by name and labels.
    index: HashMap<String, usize>,
    /// Number of columns by metric.
    counts: HashMap<String, usize>,
    /// Names of the metrics of which series were left out of the last sample, and how many.
    left_out: BTreeMap<String, usize>,
}

/// What a sample has come to.
pub(super) struct Assigned {
    /// Columns and values.
    pub(super) values: Vec<(usize, f64)>,
    /// Whether a column has another series than before.
    pub(super) is_changed: bool,
}

impl SeriesTable {
    /// The table with these columns; `None` if they are too many, or two are of one series.
    pub(super) fn new(columns: Vec<Column>) -> Option<Self> {
        if columns.len() > COLUMNS {
            return None;
        }
        let mut table = Self::default();
        let count = columns.len();
        for (at, column) in columns.into_iter().enumerate() {
            table.put(at, column);
        }
        (table.index.len() == count).then_some(table)
    }

    /// All columns.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Numbers of the columns of a metric.
    pub(super) fn of_metric(&self, name: &str) -> Vec<usize> {
        let columns = self.columns.iter().enumerate();
        columns
            .filter(|(_, column)| column.name == name)
            .map(|(at, _)| at)
            .collect()
    }

    /// Metrics of which series have found no room, and how many.
    pub(super) fn left_out(&self) -> &BTreeMap<String, usize> {
        &self.left_out
    }

    /// Gives each sample the column of its series. A new series takes the place of the one that is gone for longest.
    pub(super) fn assign(&mut self, samples: Vec<Sampled>, at_ms: u64) -> Assigned {
        self.left_out.clear();
        let mut values = Vec::with_capacity(samples.len().min(COLUMNS));
        let mut is_changed = false;
        let mut new = Vec::new();
        for sample in samples {
            let Some(&at) = self.index.get(&key(&sample.name, &sample.labels)) else {
                new.push(sample);
                continue;
            };
            let column = &mut self.columns[at];
            // The clock of an earlier run was ahead.
            if column.since_ms > at_ms {
                column.since_ms = at_ms;
                is_changed = true;
            }
            column.seen_ms = at_ms;
            values.push((at, sample.value));
        }
        let mut gone = self.gone(at_ms);
        for sample in new {
            match self.place(&sample, at_ms, &mut gone) {
                Some(at) => {
                    is_changed = true;
                    values.push((at, sample.value));
                }
                None => *self.left_out.entry(sample.name).or_default() += 1,
            }
        }
        Assigned { values, is_changed }
    }

    /// Columns whose series have no value now, the one that is gone for longest first.
    fn gone(&self, at_ms: u64) -> VecDeque<usize> {
        let columns = self.columns.iter().enumerate();
        let mut gone: Vec<(u64, usize)> = columns
            .filter(|(_, column)| column.seen_ms != at_ms)
            .map(|(at, column)| (column.seen_ms.min(at_ms), at))
            .collect();
        gone.sort_unstable();
        gone.into_iter().map(|(_, at)| at).collect()
    }

    /// Gives a new series a column: a free one, or one of those that are `gone`.
    fn place(&mut self, sample: &Sampled, at_ms: u64, gone: &mut VecDeque<usize>) -> Option<usize> {
        if sample.labels.len() > LABELS_BYTES_MAX {
            return None;
        }
        let count = self.counts.get(&sample.name).copied().unwrap_or_default();
        let at = if count >= SERIES_OF_METRIC_COUNT_MAX {
            let is_own = |at: &usize| self.columns[*at].name == sample.name;
            gone.remove(gone.iter().position(is_own)?)?
        } else if self.columns.len() < COLUMNS {
            self.columns.len()
        } else {
            gone.pop_front()?
        };
        self.put(
            at,
            Column {
                name: sample.name.clone(),
                labels: sample.labels.clone(),
                kind: sample.kind,
                since_ms: at_ms,
                seen_ms: at_ms,
            },
        );
        Some(at)
    }

    fn put(&mut self, at: usize, column: Column) {
        self.index.insert(key(&column.name, &column.labels), at);
        *self.counts.entry(column.name.clone()).or_default() += 1;
        match self.columns.get_mut(at) {
            Some(place) => {
                let gone = std::mem::replace(place, column);
                self.index.remove(&key(&gone.name, &gone.labels));
                if let Some(count) = self.counts.get_mut(&gone.name) {
                    *count -= 1;
                }
            }
            None => self.columns.push(column),
        }
    }

    /// Names of all metrics.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        let columns = self.columns.iter();
        columns.map(|column| column.name.as_str()).collect()
    }
}

fn key(name: &str, labels: &str) -> String {
    format!("{name}{{{labels}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, labels: &str) -> Sampled {
        Sampled {
            name: name.to_owned(),
            labels: labels.to_owned(),
            kind: SeriesKind::Gauge,
            value: 1.0,
        }
    }

    /// Series of metrics that have room for as many.
    fn many(range: std::ops::Range<usize>) -> Vec<Sampled> {
        range
            .map(|number| sample(&format!("m{}", number / 100), &format!("n=\"{number}\"")))
            .collect()
    }

    #[test]
    fn series_keeps_its_column() {
        let mut table = SeriesTable::default();
        let first = table.assign(vec![sample("a", ""), sample("b", "")], 1);
        assert!(first.is_changed);
        let second = table.assign(vec![sample("b", ""), sample("a", "")], 2);
        assert!(!second.is_changed);
        assert_eq!(second.values, [(1, 1.0), (0, 1.0)]);
    }

    #[test]
    fn new_series_replaces_the_one_gone_longest() {
        let mut table = SeriesTable::default();
        table.assign(many(0..COLUMNS), 1);
        table.assign(many(1..COLUMNS), 2);
        table.assign(many(2..COLUMNS), 3);
        let assigned = table.assign([many(2..COLUMNS), vec![sample("new", "")]].concat(), 4);
        assert_eq!(assigned.values.last(), Some(&(0, 1.0)), "0 went before 1");
        assert_eq!(table.columns().len(), COLUMNS);
        assert!(table.left_out().is_empty());
    }

    #[test]
    fn series_without_room_is_left_out_and_named() {
        let mut table = SeriesTable::default();
        let assigned = table.assign(many(0..COLUMNS + 3), 1);
        assert_eq!(assigned.values.len(), COLUMNS);
        assert_eq!(table.left_out().get("m5"), Some(&3));
    }

    #[test]
    fn one_metric_leaves_room_for_others() {
        let mut table = SeriesTable::default();
        let labels = (0..COLUMNS).map(|number| sample("worker", &format!("n=\"{number}\"")));
        let samples = labels.chain([sample("other", "")]).collect();
        let assigned = table.assign(samples, 1);
        assert_eq!(assigned.values.len(), SERIES_OF_METRIC_COUNT_MAX + 1);
        assert_eq!(table.of_metric("other").len(), 1);
    }

    #[test]
    fn clock_behind_an_earlier_run_costs_no_values() {
        let mut table = SeriesTable::default();
        table.assign(vec![sample("a", "")], 1_000_000);
        let assigned = table.assign(vec![sample("a", "")], 1_000);
        assert!(assigned.is_changed);
        assert_eq!(table.columns()[0].since_ms, 1_000);
    }
}
