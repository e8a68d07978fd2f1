//! Versions of scoring (`DYNAMIC_WEIGHTS_VERSION`, section 3.5).

use crate::hash_job::HashJobVersion;

/// How jobs are made and scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeightsVersion {
    /// One password a job; the score falls with time. Such jobs can be scored but not made here.
    V0,
    /// Three stages; the score is the inverse of the time.
    V1,
    /// As [`WeightsVersion::V1`], with the bonus for manifests that change.
    V2,
    /// Each right answer is worth the same.
    V3,
    /// As [`WeightsVersion::V3`], and the first stage is encrypted, too.
    V4,
}

/// A number that is not a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("weights version {number} is unknown; use one from 0 to 4")]
pub struct UnknownWeightsVersion {
    /// The number.
    pub number: u64,
}

impl TryFrom<u64> for WeightsVersion {
    type Error = UnknownWeightsVersion;

    fn try_from(number: u64) -> Result<Self, UnknownWeightsVersion> {
        match number {
            0 => Ok(Self::V0),
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            4 => Ok(Self::V4),
            _ => Err(UnknownWeightsVersion { number }),
        }
    }
}

impl WeightsVersion {
    /// Which hash jobs belong to the version, if they can be made here.
    pub fn hash_job(self) -> Option<HashJobVersion> {
        match self {
            Self::V0 => None,
            Self::V1 | Self::V2 | Self::V3 => Some(HashJobVersion::V1),
            Self::V4 => Some(HashJobVersion::V2),
        }
    }

    /// Whether scores are multiplied by the bonus for manifests that change.
    pub fn has_manifest_bonus(self) -> bool {
        self >= Self::V2
    }
}
