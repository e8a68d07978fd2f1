//! The config section: how jobs are cut into batches, by name of the challenge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::ConfigSchema;

/// `config.job_manager`: a challenge that is not in it gets no batches.
pub(crate) type Config = BTreeMap<String, ChallengeConfig>;

/// Settings of one challenge.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeConfig {
    /// Nonces per batch.
    pub(crate) batch_size: BatchSize,
    /// A batch without a result is handed out again after this time.
    pub(crate) ms_delay_between_batch_retries: u64,
}

/// Nonces per batch: a power of two, because only then do batch trees join to the whole tree (tig-protocol.md section 7.3).
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "u64", into = "u64")]
pub(crate) struct BatchSize(u64);

/// A number that is no power of two.
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
