//! `random_flip` for satisfiability: flip a random variable of a random clause that is not satisfied.
//!
//! Of the three variables of such a clause at least one is wrong, so a third of the flips are right. Where there are
//! few clauses per variable that is enough.

use tig_challenges::satisfiability::{Instance, Solution};

use crate::Random;

/// Flips before giving up.
const FLIPS: usize = 50_000;

/// An assignment that satisfies every clause, if the walk comes across one.
pub fn solve(instance: &Instance) -> Option<Solution> {
    let mut random = Random::from_seed(&instance.seed);
    let mut variables: Vec<bool> = (0..instance.num_variables)
        .map(|_| random.chance(50))
        .collect();
    for _ in 0..FLIPS {
        let Some(clause) = unsatisfied(instance, &variables, &mut random) else {
            return Some(Solution { variables });
        };
        let literal = clause[random.index(clause.len())];
        let variable = (literal.unsigned_abs() as usize).checked_sub(1)?;
        let value = variables.get_mut(variable)?;
        *value = !*value;
    }
    None
}

/// The first clause without a true literal, from a random one on.
fn unsatisfied<'a>(
    instance: &'a Instance,
    variables: &[bool],
    random: &mut Random,
) -> Option<&'a [i32; 3]> {
    let is_true = |literal: &i32| {
        let index = (literal.unsigned_abs() as usize).wrapping_sub(1);
        variables.get(index) == Some(&(*literal > 0))
    };
    let start = random.index(instance.clauses.len().max(1));
    let (before, after) = instance.clauses.split_at_checked(start)?;
    let mut clauses = after.iter().chain(before);
    clauses.find(|clause| !clause.iter().any(is_true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: u8 = 200;

    #[test]
    fn easy_instances_are_all_solved() {
        for seed in 0..SEEDS {
            let instance = Instance::generate(&[seed; 32], 50, 300).unwrap();
            let solution = solve(&instance).unwrap();
            assert_eq!(instance.verify(&solution), Ok(()), "seed {seed}");
        }
    }

    #[test]
    fn an_instance_without_solution_is_given_up() {
        for clauses in [vec![[1, 1, 1], [-1, -1, -1]], vec![[0, 2, 0]]] {
            let instance = Instance {
                seed: [1; 32],
                num_variables: 1,
                clauses_to_variables_percent: 200,
                clauses,
            };
            assert_eq!(solve(&instance), None);
        }
    }
}
