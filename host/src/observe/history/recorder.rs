//! Writes samples to the two rings, and reads them back.

use std::io;
use std::path::Path;

use super::files::{COARSE, FINE, Files};
use super::labels;
use super::query::{Grid, HistoryError, HistoryQuery, Points};
use super::reply::{HistoryMetric, HistoryMetrics, HistoryReply, HistorySeries, LeftOut};
use super::ring::{Geometry, Ring};
use super::series::{Sampled, SeriesKind, SeriesTable};

/// The open history.
pub(super) struct Recorder {
    files: Files,
    table: SeriesTable,
    /// The file of the series lacks something.
    is_unsaved: bool,
    /// Interval of the newest sample, in steps of the coarse ring; it has no coarse value yet.
    interval: Option<u64>,
}

impl Recorder {
    /// Opens the history, and returns what to log of files that could not be used.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Option<String>)> {
        let (files, table, note) = Files::open(folder)?;
        // A disk that is full now has room again some day: the first sample tries it again.
        let is_unsaved = files.write_series(&table).is_err();
        let newest = files.fine.newest()?;
        let recorder = Self {
            interval: newest.map(|slot| slot * FINE.step_ms / COARSE.step_ms),
            files,
            table,
            is_unsaved,
        };
        Ok((recorder, note))
    }

    /// Writes a sample.
    pub(super) fn record(&mut self, samples: Vec<Sampled>, now_ms: u64) -> io::Result<()> {
        let slot = self.files.fine.slot(now_ms);
        let interval = self.files.coarse.slot(now_ms);
        // Before new series take the places of gone ones, whose last values still count.
        if let Some(finished) = self.interval.filter(|last| *last != interval) {
            self.summarise(finished)?;
            self.interval = None;
            // When a series was seen last is known to the interval.
            self.is_unsaved = true;
        }
        let assigned = self.table.assign(samples, slot * FINE.step_ms);
        self.is_unsaved |= assigned.is_changed;
        if self.is_unsaved {
            self.files.write_series(&self.table)?;
            self.is_unsaved = false;
        }
        self.files.fine.put(slot, &assigned.values)?;
        self.interval = Some(interval);
        Ok(())
    }

    /// Writes the coarse values of an interval out of the fine ones: so nothing is lost that was sampled before a kill.
    fn summarise(&mut self, interval: u64) -> io::Result<()> {
        let columns = self.table.columns();
        let from_ms = interval * COARSE.step_ms;
        let grid = Grid::single(from_ms, COARSE.step_ms);
        let mut points: Vec<Points> = columns
            .iter()
            .map(|column| Points::new(grid, column.kind))
            .collect();
        let slots = slots(FINE, from_ms, from_ms + COARSE.step_ms - 1);
        self.files
            .fine
            .read(0..columns.len(), slots, |slot, value| {
                let at_ms = slot * FINE.step_ms;
                for (at, points) in points.iter_mut().enumerate() {
                    if let Some(value) = value(at).filter(|_| columns[at].since_ms <= at_ms) {
                        points.add(at_ms, value);
                    }
                }
            })?;
        let values = points.into_iter().enumerate().filter_map(|(at, points)| {
            let value = points.values().into_iter().flatten().next()?;
            Some((at, value))
        });
        let values: Vec<_> = values.collect();
        self.files.coarse.put(interval, &values)
    }

    /// The values that are asked for.
    pub(super) fn query(
        &self,
        query: &HistoryQuery,
        now_ms: u64,
    ) -> Result<HistoryReply, HistoryError> {
        let of_metric = self.table.of_metric(&query.metric);
        let columns = self.table.columns();
        let Some(kind) = of_metric.first().map(|at| columns[*at].kind) else {
            return Err(HistoryError::UnknownMetric(query.metric.clone()));
        };
        let found = of_metric
            .into_iter()
            .map(|at| (at, labels::parse(&columns[at].labels)));
        let found: Vec<_> = found.filter(|(_, labels)| query.matches(labels)).collect();
        let is_fine = query.from_ms.saturating_add(FINE.span_ms()) >= now_ms;
        let step_ms = if is_fine {
            FINE.step_ms
        } else {
            COARSE.step_ms
        };
        let grid = Grid::new(query, found.len(), step_ms);
        let mut series: Vec<(usize, Points)> = found
            .iter()
            .map(|(at, _)| (*at, Points::new(grid, kind)))
            .collect();
        if !is_fine {
            self.read(
                &self.files.coarse,
                (query.from_ms, query.to_ms),
                &mut series,
            )?;
        }
        // The coarse ring has no values yet of the interval that goes on.
        let begun_ms = self.interval.map(|interval| interval * COARSE.step_ms);
        let from_ms = match begun_ms {
            Some(begun_ms) if !is_fine => query.from_ms.max(begun_ms),
            _ => query.from_ms,
        };
        if from_ms <= query.to_ms {
            self.read(&self.files.fine, (from_ms, query.to_ms), &mut series)?;
        }
        let series = series
            .into_iter()
            .zip(found)
            .map(|((_, points), (_, labels))| HistorySeries {
                labels,
                values: points.values(),
            });
        Ok(HistoryReply {
            metric: query.metric.clone(),
            kind,
            step_ms: grid.step_ms,
            from_ms: grid.from_ms,
            series: series.collect(),
        })
    }

    /// Adds the values of a ring to the points of these columns.
    fn read(
        &self,
        ring: &Ring,
        (from_ms, to_ms): (u64, u64),
        series: &mut [(usize, Points)],
    ) -> io::Result<()> {
        let columns = series.iter().map(|(at, _)| *at);
        let (Some(first), Some(last)) = (columns.clone().min(), columns.max()) else {
            return Ok(());
        };
        let step_ms = ring.geometry().step_ms;
        let slots = slots(ring.geometry(), from_ms, to_ms);
        ring.read(first..last + 1, slots, |slot, value| {
            let end_ms = (slot + 1) * step_ms;
            for (at, points) in &mut *series {
                // Earlier values of the column are those of another series.
                let is_own = self.table.columns()[*at].since_ms < end_ms;
                if let Some(value) = value(*at).filter(|_| is_own) {
                    points.add(slot * step_ms, value);
                }
            }
        })
    }

    /// The metrics that can be asked for.
    pub(super) fn metrics(&self) -> HistoryMetrics {
        let metric = |name: &str| {
            let columns = self.table.of_metric(name);
            let kind = columns.first().map(|at| self.table.columns()[*at].kind);
            HistoryMetric {
                name: name.to_owned(),
                kind: kind.unwrap_or(SeriesKind::Gauge),
                series: columns.len(),
            }
        };
        let left_out = self.table.left_out().iter().map(|(name, series)| LeftOut {
            name: name.clone(),
            series: *series,
        });
        HistoryMetrics {
            metrics: self.table.names().into_iter().map(metric).collect(),
            left_out: left_out.collect(),
        }
    }

    /// Number of series that are kept, and of those that are left out.
    pub(super) fn counts(&self) -> (usize, usize) {
        (
            self.table.columns().len(),
            self.table.left_out().values().sum(),
        )
    }
}

/// The slots of a ring that begin or go on between two times.
fn slots(geometry: Geometry, from_ms: u64, to_ms: u64) -> (u64, u64) {
    (from_ms / geometry.step_ms, to_ms / geometry.step_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The begin of an interval of ten minutes.
    const START_MS: u64 = 1_700_000_400_000;

    const STEP_MS: u64 = 10_000;

    fn sample(name: &str, kind: SeriesKind, value: f64) -> Sampled {
        Sampled {
            name: name.to_owned(),
            labels: "extension=\"a\"".to_owned(),
            kind,
            value,
        }
    }

    fn record(recorder: &mut Recorder, at_ms: u64, value: f64) {
        let samples = vec![
            sample("jobs", SeriesKind::Gauge, value),
            sample("done", SeriesKind::Counter, value),
        ];
        recorder.record(samples, at_ms).unwrap();
    }

    /// A recorder with a sample at each of `count` steps, whose value is the step's number.
    fn recorded(folder: &Path, count: u64) -> Recorder {
        let (mut recorder, _) = Recorder::open(folder).unwrap();
        for number in 0..count {
            record(&mut recorder, START_MS + number * STEP_MS, number as f64);
        }
        recorder
    }

    fn ask(recorder: &Recorder, pairs: &[(&str, u64)], metric: &str, now_ms: u64) -> HistoryReply {
        let numbers = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_string()));
        let metric = ("metric".to_owned(), metric.to_owned());
        let pairs: Vec<_> = numbers.chain([metric]).collect();
        let query = HistoryQuery::from_pairs(&pairs, now_ms).unwrap();
        recorder.query(&query, now_ms).unwrap()
    }

    #[test]
    fn samples_come_back_at_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorded(folder.path(), 4);
        let now_ms = START_MS + 3 * STEP_MS;
        let reply = ask(&recorder, &[("from_ms", START_MS)], "jobs", now_ms);
        assert_eq!((reply.step_ms, reply.from_ms), (STEP_MS, START_MS));
        assert_eq!(reply.series.len(), 1);
        assert_eq!(reply.series[0].labels["extension"], "a");
        let expected = [0.0, 1.0, 2.0, 3.0].map(Some);
        assert_eq!(reply.series[0].values, expected);
    }

    #[test]
    fn downtime_is_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        drop(recorded(folder.path(), 2));
        let (mut recorder, note) = Recorder::open(folder.path()).unwrap();
        assert_eq!(note, None);
        let now_ms = START_MS + 4 * STEP_MS;
        record(&mut recorder, now_ms, 4.0);
        let reply = ask(&recorder, &[("from_ms", START_MS)], "jobs", now_ms);
        let expected = [Some(0.0), Some(1.0), None, None, Some(4.0)];
        assert_eq!(reply.series[0].values, expected);
    }

    #[test]
    fn older_values_are_averages_or_last_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = recorded(folder.path(), 60);
        // Two days later the fine values are out of reach.
        let now_ms = START_MS + 2 * 24 * 3_600_000;
        record(&mut recorder, now_ms, 7.0);
        let interval = [("from_ms", START_MS), ("points", 1_000)];
        let first = |metric| ask(&recorder, &interval, metric, now_ms).series[0].values[0];
        assert_eq!(first("jobs"), Some(29.5));
        assert_eq!(first("done"), Some(59.0));
        let last = ask(&recorder, &interval, "jobs", now_ms).series[0]
            .values
            .last()
            .copied();
        assert_eq!(last, Some(Some(7.0)), "the interval that goes on is there");
    }

    #[test]
    fn interval_before_a_kill_is_summarised_later() {
        let folder = tempfile::tempdir().unwrap();
        // Dropped without a word, as by a kill.
        drop(recorded(folder.path(), 3));
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        let now_ms = START_MS + 2 * 24 * 3_600_000;
        record(&mut recorder, now_ms, 7.0);
        let interval = [("from_ms", START_MS), ("points", 1_000)];
        let reply = ask(&recorder, &interval, "jobs", now_ms);
        assert_eq!(reply.series[0].values[0], Some(1.0));
    }

    #[test]
    fn series_in_place_of_another_has_its_own_values_only() {
        let folder = tempfile::tempdir().unwrap();
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        let many = |first: usize| -> Vec<Sampled> {
            (first..first + 512)
                .map(|number| sample(&format!("m{number}"), SeriesKind::Gauge, 1.0))
                .collect()
        };
        recorder.record(many(0), START_MS).unwrap();
        recorder.record(many(1), START_MS + STEP_MS).unwrap();
        let now_ms = START_MS + STEP_MS;
        let reply = ask(&recorder, &[("from_ms", START_MS)], "m512", now_ms);
        assert_eq!(reply.series[0].values, [None, Some(1.0)]);
        let query = [("metric".to_owned(), "m0".to_owned())];
        let query = HistoryQuery::from_pairs(&query, now_ms).unwrap();
        let error = recorder.query(&query, now_ms).unwrap_err();
        assert!(matches!(error, HistoryError::UnknownMetric(_)), "{error}");
    }

    #[test]
    fn left_out_series_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        let samples = (0..514).map(|number| sample(&format!("m{number}"), SeriesKind::Gauge, 1.0));
        recorder.record(samples.collect(), START_MS).unwrap();
        assert_eq!(recorder.counts(), (512, 2));
        let names: Vec<_> = recorder.metrics().left_out;
        assert_eq!(names.len(), 2);
        assert_eq!(names[0].name, "m512");
    }

    #[test]
    fn clock_that_jumps_costs_its_own_values_only() {
        let folder = tempfile::tempdir().unwrap();
        drop(recorded(folder.path(), 3));
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        record(&mut recorder, START_MS + 365 * 24 * 3_600_000, 9.0);
        drop(recorder);
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        let now_ms = START_MS + 3 * STEP_MS;
        record(&mut recorder, now_ms, 3.0);
        let reply = ask(&recorder, &[("from_ms", START_MS)], "jobs", now_ms);
        let values = &reply.series[0].values;
        assert_eq!(values.last(), Some(&Some(3.0)));
        assert_eq!(values.len(), 4);
    }

    /// How long samples and queries take: `cargo nextest run -p tig-host cost_of_history --run-ignored all --no-capture`,
    /// with `--release` for a number that counts.
    #[test]
    #[ignore = "measures"]
    fn cost_of_history() {
        use std::io::Write;
        use std::time::Instant;
        let folder = tempfile::tempdir().unwrap();
        let (mut recorder, _) = Recorder::open(folder.path()).unwrap();
        let samples: Vec<Sampled> = (0..512)
            .map(|number| sample(&format!("m{}", number / 100), SeriesKind::Gauge, 1.0))
            .enumerate()
            .map(|(number, sample)| Sampled {
                labels: format!("extension=\"a\",number=\"{number}\""),
                ..sample
            })
            .collect();
        let (steps, start) = (8_640, Instant::now());
        for number in 0..steps {
            let at_ms = START_MS + number * STEP_MS;
            recorder.record(samples.clone(), at_ms).unwrap();
        }
        let sample_us = start.elapsed().as_micros() / u128::from(steps);
        let now_ms = START_MS + steps * STEP_MS;
        let day = [("from_ms", START_MS + STEP_MS)];
        let start = Instant::now();
        let reply = ask(&recorder, &day, "m1", now_ms);
        let (query, series) = (start.elapsed(), reply.series.len());
        let text = format!("sample {sample_us} us, query of {series} series {query:?}\n");
        std::io::stdout().write_all(text.as_bytes()).unwrap();
    }
}
