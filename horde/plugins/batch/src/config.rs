//! The config section: what is asked of which miners, and what it is worth.

use std::collections::BTreeMap;

pub(crate) use horde_calc::score::UnknownWeightsVersion;
use horde_calc::score::{ManifestBonus, WeightsVersion};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};
use tig_plugin_api::ConfigSchema;

/// Seconds that an executor of an always-on class is given to be ready (section 2.0).
const SPIN_UP_SECONDS_MIN: u32 = 2;

/// Executors of one miner and class at most, whatever its manifest says.
pub(crate) const EXECUTORS_PER_MINER_MAX: u32 = 256;

/// `config.horde_batch`.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The job kind of each executor class: the name of an extension. Executors of a class without one get no jobs. Without
    /// this key both classes of 24 GB get hash jobs.
    pub(crate) kinds: BTreeMap<ExecutorClass, String>,
    /// Executors of a class that each miner is tested on at most, unless a dynamic config says otherwise. Classes that are not named here have the limit of 256.
    /// Without this key it is 2 for `always_on.llm.a6000`.
    pub(crate) max_executors_per_class: BTreeMap<ExecutorClass, u32>,
    /// How jobs are made and scored, unless a dynamic config says otherwise, from 0 to 4; 4 is what the main network used in November 2024. Hash jobs of version 0 are not
    /// made.
    pub(crate) weights_version: Version,
    /// Milliseconds in which a miner must have shown its manifest.
    pub(crate) manifest_timeout_ms: u64,
    /// Seconds that executors of a class may take to start, in place of 240 or, for `always_on.gpu-24gb`, 2: for test networks. Never less
    /// than 2.
    pub(crate) spin_up_seconds: BTreeMap<ExecutorClass, u32>,
    /// What the scores of a miner are multiplied by whose manifest has changed enough, unless a dynamic config says otherwise.
    pub(crate) manifest_score_multiplier: Factor,
    /// How much it must change, unless a dynamic config says otherwise: the larger number of executors by the smaller.
    pub(crate) manifest_dance_ratio_threshold: Factor,
}

impl Default for Config {
    fn default() -> Self {
        let hash = "horde_job_hash".to_owned();
        let bonus = ManifestBonus::default();
        Self {
            kinds: [
                (ExecutorClass::SpinUp4MinGpu24Gb, hash.clone()),
                (ExecutorClass::AlwaysOnGpu24Gb, hash),
            ]
            .into(),
            max_executors_per_class: [(ExecutorClass::AlwaysOnLlmA6000, 2)].into(),
            weights_version: Version {
                number: 1,
                weights: WeightsVersion::V1,
            },
            manifest_timeout_ms: 35_000,
            spin_up_seconds: BTreeMap::new(),
            manifest_score_multiplier: Factor(bonus.multiplier),
            manifest_dance_ratio_threshold: Factor(bonus.ratio_min),
        }
    }
}

impl Config {
    /// Seconds that an executor of the class may take to start.
    pub(crate) fn spin_up_seconds(&self, class: ExecutorClass) -> u32 {
        let usual = u32::try_from(class.spin_up_time().as_secs()).unwrap_or(u32::MAX);
        let seconds = self.spin_up_seconds.get(&class).copied().unwrap_or(usual);
        seconds.max(SPIN_UP_SECONDS_MIN)
    }
}

/// A weights version that is known.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "u64", into = "u64")]
pub(crate) struct Version {
    number: u64,
    weights: WeightsVersion,
}

impl Version {
    pub(crate) fn number(self) -> u64 {
        self.number
    }

    pub(crate) fn weights(self) -> WeightsVersion {
        self.weights
    }
}

impl TryFrom<u64> for Version {
    type Error = UnknownWeightsVersion;

    fn try_from(number: u64) -> Result<Self, UnknownWeightsVersion> {
        let weights = WeightsVersion::try_from(number)?;
        Ok(Self { number, weights })
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.number
    }
}

/// A number from 1 up.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Factor(f64);

impl Factor {
    pub(crate) fn number(self) -> f64 {
        self.0
    }
}

impl From<Factor> for f64 {
    fn from(factor: Factor) -> Self {
        factor.0
    }
}

/// A number below 1.
#[derive(Debug, thiserror::Error)]
#[error("{0} is less than 1: a manifest that changes would be punished")]
pub(crate) struct NotAFactor(f64);

impl TryFrom<f64> for Factor {
    type Error = NotAFactor;

    fn try_from(number: f64) -> Result<Self, NotAFactor> {
        if number >= 1.0 {
            Ok(Self(number))
        } else {
            Err(NotAFactor(number))
        }
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::Schema;

    use tig_plugin_api::testing::check_example_config;

    use super::*;

    /// The host checks a section by its schema before it loads the extension.
    #[test]
    fn schema_has_the_types_of_the_config_file() {
        let Schema::Object { fields, closed, .. } = Config::SCHEMA else {
            panic!("{:?}", Config::SCHEMA);
        };
        assert!(closed && fields.iter().all(|field| !field.required));
        let schema = |name: &str| {
            let mut fields = fields.iter();
            fields.find(|field| field.name == name).unwrap().schema
        };
        assert!(matches!(schema("kinds"), Schema::Map(Schema::Text)));
        let integer = schema("weights_version");
        assert!(
            matches!(integer, Schema::Integer { minimum: 0, .. }),
            "{integer:?}"
        );
        let factor = schema("manifest_score_multiplier");
        assert!(matches!(factor, Schema::Number), "{factor:?}");
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "kinds",
            "max_executors_per_class",
            "weights_version",
            "manifest_timeout_ms",
            "spin_up_seconds",
            "manifest_score_multiplier",
            "manifest_dance_ratio_threshold",
        ];
        check_example_config::<Config>(example, "horde_batch", &optional);
    }
}
