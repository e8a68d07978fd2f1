//! Draws difficulties for one challenge: admissible ones, rather where solutions were found before.

use tig_protocol::difficulty::{Bounds, Point};

use crate::config::Config;
use crate::distribution::Distribution;
use crate::grid::{Cell, GRID_CELLS_MAX, Grid, Layout};
use crate::region::{Region, cell};

/// More learned weights than this are not remembered: those nearest to the initial weight go first.
const LEARNED_CELLS_MAX: usize = 20_000;

/// The learned weight of a difficulty: `x, y, weight`. Stored in this form.
pub(crate) type Learned = (i32, i32, f64);

/// What a block says about a challenge.
pub(crate) struct BlockData<'a> {
    pub(crate) bounds: &'a Bounds,
    pub(crate) base_frontier: &'a [Point],
    pub(crate) scaled_frontier: &'a [Point],
    pub(crate) scaling_factor: f64,
    pub(crate) qualifier_difficulties: &'a [Point],
}

/// Where samples come from.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// All admissible cells of the grid.
    Grid,
    /// Only the points of the frontiers, since the grid would be too large.
    Frontiers { cells: u64 },
}

/// Why a challenge has no samples.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoSamples {
    #[error("the {0} frontier is empty")]
    EmptyFrontier(&'static str),
    #[error("difficulty {0:?} has other than 2 parameters")]
    Parameters(Point),
    #[error("no difficulty inside the bounds lies between the base and the scaled frontier")]
    NothingAdmissible,
}

/// The sampler of one challenge.
#[derive(Clone, Debug)]
pub(crate) struct DifficultySampler {
    config: Config,
    /// Weights learned before there was a grid to put them in.
    learned: Vec<Learned>,
    grid: Option<Grid>,
    distribution: Option<Distribution>,
}

impl DifficultySampler {
    pub(crate) fn new(config: Config, learned: Vec<Learned>) -> Self {
        Self {
            config,
            learned,
            grid: None,
            distribution: None,
        }
    }

    /// Adapts grid and distribution to a new block. On failure there is nothing to draw, and no weight is lost.
    pub(crate) fn update_with_block_data(
        &mut self,
        block: &BlockData<'_>,
    ) -> Result<Source, NoSamples> {
        self.distribution = None;
        let (min, points) = check(block)?;
        let (lower, upper) = lower_and_upper(block);
        let region = Region {
            bounds: block.bounds,
            lower,
            upper,
        };
        let layout = Layout::new(min, points.iter(), self.config.padding_factor);
        if layout.cells() > GRID_CELLS_MAX {
            let points = region.admissible_points();
            let weights = vec![1.0; points.len()];
            self.distribution = Distribution::new(points, &weights);
            self.distribution
                .as_ref()
                .ok_or(NoSamples::NothingAdmissible)?;
            return Ok(Source::Frontiers {
                cells: layout.cells(),
            });
        }
        let grid = self.grid_at(&layout);
        let indexes = region.admissible_cells(&grid);
        let weights: Vec<f64> = indexes.iter().map(|&index| grid.weights()[index]).collect();
        let cells = indexes
            .iter()
            .map(|&index| grid.difficulty(index))
            .collect();
        self.distribution = Distribution::new(cells, &weights);
        self.grid = Some(grid);
        self.distribution
            .as_ref()
            .ok_or(NoSamples::NothingAdmissible)?;
        Ok(Source::Grid)
    }

    /// The block shows nothing to draw from. No weight is lost.
    pub(crate) fn clear_distribution(&mut self) {
        self.distribution = None;
    }

    /// Learns from a confirmed benchmark; `false` if there is no grid yet or the difficulty has no place in one.
    pub(crate) fn update_with_solutions(&mut self, difficulty: &[i32], num_solutions: u32) -> bool {
        let (Some(grid), Some(difficulty)) = (&mut self.grid, cell(difficulty)) else {
            return false;
        };
        let config = &self.config;
        grid.learn(
            difficulty,
            num_solutions,
            config.decay,
            config.solutions_multiplier,
        );
        true
    }

    /// The difficulty at `unit` in `[0, 1)`; `None` while nothing is admissible.
    pub(crate) fn sample(&self, unit: f64) -> Option<Cell> {
        self.distribution
            .as_ref()
            .map(|distribution| distribution.draw(unit))
    }

    /// Weights that differ from the initial one, at most [`LEARNED_CELLS_MAX`].
    pub(crate) fn learned(&self) -> Vec<Learned> {
        let Some(grid) = &self.grid else {
            return self.learned.clone();
        };
        let initial = self.config.initial_solutions_weight;
        let weights = grid.weights().iter().enumerate();
        let mut learned: Vec<Learned> = weights
            .filter(|&(_, &weight)| weight != initial)
            .map(|(index, &weight)| {
                let [x, y] = grid.difficulty(index);
                (x, y, weight)
            })
            .collect();
        if learned.len() > LEARNED_CELLS_MAX {
            let difference = |&(_, _, weight): &Learned| (weight - initial).abs();
            learned.sort_by(|a, b| difference(b).total_cmp(&difference(a)));
            learned.truncate(LEARNED_CELLS_MAX);
        }
        learned
    }

    /// The grid in a new layout. The first one takes the weights learned before.
    fn grid_at(&mut self, layout: &Layout) -> Grid {
        let initial = self.config.initial_solutions_weight;
        if let Some(grid) = &self.grid {
            return grid.moved_to(layout, initial);
        }
        let mut grid = Grid::new(layout, initial);
        for (x, y, weight) in std::mem::take(&mut self.learned) {
            grid.set([x, y], weight);
        }
        grid
    }

    pub(crate) fn grid(&self) -> Option<&Grid> {
        self.grid.as_ref()
    }

    pub(crate) fn distribution(&self) -> Option<&Distribution> {
        self.distribution.as_ref()
    }
}

/// The base frontier is the lower one unless the factor is below 1. (At exactly 1 both are the same points.)
fn lower_and_upper<'a>(block: &BlockData<'a>) -> (&'a [Point], &'a [Point]) {
    if block.scaling_factor < 1.0 {
        (block.scaled_frontier, block.base_frontier)
    } else {
        (block.base_frontier, block.scaled_frontier)
    }
}

/// The minimum, and all points that the grid must hold.
fn check(block: &BlockData<'_>) -> Result<(Cell, Vec<Cell>), NoSamples> {
    let two = |point: &[i32]| cell(point).ok_or_else(|| NoSamples::Parameters(point.to_vec()));
    let min = two(block.bounds.min())?;
    if block.base_frontier.is_empty() {
        return Err(NoSamples::EmptyFrontier("base"));
    }
    if block.scaled_frontier.is_empty() {
        return Err(NoSamples::EmptyFrontier("scaled"));
    }
    let points = block
        .base_frontier
        .iter()
        .chain(block.scaled_frontier)
        .chain(block.qualifier_difficulties);
    let points: Result<Vec<Cell>, _> = points.map(|point| two(point)).collect();
    Ok((min, points?))
}
