//! The solutions weights of a challenge: one cell per difficulty of a rectangle.
//!
//! Invariant: a weight belongs to its difficulty. When the rectangle moves or changes its size, the weights of the
//! difficulties that stay in it do not change.

/// A difficulty of the two parameters that challenges have.
pub(crate) type Cell = [i32; 2];

/// Larger grids (8 MB of weights) are not made.
pub(crate) const GRID_CELLS_MAX: u64 = 1 << 20;

/// Weights from `min` on, row by row: the second parameter runs fastest.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    min: Cell,
    shape: [usize; 2],
    /// Radius of the ellipse that a benchmark teaches.
    padding: [u32; 2],
    weights: Vec<f64>,
}

/// Place and size of a grid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Layout {
    pub(crate) min: Cell,
    /// From the minimum to the hardest known difficulty.
    pub(crate) dimensions: [u32; 2],
    pub(crate) padding: [u32; 2],
}

impl Layout {
    /// A layout from `min` to the hardest of `points`; points below the minimum count as the minimum.
    pub(crate) fn new<'a>(
        min: Cell,
        points: impl Iterator<Item = &'a Cell>,
        padding_factor: f64,
    ) -> Self {
        let hardest = points.fold(min, |hardest, point| {
            [hardest[0].max(point[0]), hardest[1].max(point[1])]
        });
        let dimensions = [0, 1].map(|axis| hardest[axis].abs_diff(min[axis]).saturating_add(1));
        let padding = dimensions.map(|cells| (f64::from(cells) * padding_factor).ceil() as u32);
        Self {
            min,
            dimensions,
            padding,
        }
    }

    pub(crate) fn cells(&self) -> u64 {
        let [x, y] = self.lengths();
        x.saturating_mul(y)
    }

    fn lengths(&self) -> [u64; 2] {
        [0, 1].map(|axis| u64::from(self.dimensions[axis]) + u64::from(self.padding[axis]))
    }
}

impl Grid {
    /// A grid in which every weight is `initial`. The layout must have at most [`GRID_CELLS_MAX`] cells.
    pub(crate) fn new(layout: &Layout, initial: f64) -> Self {
        let shape = layout.lengths().map(|length| length as usize);
        Self {
            min: layout.min,
            shape,
            padding: layout.padding,
            weights: vec![initial; shape[0] * shape[1]],
        }
    }

    /// The same weights in another layout; difficulties that were outside get `initial`.
    pub(crate) fn moved_to(&self, layout: &Layout, initial: f64) -> Self {
        let mut grid = Self::new(layout, initial);
        for index in 0..grid.weights.len() {
            if let Some(old) = self.weight(grid.difficulty(index)) {
                grid.weights[index] = old;
            }
        }
        grid
    }

    /// Learns that `num_solutions` were found at `difficulty`.
    pub(crate) fn learn(
        &mut self,
        difficulty: Cell,
        num_solutions: u32,
        decay: f64,
        multiplier: f64,
    ) {
        let target = f64::from(num_solutions) * multiplier;
        // A radius of 0 would divide by it; with 1 only the cell itself changes.
        let radius = self.padding.map(|padding| i64::from(padding.max(1)));
        let center = [0, 1].map(|axis| i64::from(difficulty[axis]) - i64::from(self.min[axis]));
        let range = |axis: usize| {
            let end = (center[axis] + radius[axis] + 1).clamp(0, self.shape[axis] as i64);
            (center[axis] - radius[axis]).clamp(0, end)..end
        };
        for x in range(0) {
            for y in range(1) {
                let part = |axis: usize, at: i64| (at - center[axis]) as f64 / radius[axis] as f64;
                let distance = (part(0, x).powi(2) + part(1, y).powi(2)).sqrt();
                if distance <= 1.0 {
                    let kept = decay + (1.0 - decay) * distance;
                    let weight = &mut self.weights[x as usize * self.shape[1] + y as usize];
                    *weight = *weight * kept + (1.0 - kept) * target;
                }
            }
        }
    }

    /// Sets the weight of a difficulty of the grid; others are passed over.
    pub(crate) fn set(&mut self, difficulty: Cell, weight: f64) {
        if let Some(index) = self.index(difficulty) {
            self.weights[index] = weight;
        }
    }

    pub(crate) fn weight(&self, difficulty: Cell) -> Option<f64> {
        self.index(difficulty).map(|index| self.weights[index])
    }

    pub(crate) fn difficulty(&self, index: usize) -> Cell {
        let (x, y) = (index / self.shape[1], index % self.shape[1]);
        [self.min[0] + x as i32, self.min[1] + y as i32]
    }

    pub(crate) fn weights(&self) -> &[f64] {
        &self.weights
    }

    pub(crate) fn shape(&self) -> [usize; 2] {
        self.shape
    }

    fn index(&self, difficulty: Cell) -> Option<usize> {
        let offset = |axis: usize| {
            let offset = i64::from(difficulty[axis]) - i64::from(self.min[axis]);
            usize::try_from(offset)
                .ok()
                .filter(|&offset| offset < self.shape[axis])
        };
        Some(offset(0)? * self.shape[1] + offset(1)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout() -> impl Strategy<Value = Layout> {
        (
            [-20_i32..20, -20_i32..20],
            [1_u32..15, 1_u32..15],
            [0_u32..4, 0_u32..4],
        )
            .prop_map(|(min, dimensions, padding)| Layout {
                min,
                dimensions,
                padding,
            })
    }

    proptest! {
        #[test]
        fn a_weight_stays_with_its_difficulty(
            from in layout(),
            to in layout(),
            lessons in prop::collection::vec(([-25_i32..40, -25_i32..40], 0_u32..500), 0..5),
        ) {
            let mut grid = Grid::new(&from, 500.0);
            for (difficulty, num_solutions) in lessons {
                grid.learn(difficulty, num_solutions, 0.7, 10.0);
            }
            let moved = grid.moved_to(&to, 500.0);
            for index in 0..moved.weights.len() {
                let difficulty = moved.difficulty(index);
                let expected = grid.weight(difficulty).unwrap_or(500.0);
                prop_assert_eq!(moved.weight(difficulty), Some(expected));
            }
        }

        #[test]
        fn weights_stay_between_old_and_learned_values(
            layout in layout(), difficulty in [-25_i32..40, -25_i32..40], num_solutions: u32, decay in 0.0..=1.0,
        ) {
            let mut grid = Grid::new(&layout, 500.0);
            grid.learn(difficulty, num_solutions, decay, 10.0);
            let learned = f64::from(num_solutions) * 10.0;
            let (low, high) = (learned.min(500.0) * 0.999_999, learned.max(500.0) * 1.000_001);
            prop_assert!(grid.weights.iter().all(|weight| (low..=high).contains(weight)));
        }
    }

    #[test]
    fn without_padding_only_the_cell_itself_learns() {
        let layout = Layout {
            min: [10, 20],
            dimensions: [5, 5],
            padding: [0, 0],
        };
        let mut grid = Grid::new(&layout, 500.0);
        grid.learn([12, 22], 4, 0.7, 10.0);
        assert!((grid.weight([12, 22]).unwrap() - 362.0).abs() < 1e-9);
        let changed = grid.weights().iter().filter(|&&weight| weight != 500.0);
        assert_eq!(changed.count(), 1);
    }
}
