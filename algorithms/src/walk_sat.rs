//! `walk_sat` for satisfiability: repair one unsatisfied clause after the other, mostly greedily (WalkSAT).
//!
//! Each step takes a random unsatisfied clause and flips one of its variables: one that breaks no other clause if there
//! is any, else with some probability a random one, else the one that breaks the fewest.

use tig_challenges::satisfiability::{Instance, Solution};

use crate::Random;

/// Flips before giving up: a base and so many per variable.
const FLIPS_BASE: usize = 20_000;
const FLIPS_PER_VARIABLE: usize = 200;
/// How often, of 100 cases in which every flip breaks a clause, the flip is random.
const NOISE_PERCENT: u64 = 50;

/// An assignment that satisfies every clause, if the search comes across one.
pub fn solve(instance: &Instance) -> Option<Solution> {
    let mut random = Random::from_seed(&instance.seed);
    let mut search = Search::new(instance, &mut random)?;
    for _ in 0..FLIPS_BASE + FLIPS_PER_VARIABLE * instance.num_variables {
        if search.unsatisfied.is_empty() {
            return Some(Solution {
                variables: search.assignment,
            });
        }
        let clause = search.unsatisfied[random.index(search.unsatisfied.len())];
        let variable = search.choose(clause, &mut random);
        search.flip(variable);
    }
    None
}

/// An assignment and everything that follows from it.
struct Search<'a> {
    clauses: &'a [[i32; 3]],
    assignment: Vec<bool>,
    /// Clauses each variable occurs in: as a positive literal, as a negative one.
    occurrences: Vec<[Vec<usize>; 2]>,
    /// Different true literals of each clause.
    num_true: Vec<u8>,
    /// Clauses without a true literal, in no order.
    unsatisfied: Vec<usize>,
    /// Where each such clause stands in `unsatisfied`.
    position: Vec<usize>,
}

impl<'a> Search<'a> {
    /// A random assignment; `None` if a clause names a variable that does not exist.
    fn new(instance: &'a Instance, random: &mut Random) -> Option<Self> {
        let num_clauses = instance.clauses.len();
        let mut search = Self {
            clauses: &instance.clauses,
            assignment: (0..instance.num_variables)
                .map(|_| random.chance(50))
                .collect(),
            occurrences: vec![[Vec::new(), Vec::new()]; instance.num_variables],
            num_true: vec![0; num_clauses],
            unsatisfied: Vec::new(),
            position: vec![0; num_clauses],
        };
        for (clause, literals) in instance.clauses.iter().enumerate() {
            for (index, &literal) in literals.iter().enumerate() {
                let value = *search.assignment.get(variable_of(literal))?;
                // A repeated literal counts once, or flips that break the clause would look harmless.
                if !literals[..index].contains(&literal) {
                    search.occurrences[variable_of(literal)][usize::from(literal < 0)].push(clause);
                    search.num_true[clause] += u8::from(value == (literal > 0));
                }
            }
            if search.num_true[clause] == 0 {
                search.add_unsatisfied(clause);
            }
        }
        Some(search)
    }

    fn choose(&self, clause: usize, random: &mut Random) -> usize {
        let candidates = self.clauses[clause].map(|literal| {
            (
                self.num_broken_by(variable_of(literal)),
                variable_of(literal),
            )
        });
        // Ties go to the variable with the lowest number.
        let (num_broken, best) = candidates.into_iter().min().unwrap_or_default();
        if num_broken > 0 && random.chance(NOISE_PERCENT) {
            return candidates[random.index(candidates.len())].1;
        }
        best
    }

    /// Clauses that only this variable satisfies.
    fn num_broken_by(&self, variable: usize) -> usize {
        let true_literals = &self.occurrences[variable][usize::from(!self.assignment[variable])];
        true_literals
            .iter()
            .filter(|&&clause| self.num_true[clause] == 1)
            .count()
    }

    fn flip(&mut self, variable: usize) {
        self.assignment[variable] = !self.assignment[variable];
        let [positive, negative] = std::mem::take(&mut self.occurrences[variable]);
        let (now_true, now_false) = if self.assignment[variable] {
            (&positive, &negative)
        } else {
            (&negative, &positive)
        };
        for &clause in now_true {
            if self.num_true[clause] == 0 {
                self.remove_unsatisfied(clause);
            }
            self.num_true[clause] += 1;
        }
        for &clause in now_false {
            self.num_true[clause] -= 1;
            if self.num_true[clause] == 0 {
                self.add_unsatisfied(clause);
            }
        }
        self.occurrences[variable] = [positive, negative];
    }

    fn add_unsatisfied(&mut self, clause: usize) {
        self.position[clause] = self.unsatisfied.len();
        self.unsatisfied.push(clause);
    }

    fn remove_unsatisfied(&mut self, clause: usize) {
        let position = self.position[clause];
        self.unsatisfied.swap_remove(position);
        if let Some(&moved) = self.unsatisfied.get(position) {
            self.position[moved] = position;
        }
    }
}

/// Index of a literal's variable; no variable has the one of literal 0.
fn variable_of(literal: i32) -> usize {
    (literal.unsigned_abs() as usize).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: u8 = 200;

    /// Solved instances of `SEEDS`; a wrong solution fails at once.
    fn num_solved(num_variables: i32, percent: i32) -> usize {
        let solved = |seed: &u8| {
            let instance = Instance::generate(&[*seed; 32], num_variables, percent).unwrap();
            let solution = solve(&instance);
            assert_eq!(
                solution,
                solve(&instance),
                "the same instance must give the same solution"
            );
            solution
                .inspect(|solution| instance.verify(solution).unwrap())
                .is_some()
        };
        (0..SEEDS).filter(solved).count()
    }

    #[test]
    fn easy_instances_are_all_solved() {
        assert_eq!(num_solved(50, 300), usize::from(SEEDS));
    }

    #[test]
    fn hard_instances_are_mostly_solved() {
        // Near the threshold of 4.26 clauses per variable a good part has no solution at all.
        assert!(num_solved(50, 400) > usize::from(SEEDS) * 8 / 10);
    }

    #[test]
    fn an_instance_without_solution_is_given_up() {
        let clauses = vec![[1, 1, 1], [-1, -1, -1]];
        let instance = Instance {
            seed: [1; 32],
            num_variables: 1,
            clauses_to_variables_percent: 200,
            clauses,
        };
        assert_eq!(solve(&instance), None);
    }

    #[test]
    fn a_clause_with_an_unknown_variable_has_no_solution() {
        let clauses = vec![[1, 0, 2]];
        let instance = Instance {
            seed: [1; 32],
            num_variables: 1,
            clauses_to_variables_percent: 100,
            clauses,
        };
        assert_eq!(solve(&instance), None);
    }
}
