//! The config section: how jobs are cut into batches, by name of the challenge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::ConfigSchema;
use tig_protocol::BATCH_SIZE_MAX;

/// `config.job_manager`: a challenge that is not in it gets no batches.
pub(crate) type Config = BTreeMap<String, ChallengeConfig>;

/// Settings of one challenge.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeConfig {
    /// Nonces per batch.
    pub(crate) batch_size: ConfiguredBatchSize,
    /// A batch without a result is handed out again after this time.
    pub(crate) ms_delay_between_batch_retries: u64,
    /// Part of the batches that a second slave computes once more, between 0 and 1.
    #[serde(default = "default_audit_share")]
    pub(crate) audit_share: Share,
    /// Name of a slave that you trust: it does the audits, and what it says is right. Without one, two slaves that agree
    /// are right.
    #[serde(default)]
    pub(crate) verifier: Option<String>,
}

fn default_audit_share() -> Share {
    Share(0.01)
}

/// A part of a whole, between 0 and 1.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Share(f64);

/// A number that is not a part of a whole.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not between 0 and 1")]
pub(crate) struct NotAShare(f64);

impl Share {
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = NotAShare;

    fn try_from(part: f64) -> Result<Self, NotAShare> {
        if (0.0..=1.0).contains(&part) {
            Ok(Self(part))
        } else {
            Err(NotAShare(part))
        }
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// Nonces per batch: a power of two, because only then do batch trees join to the whole tree (tig-protocol.md section 7.3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "u64", into = "u64")]
pub(crate) struct BatchSize(u64);

/// A number that is not a power of two.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a power of two: use 1, 2, 4, .. such as 1024")]
pub(crate) struct NotPowerOfTwo(u64);

impl BatchSize {
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// Levels of a full batch tree: by so much are the depths of the tree over batch roots shifted.
    pub(crate) fn log2(self) -> u8 {
        // At most 63.
        self.0.trailing_zeros() as u8
    }
}

impl TryFrom<u64> for BatchSize {
    type Error = NotPowerOfTwo;

    fn try_from(size: u64) -> Result<Self, NotPowerOfTwo> {
        if size.is_power_of_two() {
            Ok(Self(size))
        } else {
            Err(NotPowerOfTwo(size))
        }
    }
}

impl From<BatchSize> for u64 {
    fn from(size: BatchSize) -> Self {
        size.0
    }
}

/// A batch size that slaves accept. Records of an earlier config may have larger ones.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct ConfiguredBatchSize(BatchSize);

/// A number that is not a batch size for a config.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBatchSize {
    #[error(transparent)]
    NotPowerOfTwo(#[from] NotPowerOfTwo),
    #[error(
        "{0} is more than {BATCH_SIZE_MAX}, the largest batch that slaves accept: use {BATCH_SIZE_MAX} or less"
    )]
    TooLarge(u64),
}

impl ConfiguredBatchSize {
    pub(crate) fn get(self) -> BatchSize {
        self.0
    }
}

impl TryFrom<u64> for ConfiguredBatchSize {
    type Error = BadBatchSize;

    fn try_from(size: u64) -> Result<Self, BadBatchSize> {
        match size > BATCH_SIZE_MAX {
            true => Err(BadBatchSize::TooLarge(size)),
            false => Ok(Self(BatchSize::try_from(size)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::Config;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../config.example.json");
        let optional = ["*/audit_share", "*/verifier"];
        check_example_config::<Config>(example, "job_manager", &optional);
    }
}
