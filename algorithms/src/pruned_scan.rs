//! `pruned_scan` for vector search: some of the numbers show which vectors are worth a full comparison.
//!
//! Every part of a vector has its share of the squared distance to a query, give or take a little. So a vector is
//! dropped as soon as its first numbers have much more than their share of what the nearest one so far has: most are,
//! after a fifth of their numbers. One near vector in twenty or so is overlooked. The sums are over small integers: the
//! engine checks the result of every operation on floats for not being a number.

use tig_challenges::vector_search::{DIMENSIONS, Solution, Vector, View};

use crate::linear_scan::squares_below;
use crate::nearest::Nearest;

/// Numbers looked at first, then in addition as long as a vector is not dropped.
const STAGE_NUMBERS: usize = 24;
const STAGES: usize = 6;
const PREFIX_NUMBERS: usize = STAGE_NUMBERS * STAGES;
/// Numbers are cut to so many steps of the unit: the sum of all squared differences fits 31 bits.
const STEPS: f32 = 2048.0;
/// Standard deviations by which a sum may exceed its share.
const DEVIATIONS: f32 = 1.25;
/// Of the squared difference of two numbers that are uniform in the unit.
const VARIANCE: f32 = 7.0 / 180.0;

type Prefix = [i32; PREFIX_NUMBERS];

/// Vectors that are near enough, if the scan comes across them.
pub fn solve(instance: &View<'_>) -> Option<Solution> {
    let mut nearest = Nearest::new(instance);
    let queries: Vec<Prefix> = instance.queries.iter().map(prefix).collect();
    let mut limits: Vec<[i32; STAGES]> = vec![[i32::MAX; STAGES]; queries.len()];
    for (index, vector) in instance.database.iter().enumerate() {
        if nearest.is_near_enough() {
            break;
        }
        let vector_prefix = prefix(vector);
        for (number, query) in instance.queries.iter().enumerate() {
            if !is_promising(&vector_prefix, &queries[number], &limits[number]) {
                continue;
            }
            if let Some(squares) = squares_below(query, vector, nearest.squares(number)) {
                nearest.found(number, index, squares);
                limits[number] = limits_below(squares);
            }
        }
    }
    nearest.into_solution()
}

fn prefix(vector: Vector<'_>) -> Prefix {
    let mut numbers = vector.iter();
    std::array::from_fn(|_| numbers.next().map_or(0, |number| (number * STEPS) as i32))
}

/// What the sums over the first numbers may come to if the sum over all of them is to be below `squares`.
fn limits_below(squares: f32) -> [i32; STAGES] {
    std::array::from_fn(|stage| {
        let numbers = ((stage + 1) * STAGE_NUMBERS) as f32;
        let part = numbers / DIMENSIONS as f32;
        // Given the sum over all numbers, that over a part of them varies less the larger the part is.
        let deviation = (VARIANCE * numbers * (1.0 - part)).sqrt();
        ((squares * part + DEVIATIONS * deviation) * STEPS * STEPS) as i32
    })
}

fn is_promising(vector: &Prefix, query: &Prefix, limits: &[i32; STAGES]) -> bool {
    let (vector, _) = vector.as_chunks::<STAGE_NUMBERS>();
    let (query, _) = query.as_chunks::<STAGE_NUMBERS>();
    let mut sum = 0;
    vector
        .iter()
        .zip(query)
        .zip(limits)
        .all(|((vector, query), &limit)| {
            let differences = vector.iter().zip(query).map(|(a, b)| a - b);
            sum += differences
                .map(|difference| difference * difference)
                .sum::<i32>();
            sum <= limit
        })
}

#[cfg(test)]
mod tests {
    use tig_challenges::vector_search::Instance;

    use super::*;

    fn is_solved(seed: u8, better_than_baseline: i32) -> bool {
        let instance = Instance::generate(&[seed; 32], 10, better_than_baseline).unwrap();
        let bytes = instance.to_bytes();
        let solution = solve(&Instance::from_bytes(&bytes).unwrap());
        solution
            .inspect(|solution| assert_eq!(instance.verify(solution), Ok(())))
            .is_some()
    }

    #[test]
    fn instances_far_above_the_easiest_are_solved() {
        for seed in [1, 2, 3] {
            assert!(is_solved(seed, 350), "seed {seed}");
            assert!(is_solved(seed, 450), "seed {seed}");
        }
    }

    #[test]
    fn an_instance_without_solution_is_given_up() {
        assert!(!is_solved(1, 5999));
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
