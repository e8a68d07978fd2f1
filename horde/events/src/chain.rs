//! The chain as the validator sees it, and what is asked of it (section 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// `horde_block`: the newest block. Its number never goes back; a block that the chain drops shows in [`ChainState`]. Only the
/// latest one waits for a busy handler.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Block {
    /// Its number.
    pub number: u32,
    /// Its hash, `0x` and 64 digits.
    pub hash: String,
    /// When it was seen first, in Unix milliseconds.
    pub seen_ms: u64,
}

impl Event for Block {
    const NAME: &'static str = "horde_block";
    const LATEST: bool = true;
}

/// `horde_neurons_wanted`: asks for the neurons of the subnet. The answer is one [`Neurons`]; none comes while the chain does not
/// answer, or before a named block is final: ask again at a later block.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NeuronsWanted {
    /// At which block, or `None` for the newest one. A named block must be final; what it said is kept and never changes.
    pub block: Option<u32>,
}

impl Event for NeuronsWanted {
    const NAME: &'static str = "horde_neurons_wanted";
}

/// `horde_neurons`: all neurons of the subnet at a block, ordered by uid; each uid and each hotkey once.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Neurons {
    /// The block that was asked for.
    pub wanted: Option<u32>,
    /// The block that they are of.
    pub block: u32,
    /// Hash of that block.
    pub hash: String,
    /// The neurons.
    pub neurons: Vec<Neuron>,
}

impl Event for Neurons {
    const NAME: &'static str = "horde_neurons";
}

/// A neuron of the subnet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Neuron {
    /// Its place in the subnet.
    pub uid: u16,
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// `stakes.total` (section 10.11): finite, from 0 up.
    pub total_stake: f64,
    /// Where it serves, if it does: neither 0.0.0.0 nor port 0.
    pub axon: Option<Axon>,
    /// The block at which it has set weights last.
    pub last_update: u32,
}

/// Where a neuron serves.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Axon {
    /// IP address.
    pub host: String,
    /// Port, not 0.
    pub port: u16,
}

/// `horde_chain_state`: whether the chain can be followed. Emitted when it changes; only the latest one waits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChainState {
    /// The state.
    #[serde(flatten)]
    pub condition: ChainCondition,
    /// Since when, in Unix milliseconds.
    pub since_ms: u64,
}

impl Event for ChainState {
    const NAME: &'static str = "horde_chain_state";
    const LATEST: bool = true;
}

/// Whether the chain can be followed. In all states but the first no [`Block`] is emitted, so that nothing is decided.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "condition")]
pub enum ChainCondition {
    /// New blocks come.
    Following,
    /// The service answers, and its block is the same for 3 minutes.
    StandsStill {
        /// The block.
        block: u32,
    },
    /// The service does not answer, or not as it should.
    Unreachable {
        /// Why, in words.
        reason: String,
    },
    /// Two answers do not fit together: another hash for a height, or a height that went back.
    Contradicts {
        /// What, in words.
        reason: String,
    },
}

/// `horde_chain_call`: something is to be done on the chain, or read of it. The answer is one [`ChainAnswer`], at the latest when the
/// deadline is over, unless the host is killed: whoever asks stores that it asks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ChainCall {
    /// Names the call; comes back with the answer.
    pub call: String,
    /// In Unix milliseconds. An answer that is later changes nothing (section 10.3).
    pub deadline_ms: u64,
    /// What.
    pub request: ChainRequest,
}

impl Event for ChainCall {
    const NAME: &'static str = "horde_chain_call";
}

/// What is asked of the chain. Secrets: the salt of weights that are not revealed yet.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum ChainRequest {
    /// Pylon sets these weights, by whatever way the chain has (section 5.2): `PUT /weights`.
    SetWeightsByHotkey {
        /// Weights by hotkey.
        weights: BTreeMap<String, f64>,
    },
    /// Sets weights at once, without a commitment.
    SetWeights {
        /// The neurons, ascending.
        uids: Vec<u16>,
        /// Their weights.
        values: Vec<u16>,
        /// Version of the weights.
        version_key: u64,
    },
    /// Commits to weights by their hash (section 3.7).
    CommitWeights {
        /// `0x` and 64 digits.
        commit_hash: String,
    },
    /// Reveals weights that were committed to.
    RevealWeights {
        /// The neurons, ascending.
        uids: Vec<u16>,
        /// Their weights.
        values: Vec<u16>,
        /// The salt of the commitment.
        salt: Vec<u16>,
        /// Version of the weights.
        version_key: u64,
    },
    /// Reads the commitments of the validator's hotkey that are not revealed.
    ReadCommits,
    /// Reads the rules of the subnet.
    ReadLimits,
}

impl std::fmt::Debug for ChainRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl ChainRequest {
    /// The word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SetWeightsByHotkey { .. } => "set_weights_by_hotkey",
            Self::SetWeights { .. } => "set_weights",
            Self::CommitWeights { .. } => "commit_weights",
            Self::RevealWeights { .. } => "reveal_weights",
            Self::ReadCommits => "read_commits",
            Self::ReadLimits => "read_limits",
        }
    }
}

/// `horde_chain_answer`: what came of a [`ChainCall`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ChainAnswer {
    /// The call.
    pub call: String,
    /// What came of it.
    pub result: ChainResult,
}

impl Event for ChainAnswer {
    const NAME: &'static str = "horde_chain_answer";
}

/// What came of a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum ChainResult {
    /// The chain has it, or for [`ChainRequest::SetWeightsByHotkey`] Pylon has scheduled it.
    Done,
    /// Answer of [`ChainRequest::ReadCommits`].
    Commits {
        /// The block that they are of.
        block: u32,
        /// All that are not revealed and have not expired.
        commits: Vec<CommitOnChain>,
    },
    /// Answer of [`ChainRequest::ReadLimits`].
    Limits(SubnetLimits),
    /// The chain has refused it (400 to 499): wait before the next attempt.
    Refused {
        /// Why, in words.
        reason: String,
    },
    /// It failed on the way (no connection, 500 to 599, not readable): whether the chain has it is unknown.
    Failed {
        /// Why, in words.
        reason: String,
    },
    /// The deadline is over: whether the chain has it is unknown.
    TimedOut,
}

/// A commitment that the chain holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommitOnChain {
    /// `0x` and 64 digits.
    pub commit_hash: String,
    /// The block that it is in.
    pub block: u32,
}

/// The rules of a subnet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SubnetLimits {
    /// Weights that must be set, at least.
    pub min_allowed_weights: u32,
    /// Share of one neuron, at most, from 0 to 1.
    pub max_weight_limit: f64,
    /// Whether weights must be committed to before they are set.
    pub is_commit_reveal: bool,
    /// Blocks of an interval of commit and reveal.
    pub commit_reveal_interval: u32,
}
