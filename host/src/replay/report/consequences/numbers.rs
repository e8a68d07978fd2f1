//! Numbers of one field: their count, sum and range, and the sum over time.

use super::super::sides::{Side, Sides};
use super::series::Series;

/// Part of a sum by which two may differ because the same numbers were added in another order.
const SUM_TOLERANCE: f64 = 1e-12;

/// Numbers of one side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NumberTally {
    /// How many there were.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least of them; 0 if there were none.
    pub min: f64,
    /// The greatest of them; 0 if there were none.
    pub max: f64,
}

impl NumberTally {
    fn add(&mut self, number: f64) {
        if self.count == 0 {
            (self.min, self.max) = (number, number);
        }
        self.count += 1;
        self.sum += number;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }

    /// Their mean, if there were any.
    #[must_use]
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    fn is_like(&self, other: &Self) -> bool {
        let tolerance = SUM_TOLERANCE * self.sum.abs().max(other.sum.abs());
        let sums_are_alike =
            self.sum.to_bits() == other.sum.to_bits() || (self.sum - other.sum).abs() <= tolerance;
        let same = |one: f64, other: f64| one.to_bits() == other.to_bits();
        self.count == other.count
            && sums_are_alike
            && same(self.min, other.min)
            && same(self.max, other.max)
    }
}

/// Numbers of both sides.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// All of them.
    pub tallies: Sides<NumberTally>,
    /// Their sums over time.
    pub series: Series,
}

impl Numbers {
    pub(super) fn add(&mut self, since_begin_ms: u64, number: f64, sides: &[Side]) {
        for side in sides {
            self.tallies.of(*side).add(number);
        }
        self.series.add(since_begin_ms, number, sides);
    }

    /// Whether the sides differ in all their numbers together.
    #[must_use]
    pub(crate) fn differ(&self) -> bool {
        !self.tallies.recorded.is_like(&self.tallies.replayed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_summed_on_each_side() {
        let mut numbers = Numbers::default();
        for number in [2.0, -1.0, 5.0] {
            numbers.add(0, number, &Side::BOTH);
        }
        assert!(!numbers.differ());
        numbers.add(0, 10.0, &[Side::Replayed]);
        let Sides { recorded, replayed } = numbers.tallies;
        assert_eq!(
            (recorded.count, recorded.sum, recorded.min, recorded.max),
            (3, 6.0, -1.0, 5.0)
        );
        assert_eq!((replayed.mean(), replayed.max), (Some(4.0), 10.0));
        assert!(numbers.differ());
        assert_eq!(NumberTally::default().mean(), None);
    }

    #[test]
    fn order_of_the_same_numbers_does_not_matter() {
        let mut numbers = Numbers::default();
        let values = [0.1, 0.2, 0.3, 1e9, 0.7];
        for (one, other) in values.iter().zip(values.iter().rev()) {
            numbers.add(0, *one, &[Side::Recorded]);
            numbers.add(0, *other, &[Side::Replayed]);
        }
        assert!(!numbers.differ());
    }
}
