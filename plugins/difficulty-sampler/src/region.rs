//! Which difficulties a challenge admits, between its lower and its upper frontier.

use tig_protocol::difficulty::{Bounds, Point, Position, position};

use crate::grid::{Cell, Grid};

/// Frontiers of one challenge at one block.
pub(crate) struct Region<'a> {
    pub(crate) bounds: &'a Bounds,
    pub(crate) lower: &'a [Point],
    pub(crate) upper: &'a [Point],
}

impl Region<'_> {
    /// Indexes of the grid's admissible cells, ascending.
    ///
    /// The column sweep of benchmarker.md section 4 supposes that both frontiers lie inside the bounds. Where a point is
    /// below the minimum or touches the maximum it would mark difficulties that the network rejects: there the
    /// protocol's own rule is asked for each cell.
    pub(crate) fn admissible_cells(&self, grid: &Grid) -> Vec<usize> {
        let (min, max) = (self.bounds.min(), self.bounds.max());
        let is_inside =
            |point: &Point| (0..2).all(|axis| min[axis] <= point[axis] && point[axis] < max[axis]);
        if self.lower.iter().chain(self.upper).all(is_inside) {
            let mut cells = self.sweep(grid.shape());
            cells.retain(|&index| self.bounds.contains(&grid.difficulty(index)));
            return cells;
        }
        (0..grid.weights().len())
            .filter(|&index| self.admits(&grid.difficulty(index)))
            .collect()
    }

    /// Points of the frontiers that are admissible, sorted.
    pub(crate) fn admissible_points(&self) -> Vec<Cell> {
        let points = self.lower.iter().chain(self.upper);
        let mut cells: Vec<Cell> = points
            .filter(|point| self.admits(point))
            .filter_map(|point| cell(point))
            .collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    /// The protocol's rule (tig-protocol.md section 10.3).
    fn admits(&self, difficulty: &[i32]) -> bool {
        self.bounds.contains(difficulty)
            && position(difficulty, self.lower, self.upper) == Position::Within
    }

    fn sweep(&self, [columns, rows]: [usize; 2]) -> Vec<usize> {
        let mut lower = Walk::new(self.lower, self.bounds.min());
        let mut upper = Walk::new(self.upper, self.bounds.min());
        let mut cells = Vec::new();
        for x in 0..columns as i64 {
            lower.advance(x);
            upper.advance(x);
            let ([lower_x, lower_y], [upper_x, upper_y]) = (lower.current(), upper.current());
            let [next_x, next_y] = upper.next();
            let start = if x >= lower_x { lower_y } else { lower_y + 1 };
            let is_valid = |y: i64| {
                (x <= next_x && (start..=next_y).contains(&y))
                    || (x < next_x && (start..upper_y).contains(&y))
                    || (x == upper_x && y == upper_y)
            };
            let column = x as usize * rows;
            cells.extend(
                (0..rows)
                    .filter(|&y| is_valid(y as i64))
                    .map(|y| column + y),
            );
        }
        cells
    }
}

/// Walks along a frontier, column by column.
///
/// A point comes up in its own column, one per column: where several share one, which no frontier of the protocol does
/// except at the bounds, the golden vectors keep the walk at the second of them.
struct Walk {
    /// Relative to the minimum, sorted by the first parameter. Not empty.
    points: Vec<[i64; 2]>,
    index: usize,
}

impl Walk {
    fn new(frontier: &[Point], min: &[i32]) -> Self {
        let relative =
            |point: &Point| [0, 1].map(|axis| i64::from(point[axis]) - i64::from(min[axis]));
        let mut points: Vec<[i64; 2]> = frontier.iter().map(relative).collect();
        points.sort_by_key(|point| point[0]);
        Self { points, index: 0 }
    }

    fn advance(&mut self, x: i64) {
        if self
            .points
            .get(self.index + 1)
            .is_some_and(|next| next[0] == x)
        {
            self.index += 1;
        }
    }

    fn current(&self) -> [i64; 2] {
        self.points[self.index]
    }

    /// The point after the current one, or the current one at the end.
    fn next(&self) -> [i64; 2] {
        let next = self.points.get(self.index + 1);
        next.copied().unwrap_or_else(|| self.current())
    }
}

/// A point of two parameters.
pub(crate) fn cell(point: &[i32]) -> Option<Cell> {
    point.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tig_protocol::difficulty::{hard_frontier, lower_and_upper};

    use super::*;
    use crate::grid::Layout;

    fn check(
        min: [i32; 2],
        max: [i32; 2],
        points: &[Point],
        factor: f64,
    ) -> Result<(), TestCaseError> {
        let bounds = Bounds::new(min.to_vec(), max.to_vec()).unwrap();
        let base = bounds.extend(&hard_frontier(points)).unwrap();
        let scaled = bounds.scale(&base, factor).unwrap();
        let (lower, upper) = lower_and_upper(&base, &scaled, factor);
        let region = Region {
            bounds: &bounds,
            lower,
            upper,
        };
        let hardest: Vec<Cell> = base
            .iter()
            .chain(&scaled)
            .filter_map(|point| cell(point))
            .collect();
        let grid = Grid::new(&Layout::new(min, hardest.iter(), 0.2), 1.0);
        for index in region.admissible_cells(&grid) {
            let difficulty = grid.difficulty(index);
            prop_assert!(
                region.admits(&difficulty),
                "{difficulty:?} of {lower:?} {upper:?}"
            );
        }
        Ok(())
    }

    proptest! {
        /// Also where frontiers touch the maximum.
        #[test]
        fn the_network_admits_every_marked_cell(
            points in prop::collection::vec([10_i32..40, 10_i32..40].prop_map(|cell| cell.to_vec()), 1..8),
            max in [40_i32..45, 40_i32..200],
            factor in 0.5..2.0,
        ) {
            check([10, 10], max, &points, factor)?;
        }
    }

    #[test]
    fn points_below_the_minimum_do_not_move_the_region() {
        let bounds = Bounds::new(vec![20, 20], vec![1000, 1000]).unwrap();
        let (lower, upper) = ([vec![15, 30], vec![25, 15]], [vec![18, 33], vec![28, 22]]);
        let region = Region {
            bounds: &bounds,
            lower: &lower,
            upper: &upper,
        };
        let grid = Grid::new(&Layout::new([20, 20], [[28, 33]].iter(), 0.2), 1.0);
        let cells = region.admissible_cells(&grid);
        assert!(!cells.is_empty());
        assert!(
            cells
                .iter()
                .all(|&index| region.admits(&grid.difficulty(index)))
        );
    }
}
