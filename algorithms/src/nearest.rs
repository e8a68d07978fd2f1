//! The nearest vectors found so far, and whether they do.

use tig_challenges::vector_search::{Solution, View};

/// For each query the nearest vector so far.
pub(crate) struct Nearest {
    indexes: Vec<usize>,
    /// Sum of squared differences to each of them; infinite before the first.
    squares: Vec<f32>,
    max_distance: f32,
    /// Of [`Nearest::squares`], kept up to date.
    near_enough: bool,
}

impl Nearest {
    pub(crate) fn new(instance: &View<'_>) -> Self {
        let num_queries = instance.queries.len();
        Self {
            indexes: vec![0; num_queries],
            squares: vec![f32::INFINITY; num_queries],
            max_distance: instance.max_distance,
            near_enough: num_queries == 0,
        }
    }

    /// The sum of squared differences that is to be beaten.
    pub(crate) fn squares(&self, query: usize) -> f32 {
        self.squares[query]
    }

    pub(crate) fn found(&mut self, query: usize, index: usize, squares: f32) {
        self.indexes[query] = index;
        self.squares[query] = squares;
        // The same operations in the same order as in the verification.
        let sum: f32 = self.squares.iter().map(|squares| squares.sqrt()).sum();
        self.near_enough = sum / self.squares.len() as f32 <= self.max_distance;
    }

    pub(crate) fn is_near_enough(&self) -> bool {
        self.near_enough
    }

    pub(crate) fn into_solution(self) -> Option<Solution> {
        self.near_enough.then_some(Solution {
            indexes: self.indexes,
        })
    }
}
