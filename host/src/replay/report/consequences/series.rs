//! Sums over time, in a bounded number of steps that grow with the time.

use super::super::sides::{Side, Sides};

/// Steps of a series: enough for a curve.
pub(crate) const SERIES_STEPS_COUNT_MAX: usize = 240;

/// Length of a step at first.
const FIRST_STEP_MS: u64 = 1_000;

/// Sums over time on both sides.
#[derive(Debug)]
pub(crate) struct Series {
    step_ms: u64,
    /// What was added in each step.
    steps: Vec<Sides<f64>>,
}

/// The sums at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SeriesPoint {
    /// Milliseconds since the first call.
    pub since_begin_ms: u64,
    /// All that was added until then.
    pub sums: Sides<f64>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            step_ms: FIRST_STEP_MS,
            steps: Vec::new(),
        }
    }
}

impl Series {
    pub(super) fn add(&mut self, since_begin_ms: u64, number: f64, sides: &[Side]) {
        let mut index = since_begin_ms / self.step_ms;
        while index >= SERIES_STEPS_COUNT_MAX as u64 {
            self.double_step();
            index = since_begin_ms / self.step_ms;
        }
        // Less than the number of steps.
        let index = index as usize;
        if index >= self.steps.len() {
            self.steps.resize(index + 1, Sides::default());
        }
        for side in sides {
            *self.steps[index].of(*side) += number;
        }
    }

    fn double_step(&mut self) {
        self.step_ms = self.step_ms.saturating_mul(2);
        let pairs = self.steps.chunks(2).map(|pair| {
            pair.iter().fold(Sides::default(), |sum, step| Sides {
                recorded: sum.recorded + step.recorded,
                replayed: sum.replayed + step.replayed,
            })
        });
        self.steps = pairs.collect();
    }

    /// The sums after each step in which they change; the last is the whole.
    #[must_use]
    pub(crate) fn points(&self) -> Vec<SeriesPoint> {
        let mut sums = Sides::<f64>::default();
        let mut points = Vec::new();
        for (step, end) in self.steps.iter().zip(1u64..) {
            if *step == Sides::default() {
                continue;
            }
            sums.recorded += step.recorded;
            sums.replayed += step.replayed;
            points.push(SeriesPoint {
                since_begin_ms: end.saturating_mul(self.step_ms),
                sums,
            });
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_with_time_and_lose_nothing() {
        let mut series = Series::default();
        for second in 0..10_000u64 {
            series.add(second * 1_000, 1.0, &[Side::Recorded]);
            series.add(second * 1_000, 2.0, &[Side::Replayed]);
        }
        let points = series.points();
        assert!(points.len() <= SERIES_STEPS_COUNT_MAX, "{}", points.len());
        assert!(points.len() > SERIES_STEPS_COUNT_MAX / 2 - 1);
        let last = points.last().unwrap();
        assert_eq!(
            last.sums,
            Sides {
                recorded: 10_000.0,
                replayed: 20_000.0
            }
        );
        assert!(points.is_sorted_by_key(|point| point.since_begin_ms));
    }

    #[test]
    fn any_time_has_a_step() {
        let mut series = Series::default();
        series.add(0, 1.0, &Side::BOTH);
        series.add(u64::MAX, 1.0, &Side::BOTH);
        let points = series.points();
        assert_eq!(points.len(), 2);
        assert_eq!(points[1].sums.recorded, 2.0);
    }
}
