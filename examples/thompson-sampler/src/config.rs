//! Config section `thompson_sampler`.

use serde::Deserialize;
use serde_json::Value;
use tig_plugin_api::{ConfigSchema, Error, Result};

/// Samples per challenge and block, as many as the stock sampler allows.
const SAMPLES_COUNT_MAX: u32 = 10_000;

/// More cells learn too slowly to be of use, and cost time at each block.
const CELLS_PER_SIDE_COUNT_MAX: u32 = 32;

/// A bound far above every useful weight that keeps sums finite.
const EVIDENCE_MAX: f64 = 1e6;

/// A prior that is weaker gives draws without meaning.
const EVIDENCE_MIN: f64 = 0.01;

/// A smaller part would forget each benchmark at the next block.
const DECAY_PER_BLOCK_MIN: f64 = 0.01;

/// The section as written. The keys of the stock section may stand beside its own, so that the plugin runs as a shadow
/// of `difficulty_sampler`, which hands it the stock section.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Difficulties emitted per challenge and block.
    pub(crate) num_samples: u32,
    /// Cells along each of the two parameters.
    pub(crate) cells_per_side: u32,
    /// Weight of what is supposed of a cell before its first benchmark, in benchmarks of one solution.
    pub(crate) prior_strength: f64,
    /// Solutions that a single benchmark counts for at most, however many it has.
    pub(crate) solutions_per_benchmark: f64,
    /// Part of a benchmark's weight that is left one block later.
    pub(crate) decay_per_block: f64,
    /// Not used; a key of the stock sampler.
    pub(crate) padding_factor: Value,
    /// Not used; a key of the stock sampler.
    pub(crate) decay: Value,
    /// Not used; a key of the stock sampler.
    pub(crate) initial_solutions_weight: Value,
    /// Not used; a key of the stock sampler.
    pub(crate) solutions_multiplier: Value,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            num_samples: 100,
            cells_per_side: 6,
            prior_strength: 0.5,
            solutions_per_benchmark: 8.0,
            decay_per_block: 0.995,
            padding_factor: Value::Null,
            decay: Value::Null,
            initial_solutions_weight: Value::Null,
            solutions_multiplier: Value::Null,
        }
    }
}

impl Config {
    /// Checks the ranges, which also refuses what is not a number. `section` is the name of the extension.
    pub(crate) fn check(&self, section: &str) -> Result<()> {
        let count = |max: u32| (1.0, f64::from(max));
        let ranges = [
            (
                "num_samples",
                f64::from(self.num_samples),
                count(SAMPLES_COUNT_MAX),
            ),
            (
                "cells_per_side",
                f64::from(self.cells_per_side),
                count(CELLS_PER_SIDE_COUNT_MAX),
            ),
            (
                "prior_strength",
                self.prior_strength,
                (EVIDENCE_MIN, EVIDENCE_MAX),
            ),
            (
                "solutions_per_benchmark",
                self.solutions_per_benchmark,
                (EVIDENCE_MIN, EVIDENCE_MAX),
            ),
            (
                "decay_per_block",
                self.decay_per_block,
                (DECAY_PER_BLOCK_MIN, 1.0),
            ),
        ];
        for (key, value, (min, max)) in ranges {
            if !(min..=max).contains(&value) {
                return Err(Error::msg(format_args!(
                    "config.{section}.{key}: {value} is not between {min} and {max}"
                )));
            }
        }
        Ok(())
    }
}
