//! Drawing cells with given probabilities.

use crate::grid::Cell;

/// Cells with their share of all weight. Never empty.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    cells: Vec<Cell>,
    /// Running sums of the probabilities, the last one 1.
    cumulative: Vec<f64>,
}

impl Distribution {
    /// Cells with their weights; where all weights are 0 every cell has the same probability. `None` without cells.
    pub(crate) fn new(cells: Vec<Cell>, weights: &[f64]) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let probability = |weight: &f64| {
            if total > 0.0 {
                weight / total
            } else {
                1.0 / cells.len() as f64
            }
        };
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = weights
            .iter()
            .map(|weight| {
                sum += probability(weight);
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|part| *part /= sum);
        (!cells.is_empty()).then_some(Self { cells, cumulative })
    }

    /// Number of its cells.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell at `unit` in `[0, 1)`: the first whose running sum is greater.
    pub(crate) fn draw(&self, unit: f64) -> Cell {
        let index = self.cumulative.partition_point(|&sum| sum <= unit);
        self.cells[index.min(self.cells.len() - 1)]
    }

    /// Probabilities of the cells.
    pub(crate) fn probabilities(&self) -> impl Iterator<Item = (Cell, f64)> {
        let before = std::iter::once(0.0).chain(self.cumulative.iter().copied());
        let parts = self.cumulative.iter().zip(before);
        let probabilities = parts.map(|(sum, before)| sum - before);
        self.cells.iter().copied().zip(probabilities)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_without_weight_are_never_drawn(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.001..1e6], 1..50), unit in 0.0..1.0,
        ) {
            let cells: Vec<Cell> = (0..weights.len()).map(|x| [x as i32, 0]).collect();
            let drawn = Distribution::new(cells, &weights).unwrap().draw(unit);
            let all_zero = weights.iter().all(|&weight| weight == 0.0);
            prop_assert!(all_zero || weights[drawn[0] as usize] > 0.0);
        }
    }

    #[test]
    fn no_cells_make_no_distribution() {
        assert!(Distribution::new(Vec::new(), &[]).is_none());
    }

    #[test]
    fn without_any_weight_all_cells_are_alike() {
        let distribution = Distribution::new(vec![[0, 0], [1, 0]], &[0.0, 0.0]).unwrap();
        assert_eq!(distribution.draw(0.49), [0, 0]);
        assert_eq!(distribution.draw(0.51), [1, 0]);
    }
}
