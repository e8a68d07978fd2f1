//! Which solutions qualify, and the frontiers that follow from them (tig-protocol.md sections 11 and 12).

use std::collections::BTreeMap;

use crate::difficulty::{Bounds, BoundsError, Point, easy_frontier, hard_layers};

/// The solutions of an active benchmark.
#[derive(Debug, Clone, Copy)]
pub struct ActiveBenchmark<'a> {
    /// Decides the order inside a layer.
    pub id: &'a str,
    /// Who found them.
    pub player_id: &'a str,
    /// What found them.
    pub algorithm_id: &'a str,
    /// Of the same dimensions for all benchmarks of a challenge.
    pub difficulty: &'a Point,
    /// How many.
    pub num_solutions: u32,
}

/// The qualifiers of a challenge at a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Qualifiers {
    /// Solutions that qualify.
    pub total: u32,
    /// The same by player id.
    pub by_player: BTreeMap<String, u32>,
    /// The same by algorithm id and player id.
    pub by_algorithm: BTreeMap<String, BTreeMap<String, u32>>,
    /// Difficulties of the benchmarks that were looked at, sorted.
    pub difficulties: Vec<Point>,
}

/// The most solutions per challenge of a player that can qualify. `fewest` is the least number of active solutions
/// over the challenges.
pub fn cutoff(fewest: u32, multiplier: f64, min_cutoff: u32) -> u32 {
    // The cast saturates.
    let multiple = (f64::from(fewest) * multiplier).ceil() as u32;
    multiple.max(min_cutoff)
}

/// Blends the cutoff without new challenges into the one with all, as the period in which they are phased in ends:
/// `blocks_left` of its `period` blocks are left.
pub fn phased_in(without_new: u32, with_all: u32, blocks_left: u32, period: u32) -> u32 {
    if period == 0 {
        return with_all;
    }
    let weight = f64::from(blocks_left) / f64::from(period);
    (f64::from(without_new) * weight + f64::from(with_all) * (1.0 - weight)).floor() as u32
}

impl Qualifiers {
    /// Lets the hardest solutions qualify, layer by layer, until more than `threshold` do. A player's solutions count up
    /// to its cutoff; without one none do. Benchmarks without solutions and outside the bounds are left out.
    pub fn select(
        benchmarks: &[ActiveBenchmark<'_>],
        cutoffs: &BTreeMap<&str, u32>,
        bounds: &Bounds,
        threshold: u32,
    ) -> Self {
        let benchmarks = benchmarks.iter().filter(|it| it.num_solutions > 0);
        let difficulties: Vec<Point> = benchmarks.clone().map(|it| it.difficulty.clone()).collect();
        let layers = hard_layers(&difficulties);
        let layer_of = |benchmark: &ActiveBenchmark<'_>| {
            layers
                .get(benchmark.difficulty.as_slice())
                .copied()
                .unwrap_or(usize::MAX)
        };
        let mut ordered: Vec<(usize, &ActiveBenchmark<'_>)> =
            benchmarks.map(|it| (layer_of(it), it)).collect();
        ordered.sort_unstable_by_key(|(layer, benchmark)| (*layer, benchmark.id));

        let mut allowances = cutoffs.clone();
        let mut qualifiers = Self::default();
        let mut current = 0;
        for (layer, benchmark) in ordered {
            if layer != current && qualifiers.total > threshold {
                break;
            }
            if !bounds.contains(benchmark.difficulty) {
                continue;
            }
            current = layer;
            let allowance = allowances.entry(benchmark.player_id).or_default();
            let qualified = benchmark.num_solutions.min(*allowance);
            *allowance -= qualified;
            qualifiers.add(benchmark, qualified);
        }
        qualifiers.difficulties.sort_unstable();
        qualifiers.difficulties.dedup();
        qualifiers
    }

    fn add(&mut self, benchmark: &ActiveBenchmark<'_>, qualified: u32) {
        self.difficulties.push(benchmark.difficulty.clone());
        if qualified == 0 {
            return;
        }
        let player_id = || benchmark.player_id.to_owned();
        let of_algorithm = self
            .by_algorithm
            .entry(benchmark.algorithm_id.to_owned())
            .or_default();
        for count in [
            &mut self.total,
            self.by_player.entry(player_id()).or_default(),
            of_algorithm.entry(player_id()).or_default(),
        ] {
            *count = count.saturating_add(qualified);
        }
    }
}

/// The difficulty bounds of a challenge at a block.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Frontiers {
    /// The frontier of the qualifiers.
    pub base: Vec<Point>,
    /// The same, scaled.
    pub scaled: Vec<Point>,
    /// Above 1 the base frontier is the lower bound, else the upper.
    pub scaling_factor: f64,
}

impl Frontiers {
    /// The frontiers of `qualifiers`; of none, the minimum alone.
    ///
    /// # Errors
    /// Difficulties of other dimensions than the bounds.
    pub fn of(
        qualifiers: &Qualifiers,
        bounds: &Bounds,
        threshold: u32,
        max_scaling_factor: f64,
    ) -> Result<Self, BoundsError> {
        if qualifiers.difficulties.is_empty() {
            let minimum = vec![bounds.min().to_vec()];
            return Ok(Self {
                base: minimum.clone(),
                scaled: minimum,
                scaling_factor: 0.0,
            });
        }
        // Without a threshold any qualifier is too many; a ratio of nothing to nothing counts as none.
        let filled = f64::from(qualifiers.total) / f64::from(threshold);
        let scaling_factor = if filled.is_nan() {
            0.0
        } else {
            filled.min(max_scaling_factor)
        };
        Self::scaled(&qualifiers.difficulties, bounds, scaling_factor)
    }

    /// The frontiers whose base is the easy frontier of `points`.
    ///
    /// # Errors
    /// Points of other dimensions than the bounds.
    pub fn scaled(
        points: &[Point],
        bounds: &Bounds,
        scaling_factor: f64,
    ) -> Result<Self, BoundsError> {
        let base = bounds.extend(&easy_frontier(points))?;
        let scaled = bounds.extend(&bounds.scale(&base, scaling_factor)?)?;
        Ok(Self {
            base,
            scaled,
            scaling_factor,
        })
    }
}
