//! `linear_scan` for vector search: go through the database and keep the nearest vector of each query, until they are
//! near enough on average.
//!
//! One vector in a thousand is about 5.65 away from a query, so a small part of the database does for that mean.

use tig_challenges::vector_search::{DIMENSIONS, Solution, Vector, View};

use crate::nearest::Nearest;

/// Numbers between two looks at whether the sum is too great already.
const BLOCK_NUMBERS: usize = 50;

/// Vectors that are near enough, if there are any.
pub fn solve(instance: &View<'_>) -> Option<Solution> {
    let mut nearest = Nearest::new(instance);
    for (index, vector) in instance.database.iter().enumerate() {
        if nearest.is_near_enough() {
            break;
        }
        for (number, query) in instance.queries.iter().enumerate() {
            if let Some(squares) = squares_below(query, vector, nearest.squares(number)) {
                nearest.found(number, index, squares);
            }
        }
    }
    nearest.into_solution()
}

/// The sum of the squared differences, in the order of the verification; `None` once it is not below `limit`.
pub(crate) fn squares_below(a: Vector<'_>, b: Vector<'_>, limit: f32) -> Option<f32> {
    let mut pairs = a.iter().zip(b.iter());
    let mut sum = 0.0;
    for _ in 0..DIMENSIONS / BLOCK_NUMBERS {
        sum = pairs
            .by_ref()
            .take(BLOCK_NUMBERS)
            .fold(sum, |sum, (a, b)| sum + (a - b) * (a - b));
        if sum >= limit {
            return None;
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use tig_challenges::vector_search::Instance;

    use super::*;

    #[test]
    fn easy_instances_are_solved() {
        for seed in [1, 2, 3] {
            let instance = Instance::generate(&[seed; 32], 10, 350).unwrap();
            let bytes = instance.to_bytes();
            let solution = solve(&Instance::from_bytes(&bytes).unwrap()).unwrap();
            assert_eq!(instance.verify(&solution), Ok(()));
        }
    }

    #[test]
    fn an_instance_without_solution_is_given_up() {
        let instance = Instance::generate(&[1; 32], 1, 5999).unwrap();
        let bytes = instance.to_bytes();
        assert_eq!(solve(&Instance::from_bytes(&bytes).unwrap()), None);
    }

    #[test]
    fn no_queries_are_solved_by_no_vectors() {
        let instance = Instance::generate(&[1; 32], 0, 350).unwrap();
        let bytes = instance.to_bytes();
        let solution = solve(&Instance::from_bytes(&bytes).unwrap());
        assert_eq!(
            solution,
            Some(Solution {
                indexes: Vec::new()
            })
        );
    }
}
