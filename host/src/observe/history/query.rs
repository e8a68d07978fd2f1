//! What is asked of the history, and its values at the wanted number of points.

use std::collections::BTreeMap;

use super::series::SeriesKind;

/// Points of a reply when the query does not say how many.
const POINTS_COUNT_DEFAULT: u64 = 300;

/// Points of a series in a reply, whatever the query asks for.
const POINTS_COUNT_MAX: u64 = 1_000;

/// Values of a reply; with many series there are fewer points.
const VALUES_COUNT_MAX: u64 = 60_000;

/// Time before now from which a query begins that does not say.
const INTERVAL_MS_DEFAULT: u64 = 3_600_000;

/// Beginning of the keys that labels are filtered by.
const LABEL_PREFIX: &str = "label.";

/// Why the history does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// A key of the query has a value that cannot be used.
    #[error("{key}={value:?} is not valid: use {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value, cut.
        value: String,
        /// What can be used.
        wanted: &'static str,
    },
    /// The query has a key that is not known.
    #[error("unknown key {0:?}: use metric, from_ms, to_ms, points, and label.NAME for labels")]
    Key(String),
    /// The query names no metric.
    #[error("name a metric: metric=NAME; history/metrics lists them")]
    NoMetric,
    /// The interval ends before it begins.
    #[error("to_ms is before from_ms")]
    Interval,
    /// There are no values of the metric.
    #[error("no values of metric {0:?} are kept; history/metrics lists those that are")]
    UnknownMetric(String),
    /// The files cannot be read.
    #[error("the history cannot be read")]
    Io(#[from] std::io::Error),
    /// The files could not be opened at the start.
    #[error("this host keeps no history; its log says why")]
    Off,
}

/// What is asked of the history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HistoryQuery {
    /// Name of the metric.
    pub(super) metric: String,
    /// Begin, in Unix milliseconds.
    pub(super) from_ms: u64,
    /// End.
    pub(super) to_ms: u64,
    /// Points of each series, at most.
    points: u64,
    /// Labels that a series must have.
    labels: BTreeMap<String, String>,
}

impl HistoryQuery {
    /// Reads the decoded keys and values of a query.
    ///
    /// # Errors
    ///
    /// See [`HistoryError`].
    pub(crate) fn from_pairs(
        pairs: &[(String, String)],
        now_ms: u64,
    ) -> Result<Self, HistoryError> {
        let mut query = Self {
            metric: String::new(),
            from_ms: u64::MAX,
            to_ms: now_ms,
            points: POINTS_COUNT_DEFAULT,
            labels: BTreeMap::new(),
        };
        for (key, value) in pairs {
            match key.as_str() {
                "metric" => query.metric.clone_from(value),
                "from_ms" => query.from_ms = number("from_ms", value)?,
                "to_ms" => query.to_ms = number("to_ms", value)?,
                "points" => query.points = number("points", value)?,
                key => match key.strip_prefix(LABEL_PREFIX) {
                    Some(label) => drop(query.labels.insert(label.to_owned(), value.clone())),
                    None => return Err(HistoryError::Key(cut(key))),
                },
            }
        }
        query.complete(now_ms)
    }

    fn complete(mut self, now_ms: u64) -> Result<Self, HistoryError> {
        if self.metric.is_empty() {
            return Err(HistoryError::NoMetric);
        }
        // Nothing is known of the future.
        self.to_ms = self.to_ms.min(now_ms);
        if self.from_ms == u64::MAX {
            self.from_ms = self.to_ms.saturating_sub(INTERVAL_MS_DEFAULT);
        }
        if self.from_ms > self.to_ms {
            return Err(HistoryError::Interval);
        }
        self.points = self.points.clamp(1, POINTS_COUNT_MAX);
        Ok(self)
    }

    /// Whether a series with these labels is asked for.
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let mut wanted = self.labels.iter();
        wanted.all(|(name, value)| labels.get(name) == Some(value))
    }
}

fn number(key: &'static str, value: &str) -> Result<u64, HistoryError> {
    value.parse().map_err(|_| HistoryError::Value {
        key,
        value: cut(value),
        wanted: "a whole number",
    })
}

/// Enough of a text to find the mistake.
fn cut(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    text.chars().take(CHARS_MAX).collect()
}

/// Times of the points of a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Grid {
    pub(super) from_ms: u64,
    pub(super) step_ms: u64,
    points: usize,
}

impl Grid {
    /// The finest grid for so many series on a ring with this step.
    pub(super) fn new(query: &HistoryQuery, series: usize, ring_step_ms: u64) -> Self {
        let points = query
            .points
            .min(VALUES_COUNT_MAX / (series.max(1) as u64))
            .max(1);
        let span = query.to_ms - query.from_ms + 1;
        let step_ms = span
            .div_ceil(points)
            .next_multiple_of(ring_step_ms)
            .max(ring_step_ms);
        // The same times for each query, so that points do not move from one to the next.
        let from_ms = query.from_ms - query.from_ms % step_ms;
        let count = (query.to_ms - from_ms) / step_ms + 1;
        Self {
            from_ms,
            step_ms,
            points: usize::try_from(count).unwrap_or_default(),
        }
    }

    /// One point for a whole interval.
    pub(super) fn single(from_ms: u64, step_ms: u64) -> Self {
        Self {
            from_ms,
            step_ms,
            points: 1,
        }
    }

    /// The point of a time.
    fn point(&self, at_ms: u64) -> Option<usize> {
        let point = at_ms.checked_sub(self.from_ms)? / self.step_ms;
        usize::try_from(point)
            .ok()
            .filter(|point| *point < self.points)
    }
}

/// The values of one series on a grid.
pub(super) struct Points {
    grid: Grid,
    kind: SeriesKind,
    /// Sum and number of the values; of a counter the last one.
    points: Vec<(f64, u32)>,
}

impl Points {
    pub(super) fn new(grid: Grid, kind: SeriesKind) -> Self {
        Self {
            grid,
            kind,
            points: vec![(0.0, 0); grid.points],
        }
    }

    /// Adds a value; those of a series come in the order of their times.
    pub(super) fn add(&mut self, at_ms: u64, value: f64) {
        let Some(point) = self.grid.point(at_ms) else {
            return;
        };
        let (sum, count) = &mut self.points[point];
        match self.kind {
            SeriesKind::Gauge => {
                *sum += value;
                *count += 1;
            }
            SeriesKind::Counter => (*sum, *count) = (value, 1),
        }
    }

    /// The values; `None` where there are none.
    pub(super) fn values(self) -> Vec<Option<f64>> {
        let value = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        self.points.into_iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Result<HistoryQuery, HistoryError> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        HistoryQuery::from_pairs(&pairs.iter().map(own).collect::<Vec<_>>(), 10_000_000)
    }

    #[test]
    fn query_has_defaults_and_bounds() {
        let plain = query(&[("metric", "a")]).unwrap();
        assert_eq!((plain.from_ms, plain.to_ms), (6_400_000, 10_000_000));
        assert_eq!(plain.points, 300);
        let many = query(&[
            ("metric", "a"),
            ("points", "9999999"),
            ("to_ms", "99999999999"),
        ]);
        let many = many.unwrap();
        assert_eq!((many.points, many.to_ms), (POINTS_COUNT_MAX, 10_000_000));
    }

    #[test]
    fn bad_query_is_rejected_with_its_key() {
        let text = |pairs: &[(&str, &str)]| query(pairs).unwrap_err().to_string();
        assert!(text(&[]).contains("metric=NAME"));
        assert!(text(&[("metric", "a"), ("points", "-1")]).contains("points"));
        assert!(text(&[("metric", "a"), ("from", "1")]).contains("\"from\""));
        assert!(text(&[("metric", "a"), ("from_ms", "9"), ("to_ms", "8")]).contains("before"));
    }

    #[test]
    fn grid_has_whole_steps_of_the_ring() {
        let query = query(&[
            ("metric", "a"),
            ("from_ms", "5"),
            ("to_ms", "9999"),
            ("points", "7"),
        ]);
        let grid = Grid::new(&query.unwrap(), 1, 1_000);
        assert_eq!((grid.from_ms, grid.step_ms, grid.points), (0, 2_000, 5));
    }

    #[test]
    fn gauges_are_averaged_and_counters_keep_the_last() {
        let grid = Grid {
            from_ms: 100,
            step_ms: 10,
            points: 3,
        };
        for (kind, expected) in [(SeriesKind::Gauge, 3.0), (SeriesKind::Counter, 4.0)] {
            let mut points = Points::new(grid, kind);
            for (at_ms, value) in [(99, 9.0), (110, 2.0), (119, 4.0), (130, 9.0)] {
                points.add(at_ms, value);
            }
            assert_eq!(points.values(), [None, Some(expected), None]);
        }
    }
}
