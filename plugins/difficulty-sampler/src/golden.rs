//! The golden vectors of the original sampler, step by step.
//!
//! Its documented faults are not repeated: from the first step on at which the minimum moves, the law "a weight stays
//! with its difficulty" is checked instead of weights; where the original fails or gives NaN, ours must not fail; points
//! below the minimum are clipped.

use serde::Deserialize;
use tig_protocol::difficulty::{Bounds, Point};

use crate::config::Config;
use crate::grid::Cell;
use crate::sampler::{BlockData, DifficultySampler};

const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../vectors/difficulty_sampler.json"
);

#[derive(Deserialize)]
struct Vectors {
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    id: String,
    effective_config: Config,
    steps: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    step: Step,
    error: Option<String>,
    state: Option<State>,
    #[serde(default)]
    uniforms: Vec<f64>,
    #[serde(default)]
    samples: Vec<Cell>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Step {
    Block(Block),
    Solutions {
        difficulty: Point,
        num_solutions: u32,
    },
    Sample {
        count: usize,
    },
}

#[derive(Deserialize)]
struct Block {
    min_difficulty: Point,
    base_frontier: Vec<Point>,
    scaled_frontier: Vec<Point>,
    scaling_factor: f64,
    qualifier_difficulties: Option<Vec<Point>>,
}

#[derive(Deserialize)]
struct State {
    min_difficulty: Option<Point>,
    weights_shape: [usize; 3],
    #[serde(default)]
    valid_rle: Vec<(f64, usize)>,
    #[serde(default)]
    solutions_weight_rle: Vec<(Option<f64>, usize)>,
    #[serde(default)]
    distribution_rle: Vec<(Option<f64>, usize)>,
}

fn flat<T: Copy>(runs: &[(T, usize)]) -> Vec<T> {
    let runs = runs.iter();
    runs.flat_map(|&(value, count)| std::iter::repeat_n(value, count))
        .collect()
}

/// One scenario under way.
struct Run {
    sampler: DifficultySampler,
    min: Option<Point>,
    has_moved: bool,
    /// A point lay below the minimum, where the original's indexes wrap around.
    was_clipped: bool,
}

impl Run {
    fn step(&mut self, record: &Record, place: &str) {
        match &record.step {
            Step::Block(block) => self.block(block, record, place),
            Step::Solutions {
                difficulty,
                num_solutions,
            } => {
                let learned = self
                    .sampler
                    .update_with_solutions(difficulty, *num_solutions);
                assert_eq!(learned, record.error.is_none(), "{place}");
            }
            Step::Sample { count } => self.sample(*count, record, place),
        }
        if let (Some(state), None) = (&record.state, &record.error)
            && !self.has_moved
        {
            self.check_weights(state, place);
        }
    }

    fn block(&mut self, block: &Block, record: &Record, place: &str) {
        let max = vec![i32::MAX; block.min_difficulty.len()];
        let bounds = Bounds::new(block.min_difficulty.clone(), max).unwrap();
        let before = self.sampler.clone();
        self.has_moved |= self
            .min
            .as_ref()
            .is_some_and(|min| *min != block.min_difficulty);
        self.min = Some(block.min_difficulty.clone());
        let mut points = block.base_frontier.iter().chain(&block.scaled_frontier);
        self.was_clipped =
            points.any(|point| point.iter().zip(bounds.min()).any(|(at, min)| at < min));
        let updated = self.sampler.update_with_block_data(&BlockData {
            bounds: &bounds,
            base_frontier: &block.base_frontier,
            scaled_frontier: &block.scaled_frontier,
            scaling_factor: block.scaling_factor,
            qualifier_difficulties: block.qualifier_difficulties.as_deref().unwrap_or_default(),
        });
        self.check_weights_stay(&before, place);
        if record.error.is_some() {
            assert!(updated.is_err(), "{place}");
        } else if self.was_clipped {
            self.check_admissible(&bounds, place);
        } else {
            updated.unwrap_or_else(|error| panic!("{place}: {error}"));
            self.check_distribution(record.state.as_ref().unwrap(), place);
        }
    }

    fn sample(&self, count: usize, record: &Record, place: &str) {
        if record.error.is_some() || self.has_moved {
            return;
        }
        assert_eq!(record.uniforms.len(), count, "{place}");
        for (&unit, &expected) in record.uniforms.iter().zip(&record.samples) {
            assert_eq!(self.sampler.sample(unit), Some(expected), "{place} {unit}");
        }
    }

    fn check_weights(&self, state: &State, place: &str) {
        let Some(grid) = self.sampler.grid() else {
            assert_eq!(state.weights_shape[..2], [0, 0], "{place}");
            return;
        };
        assert_eq!(state.min_difficulty, self.min, "{place}");
        assert_eq!(state.weights_shape[..2], grid.shape(), "{place}");
        let expected = flat(&state.solutions_weight_rle);
        assert_eq!(expected.len(), grid.weights().len(), "{place}");
        for (index, (&weight, expected)) in grid.weights().iter().zip(expected).enumerate() {
            // The original divides 0 by 0 where the padding is 0.
            let expected = expected.unwrap_or(weight);
            let difference = (weight - expected).abs();
            assert!(
                difference <= 1e-13 * expected.abs(),
                "{place} cell {index}: {weight} {expected}"
            );
        }
    }

    /// Validity always; probabilities while the weights can be compared.
    fn check_distribution(&self, state: &State, place: &str) {
        let grid = self.sampler.grid().unwrap();
        assert_eq!(state.weights_shape[..2], grid.shape(), "{place}");
        let valid = flat(&state.valid_rle);
        let expected_cells: Vec<Cell> = (0..valid.len())
            .filter(|&index| valid[index] == 1.0)
            .map(|index| grid.difficulty(index))
            .collect();
        let expected = flat(&state.distribution_rle);
        let distribution = self.sampler.distribution().unwrap();
        let cells: Vec<(Cell, f64)> = distribution.probabilities().collect();
        assert_eq!(
            cells.iter().map(|&(cell, _)| cell).collect::<Vec<_>>(),
            expected_cells,
            "{place}"
        );
        let expected = expected
            .into_iter()
            .zip(valid)
            .filter(|&(_, valid)| valid == 1.0);
        for ((cell, probability), (expected, _)) in cells.into_iter().zip(expected) {
            let (false, Some(expected)) = (self.has_moved, expected) else {
                assert!(probability.is_finite(), "{place}");
                continue;
            };
            // Differences of running sums, of which the last is 1, lose some of the last digits.
            let difference = (probability - expected).abs();
            assert!(
                difference <= 1e-12 * expected + 1e-15,
                "{place} {cell:?}: {probability} {expected}"
            );
        }
    }

    fn check_weights_stay(&self, before: &DifficultySampler, place: &str) {
        if let (Some(before), Some(after)) = (before.grid(), self.sampler.grid()) {
            for index in 0..after.weights().len() {
                let difficulty = after.difficulty(index);
                if let Some(weight) = before.weight(difficulty) {
                    assert_eq!(
                        after.weight(difficulty),
                        Some(weight),
                        "{place} {difficulty:?}"
                    );
                }
            }
        }
    }

    fn check_admissible(&self, bounds: &Bounds, place: &str) {
        for step in 0..1000 {
            if let Some(cell) = self.sampler.sample(f64::from(step) / 1000.0) {
                assert!(bounds.contains(&cell), "{place} {cell:?}");
            }
        }
    }
}

#[test]
fn the_sampler_agrees_with_the_original() {
    let vectors: Vectors = serde_json::from_slice(&std::fs::read(VECTORS).unwrap()).unwrap();
    assert!(vectors.scenarios.len() >= 50);
    for scenario in vectors.scenarios {
        let mut run = Run {
            sampler: DifficultySampler::new(scenario.effective_config, Vec::new()),
            min: None,
            has_moved: false,
            was_clipped: false,
        };
        for (index, record) in scenario.steps.iter().enumerate() {
            run.step(record, &format!("{} step {index}", scenario.id));
        }
    }
}
