//! The metrics of an extension, and how much work it has not finished.
//!
//! Invariant: the number of series is bounded, whatever an extension puts into labels.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tig_plugin_api::Sample;
pub(crate) use tig_plugin_api::frame::MetricKind as Kind;

use crate::observe::process;

/// Series of one extension; further ones are left out.
pub(crate) const SERIES_MAX: usize = 1_000;

/// Labels of one series.
const LABEL_COUNT_MAX: usize = 8;

/// Longest name of a metric or label, and longest value of a label, in bytes.
const LABEL_BYTES_MAX: usize = 128;

/// A value for one series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// Name of the metric.
    name: String,
    /// Labels as Prometheus writes them: `kind="knapsack",worker="a"`.
    labels: String,
    kind: Kind,
    value: f64,
}

impl Reading {
    /// Checks the names and the value of a sample.
    ///
    /// # Errors
    ///
    /// See [`MetricError`].
    pub(crate) fn new(kind: Kind, name: &str, sample: &Sample) -> Result<Self, MetricError> {
        check_name(name)?;
        let name = name.to_owned();
        if sample.labels.len() > LABEL_COUNT_MAX {
            return Err(MetricError::TooManyLabels { name });
        }
        let mut labels = String::new();
        for (label, value) in &sample.labels {
            check_name(label)?;
            if value.len() > LABEL_BYTES_MAX {
                let label = label.clone();
                return Err(MetricError::LongLabel { name, label });
            }
            if !labels.is_empty() {
                labels.push(',');
            }
            labels.push_str(label);
            labels.push('=');
            push_quoted(&mut labels, value);
        }
        let value = sample.value;
        if !value.is_finite() || (kind == Kind::Counter && value < 0.0) {
            return Err(MetricError::Value { name, value });
        }
        Ok(Self {
            name,
            labels,
            kind,
            value,
        })
    }
}

/// Why a sample is not recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetricError {
    /// Prometheus would not read the name of a metric or label.
    #[error(
        "metric or label {name:?} is not valid: use a-z, 0-9 and _, at most {LABEL_BYTES_MAX} of them"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// See [`LABEL_COUNT_MAX`].
    #[error("metric {name}: more than {LABEL_COUNT_MAX} labels")]
    TooManyLabels {
        /// Name of the metric.
        name: String,
    },
    /// See [`LABEL_BYTES_MAX`].
    #[error("metric {name}: the value of label {label} is longer than {LABEL_BYTES_MAX} bytes")]
    LongLabel {
        /// Name of the metric.
        name: String,
        /// Name of the label.
        label: String,
    },
    /// The value is not finite, or a counter would go down.
    #[error("metric {name}: {value} is not a valid value")]
    Value {
        /// Name of the metric.
        name: String,
        /// The value.
        value: f64,
    },
}

fn check_name(name: &str) -> Result<(), MetricError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.chars().all(legal) && name.len() <= LABEL_BYTES_MAX {
        Ok(())
    } else {
        let name = name.chars().take(LABEL_BYTES_MAX).collect();
        Err(MetricError::Name { name })
    }
}

/// The value of a label as Prometheus writes it.
#[must_use]
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    push_quoted(&mut text, value);
    text
}

fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            _ => text.push(letter),
        }
    }
    text.push('"');
}

#[derive(Debug, Default)]
pub(crate) struct Meters {
    series: Mutex<BTreeMap<(String, String), (Kind, f64)>>,
    unfinished: AtomicU64,
    was_full: AtomicBool,
    /// Where the system describes the extension's thread.
    thread: Mutex<Option<PathBuf>>,
}

/// A series and its present value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Name of the metric.
    pub name: String,
    /// Labels as Prometheus writes them, without braces.
    pub labels: String,
    /// How samples combine.
    pub kind: Kind,
    /// Its value.
    pub value: f64,
}

impl Meters {
    /// Records samples; `false` if, for the first time, one was left out because there are too many series.
    pub(crate) fn record(&self, readings: Vec<Reading>) -> bool {
        let mut series = self.lock();
        let mut has_room = true;
        // Counted here: `series` cannot be asked while a series of it is borrowed.
        let mut count = series.len();
        for reading in readings {
            let key = (reading.name, reading.labels);
            match series.get_mut(&key) {
                Some((_, value)) if reading.kind == Kind::Counter => *value += reading.value,
                Some((_, value)) => *value = reading.value,
                None if count < SERIES_MAX => {
                    count += 1;
                    series.insert(key, (reading.kind, reading.value));
                }
                // Left out, not an error: a label with many values must not stop an extension.
                None => has_room = false,
            }
        }
        // Reported once: the same labels come again with every handler.
        has_room || self.was_full.swap(true, Ordering::Relaxed)
    }

    /// All series, by name and labels.
    #[must_use]
    pub(crate) fn series(&self) -> Vec<Series> {
        let series = self.lock();
        let entry = |((name, labels), (kind, value)): (&(String, String), &(Kind, f64))| Series {
            name: name.clone(),
            labels: labels.clone(),
            kind: *kind,
            value: *value,
        };
        series.iter().map(entry).collect()
    }

    /// Makes the calling thread the extension's.
    pub(crate) fn set_thread(&self) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = process::this_thread();
    }

    /// Where the system describes the extension's thread.
    #[must_use]
    pub(crate) fn thread(&self) -> Option<PathBuf> {
        self.thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Number of unfinished pieces of work that the extension has reported.
    #[must_use]
    pub(crate) fn unfinished(&self) -> u64 {
        self.unfinished.load(Ordering::Relaxed)
    }

    /// Records the number that the extension reports.
    pub(crate) fn set_unfinished(&self, count: u64) {
        self.unfinished.store(count, Ordering::Relaxed);
    }

    /// No code panics while it holds the lock, so the series are still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), (Kind, f64)>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Sample {
            labels: labels.iter().map(own).collect(),
            value,
        }
    }

    fn reading(kind: Kind, name: &str, value: f64) -> Reading {
        Reading::new(kind, name, &sample(&[("worker", "a\"b")], value)).unwrap()
    }

    #[test]
    fn counters_add_up_and_gauges_are_replaced() {
        let meters = Meters::default();
        for value in [1.0, 2.0] {
            meters.record(vec![
                reading(Kind::Counter, "done", value),
                reading(Kind::Gauge, "waiting", value),
            ]);
        }
        let series: Vec<_> = meters
            .series()
            .into_iter()
            .map(|series| (series.name, series.labels, series.value))
            .collect();
        let labels = "worker=\"a\\\"b\"".to_owned();
        assert_eq!(
            series,
            [
                ("done".to_owned(), labels.clone(), 3.0),
                ("waiting".to_owned(), labels, 2.0)
            ]
        );
    }

    #[test]
    fn series_are_bounded() {
        let meters = Meters::default();
        for index in 0..SERIES_MAX {
            assert!(meters.record(vec![reading(Kind::Gauge, &format!("m{index}"), 1.0)]));
        }
        assert!(!meters.record(vec![reading(Kind::Gauge, "one_more", 1.0)]));
        assert!(
            meters.record(vec![reading(Kind::Gauge, "m0", 2.0)]),
            "known series still change"
        );
        assert_eq!(meters.series().len(), SERIES_MAX);
    }

    #[test]
    fn samples_that_break_the_text_are_rejected() {
        use MetricError::{LongLabel, Name, TooManyLabels, Value};
        let rejected = |kind, name: &str, labels: &[(&str, &str)], value| {
            Reading::new(kind, name, &sample(labels, value)).unwrap_err()
        };
        let (counter, gauge) = (Kind::Counter, Kind::Gauge);
        for name in ["a b", "Ab", "", "1a", &"a".repeat(LABEL_BYTES_MAX + 1)] {
            assert!(
                matches!(rejected(counter, name, &[], 1.0), Name { .. }),
                "{name}"
            );
        }
        assert!(matches!(
            rejected(counter, "a", &[("x\"", "")], 1.0),
            Name { .. }
        ));
        let long = "x".repeat(LABEL_BYTES_MAX + 1);
        assert!(matches!(
            rejected(counter, "a", &[("b", &long)], 1.0),
            LongLabel { .. }
        ));
        let many = [("b", ""); LABEL_COUNT_MAX + 1];
        assert!(matches!(
            rejected(gauge, "a", &many, 1.0),
            TooManyLabels { .. }
        ));
        assert!(matches!(rejected(counter, "a", &[], -1.0), Value { .. }));
        assert!(matches!(rejected(gauge, "a", &[], f64::NAN), Value { .. }));
    }
}
