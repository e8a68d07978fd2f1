//! What a hotkey asks of the chain, and why the chain refuses it. Names of refusals are those of the chain.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Weights of some neurons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightVector {
    /// The neurons.
    pub uids: Vec<u16>,
    /// The weight of each of them.
    pub values: Vec<u16>,
}

/// What a hotkey asks of the chain.
#[derive(Clone, PartialEq, Eq)]
pub enum Extrinsic {
    /// Sets weights without a commitment.
    Set {
        /// The weights.
        weights: WeightVector,
        /// Their version.
        version_key: u64,
    },
    /// Commits to weights by a hash (section 3.7).
    Commit {
        /// `0x` and 64 digits, in lower case.
        commit_hash: String,
    },
    /// Reveals weights that were committed to.
    Reveal {
        /// The weights.
        weights: WeightVector,
        /// The salt of the commitment.
        salt: Vec<u16>,
        /// Their version.
        version_key: u64,
    },
    /// Commits to weights that the chain itself reveals in the next interval, as Pylon does.
    TimelockedCommit {
        /// The weights.
        weights: WeightVector,
        /// Their version.
        version_key: u64,
    },
}

impl Extrinsic {
    /// The kind.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Set { .. } => EntryKind::Set,
            Self::Commit { .. } => EntryKind::Commit,
            Self::Reveal { .. } => EntryKind::Reveal,
            Self::TimelockedCommit { .. } => EntryKind::TimelockedCommit,
        }
    }

    pub(super) fn weights(&self) -> Option<&WeightVector> {
        match self {
            Self::Set { weights, .. }
            | Self::Reveal { weights, .. }
            | Self::TimelockedCommit { weights, .. } => Some(weights),
            Self::Commit { .. } => None,
        }
    }
}

impl fmt::Debug for Extrinsic {
    /// The kind alone: salts are secret until a reveal is in a block.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(formatter)
    }
}

/// The kind of an entry of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The service was asked to set weights by hotkey, by whatever way the chain has. Not an extrinsic.
    Schedule,
    /// Weights set without a commitment.
    Set,
    /// A commitment.
    Commit,
    /// The reveal of a commitment.
    Reveal,
    /// A commitment that the chain reveals.
    TimelockedCommit,
    /// The chain's reveal of such a commitment.
    TimelockedReveal,
}

/// Why the chain refuses an extrinsic.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
pub enum Refusal {
    /// The hotkey is not, or no longer, registered.
    #[error("HotKeyNotRegisteredInSubNet: the hotkey has no uid in this subnet")]
    HotKeyNotRegisteredInSubNet,
    /// Commitments are switched off.
    #[error("CommitRevealDisabled: set weights without a commitment")]
    CommitRevealDisabled,
    /// Weights cannot be set without a commitment.
    #[error("CommitRevealEnabled: commit to weights and reveal them")]
    CommitRevealEnabled,
    /// A second commitment in one interval.
    #[error("CommittingWeightsTooFast: the hotkey has a commitment in this interval")]
    CommittingWeightsTooFast,
    /// Weights were set a short time ago.
    #[error("SettingWeightsTooFast: the hotkey has set weights a short time ago")]
    SettingWeightsTooFast,
    /// The interval of the commitment is not over.
    #[error("RevealTooEarly: reveal in the interval after that of the commitment")]
    RevealTooEarly,
    /// The interval after that of the commitment is over.
    #[error("ExpiredWeightCommit: the interval for this reveal is over")]
    ExpiredWeightCommit,
    /// The commitment was revealed before.
    #[error("NoWeightsCommitFound: this commitment has been revealed")]
    AlreadyRevealed,
    /// The hotkey has no commitment that waits for a reveal.
    #[error("NoWeightsCommitFound: the hotkey has no commitment")]
    NoWeightsCommitFound,
    /// No commitment has the hash of what is revealed.
    #[error("InvalidRevealCommitHashNotMatch: no commitment has the hash of these weights")]
    InvalidRevealCommitHashNotMatch,
    /// Uids and weights differ in number.
    #[error("WeightVecNotEqualSize: give each uid one weight")]
    WeightVecNotEqualSize,
    /// A uid comes twice.
    #[error("DuplicateUids: name each uid once")]
    DuplicateUids,
    /// No neuron has one of the uids.
    #[error("UidVecContainInvalidOne: a uid is not of this subnet")]
    UidVecContainInvalidOne,
    /// Too few weights.
    #[error("WeightVecLengthIsLow: there are fewer weights than min_allowed_weights")]
    WeightVecLengthIsLow,
    /// One neuron has too large a share.
    #[error("MaxWeightExceeded: a weight is above max_weight_limit")]
    MaxWeightExceeded,
    /// Too much waits for the next block.
    #[error("ExhaustsResources: too many extrinsics wait for the next block")]
    ExhaustsResources,
    /// A fault that was ordered; the chain has no reason.
    #[error("Custom error: a fault of the devnet refuses this")]
    Ordered,
}
