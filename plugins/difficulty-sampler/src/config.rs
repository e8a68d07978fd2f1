//! Config section `difficulty_sampler`.

use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Error, Result};

/// Samples per challenge and block.
const SAMPLES_MAX: u32 = 10_000;

/// Larger paddings make grids of nothing but padding.
const PADDING_FACTOR_MAX: f64 = 10.0;

/// A bound far above every useful weight that keeps sums of weights finite.
const WEIGHT_MAX: f64 = 1e12;

/// The section as written; the keys have the values in common use as defaults.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Difficulties drawn per challenge and block.
    pub(crate) num_samples: u32,
    /// Width of the padding in parts of the grid's dimensions; also the radius of what one benchmark teaches.
    pub(crate) padding_factor: f64,
    /// Part of the old weight that stays at the very difficulty of a benchmark.
    pub(crate) decay: f64,
    /// Weight of difficulties of which nothing is known.
    pub(crate) initial_solutions_weight: f64,
    /// Weight of one solution.
    pub(crate) solutions_multiplier: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            num_samples: 100,
            padding_factor: 0.2,
            decay: 0.7,
            initial_solutions_weight: 500.0,
            solutions_multiplier: 10.0,
        }
    }
}

impl Config {
    /// Checks the ranges, which also refuses what is not a number.
    pub(crate) fn check(&self) -> Result<()> {
        let ranges = [
            (
                "num_samples",
                f64::from(self.num_samples),
                1.0,
                f64::from(SAMPLES_MAX),
            ),
            (
                "padding_factor",
                self.padding_factor,
                0.0,
                PADDING_FACTOR_MAX,
            ),
            ("decay", self.decay, 0.0, 1.0),
            (
                "initial_solutions_weight",
                self.initial_solutions_weight,
                0.0,
                WEIGHT_MAX,
            ),
            (
                "solutions_multiplier",
                self.solutions_multiplier,
                0.0,
                WEIGHT_MAX,
            ),
        ];
        for (key, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(Error::msg(format_args!(
                    "config.difficulty_sampler.{key}: {value} is not between {min} and {max}"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::Config;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../config.example.json");
        let optional = [
            "num_samples",
            "padding_factor",
            "decay",
            "initial_solutions_weight",
            "solutions_multiplier",
        ];
        check_example_config::<Config>(example, "difficulty_sampler", &optional);
    }
}
