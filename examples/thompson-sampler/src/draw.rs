//! Thompson sampling: a sample is drawn from what is believed of each cell, and the cell with the greatest one is chosen.
//!
//! So a cell is chosen as often as it is likely to be the best one.

use rand_distr::{Beta, Distribution, Gamma, StandardUniform};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::SeedableRng;

use crate::cells::Cell;
use crate::posterior::Posterior;
use crate::region::Difficulty;

/// Draws of a challenge at a block. Of more samples, several share a draw: they lie in the same cell.
const DRAWS_COUNT_MAX: u32 = 200;

/// What was drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawn {
    /// In the order of the draws.
    pub(crate) samples: Vec<Difficulty>,
    /// Number of samples in each of the cells.
    pub(crate) counts: Vec<u32>,
}

/// Distributions of a cell.
struct Belief {
    cell: usize,
    rate: Gamma<f64>,
    chance: Beta<f64>,
}

/// Draws difficulties from `cells` with their posteriors. The same `seed` draws the same. Empty only without cells.
pub(crate) fn draw(cells: &[Cell], posteriors: &[Posterior], num_samples: u32, seed: u64) -> Drawn {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let beliefs = posteriors.iter().enumerate();
    let beliefs: Vec<Belief> = beliefs
        .filter_map(|(cell, it)| Belief::new(cell, it))
        .collect();
    let draws = 0..num_samples.min(DRAWS_COUNT_MAX);
    let chosen: Vec<usize> = draws
        .filter_map(|_| choose(&beliefs, &mut random))
        .collect();
    let mut drawn = Drawn {
        samples: Vec::new(),
        counts: vec![0; cells.len()],
    };
    for &cell in chosen.iter().cycle().take(num_samples as usize) {
        let unit: f64 = StandardUniform.sample(&mut random);
        drawn.samples.push(cells[cell].difficulty(unit));
        drawn.counts[cell] += 1;
    }
    drawn
}

fn choose(beliefs: &[Belief], random: &mut Pcg64Mcg) -> Option<usize> {
    let values = beliefs.iter().map(|belief| {
        let value = belief.rate.sample(random) * belief.chance.sample(random);
        (belief.cell, value)
    });
    let best = values.max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map(|(cell, _)| cell)
}

impl Belief {
    /// `None` if a parameter is not positive, which no posterior has.
    fn new(cell: usize, posterior: &Posterior) -> Option<Self> {
        let ([shape, rate], [alpha, beta]) = (posterior.rate, posterior.chance);
        Some(Self {
            cell,
            rate: Gamma::new(shape, 1.0 / rate).ok()?,
            chance: Beta::new(alpha, beta).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::cut;
    use crate::posterior::Evidence;
    use crate::region::Column;

    fn cells() -> Vec<Cell> {
        let columns: Vec<Column> = (0..4).map(|x| Column { x, low: 0, high: 9 }).collect();
        cut(&columns, 4).unwrap().1
    }

    /// Rates in the order of the cells, each known as well as `benchmarks` make it.
    fn believed(rates: &[f64], benchmarks: f64) -> Vec<Posterior> {
        let believed = rates.iter().map(|rate| Posterior {
            evidence: Evidence::default(),
            rate: [benchmarks, benchmarks / rate],
            chance: [benchmarks, benchmarks],
        });
        believed.collect()
    }

    #[test]
    fn a_seed_draws_the_same_and_others_others() {
        let cells = cells();
        let believed = believed(&vec![1.0; cells.len()], 3.0);
        let first = draw(&cells, &believed, 50, 7);
        assert_eq!(draw(&cells, &believed, 50, 7), first);
        assert_ne!(draw(&cells, &believed, 50, 8), first);
        assert_ne!(
            draw(&cells, &believed, 50, 0),
            draw(&cells, &believed, 50, 1)
        );
    }

    #[test]
    fn cells_known_to_be_better_are_drawn_more() {
        let cells = cells();
        let mut rates = vec![1.0; cells.len()];
        rates[5] = 3.0;
        let best = |benchmarks: f64| draw(&cells, &believed(&rates, benchmarks), 200, 1).counts[5];
        let (unsure, sure) = (best(1.0), best(100.0));
        assert!(unsure < 120 && sure > 195, "{unsure} {sure}");
    }

    #[test]
    fn many_samples_share_draws_and_differ_in_their_cell() {
        let cells = cells();
        let drawn = draw(&cells, &believed(&vec![1.0; cells.len()], 3.0), 1_000, 1);
        assert_eq!(drawn.samples.len(), 1_000);
        assert_eq!(drawn.counts.iter().sum::<u32>(), 1_000);
        let differ = (0..200).filter(|&at| drawn.samples[at] != drawn.samples[at + 200]);
        assert!(differ.count() > 50);
        assert!(draw(&[], &[], 5, 1).samples.is_empty());
    }
}
