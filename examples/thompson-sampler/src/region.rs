//! Which difficulties a challenge admits: columns between its lower and its upper frontier.
//!
//! Invariant: every difficulty of a column lies inside the bounds and between the frontiers (tig-protocol.md section
//! 10.3), wherever the points of the frontiers are.

use std::collections::BTreeSet;

use crate::refusal::Refusal;

/// A difficulty of the two parameters that challenges have.
pub(crate) type Difficulty = [i32; 2];

/// Of a wider region only every n-th column is taken, beside those of the frontiers' points.
const COLUMNS_COUNT_MAX: i64 = 1 << 13;

/// Bounds and frontiers of one challenge at one block.
pub(crate) struct Frontiers {
    pub(crate) min: Difficulty,
    pub(crate) max: Difficulty,
    pub(crate) lower: Vec<Difficulty>,
    pub(crate) upper: Vec<Difficulty>,
}

/// Admissible difficulties that have the same first parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    pub(crate) x: i32,
    /// Least second parameter.
    pub(crate) low: i32,
    /// Greatest second parameter.
    pub(crate) high: i32,
}

impl Frontiers {
    /// The admissible columns, by ascending first parameter; at least one. None is harder in a parameter than the hardest
    /// point of the frontiers.
    pub(crate) fn columns(&self) -> Result<Vec<Column>, Refusal> {
        for (name, points) in [("lower", &self.lower), ("upper", &self.upper)] {
            if points.is_empty() {
                return Err(Refusal::EmptyFrontier(name));
            }
        }
        let columns = self.xs().into_iter().filter_map(|x| self.column(x));
        let columns: Vec<Column> = columns.collect();
        if columns.is_empty() {
            return Err(Refusal::NothingAdmissible);
        }
        Ok(columns)
    }

    fn xs(&self) -> BTreeSet<i32> {
        let (min, last) = (self.min[0], self.last(0));
        let count = i64::from(last) - i64::from(min) + 1;
        let step = (count + COLUMNS_COUNT_MAX - 1) / COLUMNS_COUNT_MAX;
        let evenly = (min..=last).step_by(step.max(1) as usize);
        let points = self.lower.iter().chain(&self.upper).map(|point| point[0]);
        let points = points.filter(|x| (min..=last).contains(x));
        evenly.chain(points).collect()
    }

    fn column(&self, x: i32) -> Option<Column> {
        // A point of the lower frontier makes too easy what it dominates: in columns before its own also what is as high.
        let easiest = self.lower.iter().filter(|point| point[0] >= x);
        let easiest = easiest.map(|point| i64::from(point[1]) + i64::from(point[0] > x));
        let hardest = self.upper.iter().filter(|point| point[0] <= x);
        let hardest = hardest.map(|point| i64::from(point[1]) - i64::from(point[0] < x));
        let low = easiest.fold(i64::from(self.min[1]), i64::max);
        let high = hardest.fold(i64::from(self.last(1)), i64::min);
        let column = |low, high| Column { x, low, high };
        let column = column(i32::try_from(low).ok()?, i32::try_from(high).ok()?);
        (column.low <= column.high).then_some(column)
    }

    /// The greatest value of a parameter that is looked at.
    fn last(&self, axis: usize) -> i32 {
        let points = self.lower.iter().chain(&self.upper);
        let hardest = points.map(|point| point[axis]).max();
        hardest.unwrap_or(self.min[axis]).min(self.max[axis])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use tig_protocol::difficulty::{
        Bounds, Point, Position, hard_frontier, lower_and_upper, position,
    };

    use super::*;

    fn points() -> impl Strategy<Value = Vec<Difficulty>> {
        prop::collection::vec([0_i32..40, 0_i32..40], 1..8)
    }

    fn vectors(points: &[Difficulty]) -> Vec<Point> {
        points.iter().map(|point| point.to_vec()).collect()
    }

    fn pairs(points: &[Point]) -> Vec<Difficulty> {
        let pair = |point: &Point| [point[0], point[1]];
        points.iter().map(pair).collect()
    }

    /// Difficulties up to the hardest point that the protocol's own rule admits.
    fn admitted(frontiers: &Frontiers) -> Vec<Difficulty> {
        let bounds = Bounds::new(frontiers.min.to_vec(), frontiers.max.to_vec()).unwrap();
        let (lower, upper) = (vectors(&frontiers.lower), vectors(&frontiers.upper));
        let xs = frontiers.min[0]..=frontiers.last(0);
        let all = xs.flat_map(|x| (frontiers.min[1]..=frontiers.last(1)).map(move |y| [x, y]));
        all.filter(|it| bounds.contains(it) && position(it, &lower, &upper) == Position::Within)
            .collect()
    }

    pub(crate) fn listed(columns: &[Column]) -> Vec<Difficulty> {
        let column = |column: &Column| {
            let x = column.x;
            (column.low..=column.high).map(move |y| [x, y])
        };
        columns.iter().flat_map(column).collect()
    }

    proptest! {
        /// Frontiers of any points, also outside the bounds and across each other.
        #[test]
        fn columns_are_what_the_protocol_admits(
            lower in points(), upper in points(), min in [0_i32..20, 0_i32..20], max in [20_i32..50, 20_i32..50],
        ) {
            let frontiers = Frontiers { min, max, lower, upper };
            let columns = frontiers.columns().map_or(Vec::new(), |columns| listed(&columns));
            prop_assert_eq!(columns, admitted(&frontiers));
        }

        #[test]
        fn frontiers_of_the_network_admit_something(
            points in prop::collection::vec([10_i32..40, 10_i32..40], 1..8),
            factor in 0.1..2.0,
        ) {
            let bounds = Bounds::new(vec![10, 10], vec![200, 200]).unwrap();
            let base = bounds.extend(&hard_frontier(&vectors(&points))).unwrap();
            let scaled = bounds.scale(&base, factor).unwrap();
            let scaled = bounds.extend(&scaled).unwrap();
            let (lower, upper) = lower_and_upper(&base, &scaled, factor);
            let frontiers = Frontiers { min: [10, 10], max: [200, 200], lower: pairs(lower), upper: pairs(upper) };
            prop_assert!(frontiers.columns().is_ok());
        }
    }

    #[test]
    fn wide_region_has_a_bounded_number_of_columns() {
        let frontiers = Frontiers {
            min: [i32::MIN, i32::MIN],
            max: [i32::MAX, i32::MAX],
            lower: vec![[i32::MIN, 7], [5, i32::MIN]],
            upper: vec![[i32::MIN, i32::MAX], [i32::MAX, i32::MIN]],
        };
        let columns = frontiers.columns().unwrap();
        assert!(columns.len() as i64 <= COLUMNS_COUNT_MAX + 4);
        assert!(columns.iter().any(|column| column.x == 5));
    }
}
