//! What a dynamic config can change: how many jobs there are, and what they are worth.

use std::collections::BTreeMap;

use horde_calc::score::ManifestBonus;
use horde_dynamic::DynamicConfig;
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::config::{
    Config, EXECUTORS_PER_MINER_MAX, Factor, NotAFactor, UnknownWeightsVersion, Version,
};

/// The rules of a batch, which keeps those with which it began. Stored with it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Rules {
    pub(crate) weights_version: Version,
    max_executors_per_class: BTreeMap<ExecutorClass, u32>,
    manifest_score_multiplier: Factor,
    manifest_dance_ratio_threshold: Factor,
}

/// Why a dynamic config is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    /// Nobody knows how to score by it.
    #[error("weights_version: {0}")]
    Version(#[from] UnknownWeightsVersion),
    /// A factor would punish.
    #[error("{key}: {fault}")]
    Factor {
        key: &'static str,
        fault: NotAFactor,
    },
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            weights_version: config.weights_version,
            max_executors_per_class: config.max_executors_per_class.clone(),
            manifest_score_multiplier: config.manifest_score_multiplier,
            manifest_dance_ratio_threshold: config.manifest_dance_ratio_threshold,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::from(&Config::default())
    }
}

impl TryFrom<&DynamicConfig> for Rules {
    type Error = RulesError;

    fn try_from(dynamic: &DynamicConfig) -> Result<Self, RulesError> {
        let factor = |key, number: f64| {
            Factor::try_from(number).map_err(|fault| RulesError::Factor { key, fault })
        };
        Ok(Self {
            weights_version: Version::try_from(dynamic.weights_version)?,
            max_executors_per_class: dynamic.miner_max_executors_per_class.clone(),
            manifest_score_multiplier: factor(
                "manifest_score_multiplier",
                dynamic.manifest_score_multiplier,
            )?,
            manifest_dance_ratio_threshold: factor(
                "manifest_dance_ratio_threshold",
                dynamic.manifest_dance_ratio_threshold,
            )?,
        })
    }
}

impl Rules {
    /// Executors of a miner that are tested, of so many that are free.
    pub(crate) fn cap(&self, class: ExecutorClass, free: u32) -> u32 {
        let max = self.max_executors_per_class.get(&class).copied();
        let max = max.unwrap_or(EXECUTORS_PER_MINER_MAX);
        free.min(max.min(EXECUTORS_PER_MINER_MAX))
    }

    pub(crate) fn bonus(&self) -> ManifestBonus {
        ManifestBonus {
            multiplier: self.manifest_score_multiplier.number(),
            ratio_min: self.manifest_dance_ratio_threshold.number(),
        }
    }
}
