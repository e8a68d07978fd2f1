//! What is believed of each cell, as distributions: its solutions per nonce, and the chance that they qualify.
//!
//! With weights `w` of decay, and `E` the solutions that a benchmark counts for at most, a benchmark of `n` nonces and `s`
//! solutions counts as `w f n` nonces and `w f s` solutions, `f = 1 / (1 + R n / E)`, where `R` is the challenge's mean.
//! `f` keeps one benchmark of many nonces from settling the matter: benchmarks differ by more than chance within a cell.
//!
//! The rate is `Gamma(m + S, m / r + N)`, the chance `Beta(m q + A, m (1 - q) + B)`: `S`, `N`, `A`, `B` are the sums
//! over the cell, `m` is the strength of the prior, and `r` and `q` its means, which the cells around the cell have a part in.

use std::collections::BTreeMap;

use crate::cells::{Cell, Index, Layout};
use crate::config::Config;
use crate::outcomes::Outcome;

/// Part of the evidence of each of the eight cells around a cell that forms its prior.
const NEIGHBOUR_SHARE: f64 = 0.5;

/// Keeps parameters of distributions away from 0.
const PARAMETER_MIN: f64 = 0.01;

/// Solutions per nonce where nothing is known at all. All cells have it alike, so that its value does not matter.
const UNKNOWN_RATE: f64 = 1.0;

/// Weighted sums over benchmarks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Evidence {
    /// Sum of the weights.
    pub(crate) benchmarks: f64,
    solutions: f64,
    nonces: f64,
    qualified: f64,
    not_qualified: f64,
}

/// What is believed of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    pub(crate) evidence: Evidence,
    /// Shape and rate of a gamma distribution of solutions per nonce.
    pub(crate) rate: [f64; 2],
    /// The two parameters of a beta distribution of the chance to qualify.
    pub(crate) chance: [f64; 2],
}

impl Posterior {
    pub(crate) fn mean_rate(&self) -> f64 {
        self.rate[0] / self.rate[1]
    }

    pub(crate) fn mean_chance(&self) -> f64 {
        self.chance[0] / (self.chance[0] + self.chance[1])
    }
}

/// The posterior of each of `cells`, in their order, from benchmarks with their weights.
pub(crate) fn posteriors(
    config: &Config,
    layout: &Layout,
    cells: &[Cell],
    outcomes: &[(&Outcome, f64)],
) -> Vec<Posterior> {
    let mean_rate = mean_rate(outcomes);
    let mut all = Evidence::default();
    let mut by_cell: BTreeMap<Index, Evidence> = BTreeMap::new();
    for (outcome, weight) in outcomes {
        let evidence = Evidence::of(outcome, *weight, mean_rate / config.solutions_per_benchmark);
        all.add(&evidence, 1.0);
        let index = layout.index(outcome.difficulty);
        by_cell.entry(index).or_default().add(&evidence, 1.0);
    }
    let mean_chance = (all.qualified + 0.5) / (all.qualified + all.not_qualified + 1.0);
    let posterior = |cell: &Cell| {
        let around = around(cell.index, &by_cell);
        let own = by_cell.get(&cell.index).copied().unwrap_or_default();
        own.posterior(&around, config.prior_strength, mean_rate, mean_chance)
    };
    cells.iter().map(posterior).collect()
}

/// Solutions per nonce of all benchmarks together; at least half a solution, so that it is not 0.
fn mean_rate(outcomes: &[(&Outcome, f64)]) -> f64 {
    let sum = |of: fn(&Outcome) -> u32| {
        let parts = outcomes
            .iter()
            .map(|(it, weight)| weight * f64::from(of(it)));
        parts.sum::<f64>()
    };
    let (solutions, nonces) = (sum(|it| it.num_solutions), sum(|it| it.num_nonces));
    if nonces > 0.0 {
        solutions.max(0.5) / nonces
    } else {
        UNKNOWN_RATE
    }
}

fn around(index: Index, by_cell: &BTreeMap<Index, Evidence>) -> Evidence {
    let mut around = Evidence::default();
    for x in -1..=1 {
        for y in -1..=1 {
            let neighbour = by_cell.get(&[index[0] + x, index[1] + y]);
            if let Some(evidence) = neighbour.filter(|_| [x, y] != [0, 0]) {
                around.add(evidence, NEIGHBOUR_SHARE);
            }
        }
    }
    around
}

impl Evidence {
    fn of(outcome: &Outcome, weight: f64, damping: f64) -> Self {
        let nonces = f64::from(outcome.num_nonces);
        let counted = weight / (1.0 + damping * nonces);
        let share = outcome.qualified_share();
        Self {
            benchmarks: weight,
            solutions: counted * f64::from(outcome.num_solutions),
            nonces: counted * nonces,
            qualified: share.map_or(0.0, |share| weight * share),
            not_qualified: share.map_or(0.0, |share| weight * (1.0 - share)),
        }
    }

    fn add(&mut self, other: &Self, share: f64) {
        self.benchmarks += share * other.benchmarks;
        self.solutions += share * other.solutions;
        self.nonces += share * other.nonces;
        self.qualified += share * other.qualified;
        self.not_qualified += share * other.not_qualified;
    }

    fn posterior(
        self,
        around: &Self,
        strength: f64,
        mean_rate: f64,
        mean_chance: f64,
    ) -> Posterior {
        let prior_solutions = strength + around.solutions;
        let prior_nonces = strength / mean_rate + around.nonces;
        let tried = around.qualified + around.not_qualified;
        let prior_chance = (strength * mean_chance + around.qualified) / (strength + tried);
        let chance = [
            strength * prior_chance + self.qualified,
            strength * (1.0 - prior_chance) + self.not_qualified,
        ];
        Posterior {
            evidence: self,
            rate: [
                strength + self.solutions,
                strength * prior_nonces / prior_solutions + self.nonces,
            ],
            chance: chance.map(|parameter| parameter.max(PARAMETER_MIN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cells::cut;
    use crate::region::Column;

    fn outcome(difficulty: [i32; 2], num_nonces: u32, num_solutions: u32) -> Outcome {
        Outcome {
            difficulty,
            num_nonces,
            num_solutions,
            height: 1,
            active_blocks: 4,
            qualified_blocks: 1,
            last_active: 9,
        }
    }

    /// Of a region of 9 x 9 difficulties in 3 x 3 cells.
    fn believed(outcomes: &[Outcome]) -> Vec<Posterior> {
        let columns: Vec<Column> = (0..9).map(|x| Column { x, low: 0, high: 8 }).collect();
        let (layout, cells) = cut(&columns, 3).unwrap();
        let weighted: Vec<(&Outcome, f64)> = outcomes.iter().map(|it| (it, 1.0)).collect();
        posteriors(&Config::default(), &layout, &cells, &weighted)
    }

    #[test]
    fn without_benchmarks_all_cells_are_alike() {
        let believed = believed(&[]);
        assert_eq!(believed.len(), 9);
        assert!(believed.iter().all(|it| *it == believed[0]));
        assert!((believed[0].mean_chance() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn benchmark_teaches_its_cell_and_those_around() {
        let believed = believed(&[outcome([0, 0], 1_000, 100), outcome([8, 8], 1_000, 1)]);
        let rate = |cell: usize| believed[cell].mean_rate();
        // In order of cells: [0, 0], [0, 1], [0, 2] of three, and [2, 2] last.
        assert!(rate(0) > rate(1) && rate(1) > rate(2), "{believed:?}");
        assert!(rate(8) < rate(7) && rate(7) < rate(6), "{believed:?}");
        assert!(believed[0].mean_chance() < 0.5);
        assert!(believed[0].evidence.benchmarks > 0.0 && believed[1].evidence.benchmarks == 0.0);
    }

    #[test]
    fn a_large_benchmark_does_not_settle_the_matter() {
        let config = Config::default();
        let solutions = |num_nonces: u32| {
            let believed = believed(&[outcome([0, 0], num_nonces, num_nonces / 10)]);
            believed[0].rate[0] - config.prior_strength
        };
        let small = solutions(10);
        assert!((0.8..1.0).contains(&small), "{small}");
        let share = solutions(1_000_000) / config.solutions_per_benchmark;
        assert!((0.99..1.0).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn parameters_are_positive_and_finite(
            outcomes in prop::collection::vec(
                ([any::<i32>(), any::<i32>()], any::<u32>(), any::<u32>(), 0_u32..5, 0_u32..5), 0..20),
        ) {
            let outcomes: Vec<Outcome> = outcomes
                .into_iter()
                .map(|(difficulty, num_nonces, num_solutions, active_blocks, qualified)| Outcome {
                    active_blocks,
                    qualified_blocks: qualified.min(active_blocks),
                    ..outcome(difficulty, num_nonces, num_solutions)
                })
                .collect();
            for posterior in believed(&outcomes) {
                let parameters = posterior.rate.into_iter().chain(posterior.chance);
                for parameter in parameters {
                    prop_assert!(parameter > 0.0 && parameter.is_finite(), "{posterior:?}");
                }
            }
        }
    }
}
