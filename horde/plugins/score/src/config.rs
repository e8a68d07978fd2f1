//! The config section: what classes of executors are worth, and the shape of the horde score.

use std::collections::BTreeMap;

use horde_calc::score::HordeSettings;
use horde_dynamic::DynamicConfig;
use horde_extension::Section;
use horde_proto::ExecutorClass;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Steepest sigmoid, as a power of ten: beyond, a difference of 0 would have no product with it.
const BETA_MAX: f64 = 100.0;

/// `config.horde_score`.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// What all miners together get for each executor class; classes that are not named do not count. Where `horde_report` provides
    /// dynamic config, its `DYNAMIC_EXECUTOR_CLASS_WEIGHTS` replaces this.
    pub(crate) class_weights: BTreeMap<ExecutorClass, NotNegative>,
    /// Exponent of the mean score in the horde score, from 0 up.
    pub(crate) alpha: NotNegative,
    /// How steep the horde score grows with the number of executors: a power of ten, from -100 to 100.
    pub(crate) beta: f64,
    /// Inverse of the number of executors at which the horde score's sigmoid is one half, from 0 up.
    pub(crate) delta: NotNegative,
}

impl Default for Config {
    fn default() -> Self {
        let HordeSettings { alpha, beta, delta } = HordeSettings::default();
        let weights = DynamicConfig::default().executor_class_weights;
        let weights = weights.into_iter();
        Self {
            class_weights: weights
                .map(|(class, weight)| (class, NotNegative(weight)))
                .collect(),
            alpha: NotNegative(alpha),
            beta,
            delta: NotNegative(delta),
        }
    }
}

impl Config {
    /// Refuses settings by which no miner could have a score.
    pub(crate) fn check(&self) -> Result<()> {
        if self.class_weights.values().all(|weight| weight.0 == 0.0) {
            bail!(
                "config.horde_score.class_weights: no class has a weight, so no miner would have a score"
            );
        }
        Section("horde_score").check("beta", self.beta, -BETA_MAX..=BETA_MAX)
    }

    pub(crate) fn class_weights(&self) -> BTreeMap<ExecutorClass, f64> {
        let weights = self.class_weights.iter();
        weights.map(|(class, weight)| (*class, weight.0)).collect()
    }

    pub(crate) fn settings(&self) -> HordeSettings {
        HordeSettings {
            alpha: self.alpha.0,
            beta: self.beta,
            delta: self.delta.0,
        }
    }
}

/// A number from 0 up.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, PartialEq)]
#[serde(try_from = "f64")]
pub(crate) struct NotNegative(f64);

/// A number below 0.
#[derive(Debug, thiserror::Error)]
#[error("{0} is less than 0")]
pub(crate) struct Negative(f64);

impl TryFrom<f64> for NotNegative {
    type Error = Negative;

    fn try_from(number: f64) -> Result<Self, Negative> {
        if number >= 0.0 {
            Ok(Self(number))
        } else {
            Err(Negative(number))
        }
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = ["class_weights", "alpha", "beta", "delta"];
        check_example_config::<Config>(example, "horde_score", &optional);
    }

    #[test]
    fn settings_without_any_score_are_refused() {
        let check = |section: &str| {
            let config = serde_json::from_str::<Config>(section);
            config.map_err(Into::into).and_then(|it| it.check())
        };
        check("{}").unwrap();
        check(r#"{"class_weights": {"always_on.gpu-24gb": 1}, "beta": -2}"#).unwrap();
        for (section, reason) in [
            (r#"{"class_weights": {}}"#, "no class has a weight"),
            (
                r#"{"class_weights": {"always_on.gpu-24gb": 0}}"#,
                "no class has a weight",
            ),
            (
                r#"{"class_weights": {"always_on.gpu-24gb": -1}}"#,
                "-1 is less than 0",
            ),
            (r#"{"alpha": -0.5}"#, "-0.5 is less than 0"),
            (r#"{"delta": -1}"#, "-1 is less than 0"),
            (r#"{"beta": 101}"#, "101 is not between"),
        ] {
            let error = check(section).unwrap_err().to_string();
            assert!(error.contains(reason), "{section}: {error}");
        }
    }
}
