//! What is needed to check an answer: kind and seed of the job.

use horde_calc::hash_job::{HashJobKind, HashJobVersion, JobSize, SEED_BYTES};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_plugin_api::Context;

/// Why a check cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// Fields are missing or of the wrong type.
    #[error("it is not a version and a seed: {0}")]
    Fields(#[from] serde_json::Error),
    /// The version is unknown.
    #[error("version {0} of hash jobs is unknown")]
    Version(u8),
}

/// The check of a job. It comes back with the answer, also after an update of this extension.
#[derive(Deserialize, Serialize)]
pub(crate) struct Check {
    version: u8,
    #[serde(default, skip_serializing_if = "is_false")]
    small: bool,
    /// In 64-bit words: short as JSON, and of one length.
    seed: [u64; SEED_BYTES / 8],
}

impl Check {
    pub(crate) fn new(kind: HashJobKind, seed: &[u8; SEED_BYTES]) -> Self {
        let version = match kind.version {
            HashJobVersion::V1 => 1,
            HashJobVersion::V2 => 2,
        };
        let (words, _) = seed.as_chunks();
        let mut all = [0; SEED_BYTES / 8];
        for (to, from) in all.iter_mut().zip(words) {
            *to = u64::from_le_bytes(*from);
        }
        Self {
            version,
            small: kind.size == JobSize::Small,
            seed: all,
        }
    }

    pub(crate) fn read(check: &Value) -> Result<(HashJobKind, [u8; SEED_BYTES]), CheckError> {
        let check = Self::deserialize(check)?;
        let version = match check.version {
            1 => HashJobVersion::V1,
            2 => HashJobVersion::V2,
            other => return Err(CheckError::Version(other)),
        };
        let size = if check.small {
            JobSize::Small
        } else {
            JobSize::Full
        };
        Ok((HashJobKind { version, size }, bytes(check.seed)))
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A new seed.
pub(crate) fn draw(ctx: &mut Context<'_>) -> [u8; SEED_BYTES] {
    bytes([(); SEED_BYTES / 8].map(|()| ctx.random_u64()))
}

fn bytes(words: [u64; SEED_BYTES / 8]) -> [u8; SEED_BYTES] {
    let mut bytes = [0; SEED_BYTES];
    let (chunks, _) = bytes.as_chunks_mut();
    for (to, from) in chunks.iter_mut().zip(words) {
        *to = from.to_le_bytes();
    }
    bytes
}
