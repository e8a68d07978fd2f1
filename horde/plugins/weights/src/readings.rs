//! What was read of the chain. Not stored: it is read again after a restart.

use std::collections::BTreeSet;

use horde_calc::weights::WeightLimits;
use horde_events::{ChainRequest, CommitOnChain, Neurons, SubnetLimits};
use serde::{Deserialize, Serialize};

/// Blocks by which a reading may be older than the newest block.
const READING_AGE_BLOCKS: u32 = 2;
/// Blocks for which the subnet's limits are believed.
const LIMITS_AGE_BLOCKS: u32 = 50;
/// Blocks between two that were seen, from which on the chain could not be followed meanwhile.
const GAP_BLOCKS: u32 = 5;
/// Foreign commitments that are remembered as reported.
const FOREIGN_COUNT_MAX: usize = 1_000;

/// The newest block and what is known of the chain around it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Readings {
    pub(crate) block: Option<u32>,
    /// The first of the blocks that were seen without a gap.
    pub(crate) gapless_since: Option<u32>,
    pub(crate) neurons: Option<NeuronsRead>,
    pub(crate) commits: Option<CommitsRead>,
    pub(crate) limits: Option<LimitsRead>,
    /// The block at which neurons were asked for last: each block once.
    pub(crate) neurons_asked: Option<u32>,
    /// The reading that is under way.
    pub(crate) call: Option<ReadCall>,
    /// Number of readings so far, for the names of calls.
    pub(crate) calls: u64,
    /// After a reading that failed the next one waits until then, in Unix milliseconds.
    pub(crate) retry_ms: u64,
    /// Readings in a row that have failed.
    pub(crate) unheard: u32,
    /// Commitments of others under our hotkey that were reported.
    pub(crate) foreign: BTreeSet<String>,
}

/// The neurons of the subnet.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct NeuronsRead {
    pub(crate) block: u32,
    /// In the order of uids, from 0.
    pub(crate) hotkeys: Vec<String>,
    /// The place of this validator; `None` if it is not registered.
    pub(crate) own: Option<OwnPlace>,
}

/// A place among the neurons.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct OwnPlace {
    pub(crate) uid: u16,
    /// When weights were set last from it. The registration counts, too.
    pub(crate) last_update: u32,
}

/// The commitments of this validator's hotkey that are not revealed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CommitsRead {
    pub(crate) block: u32,
    /// The block at which they were asked for: each block once.
    pub(crate) asked: u32,
    pub(crate) commits: Vec<CommitOnChain>,
}

/// The rules of the subnet.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LimitsRead {
    /// The block at which they were asked for.
    pub(crate) block: u32,
    /// `None` if the service does not say them.
    pub(crate) limits: Option<SubnetLimits>,
}

/// A reading that was asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ReadCall {
    /// Name of the call.
    pub(crate) call: String,
    pub(crate) what: Reading,
    /// The block at which it was asked for.
    pub(crate) block: u32,
    /// When it was asked for and when it has failed, in Unix milliseconds.
    pub(crate) began_ms: u64,
    pub(crate) deadline_ms: u64,
}

/// Something to be read of the chain.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reading {
    /// The neurons, with the block at which this validator has set weights last.
    Neurons,
    /// Our commitments.
    Commits,
    /// The rules of the subnet.
    Limits,
}

impl Reading {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Neurons => "the neurons",
            Self::Commits => "the commitments",
            Self::Limits => "the subnet's limits",
        }
    }

    /// The request of a call, for what is not an event of its own.
    pub(crate) fn request(self) -> Option<ChainRequest> {
        match self {
            Self::Neurons => None,
            Self::Commits => Some(ChainRequest::ReadCommits),
            Self::Limits => Some(ChainRequest::ReadLimits),
        }
    }
}

/// A list of neurons that weights cannot be made of.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the neurons of block {block} have uid {uid} in place {place}: weights by place would go to others"
)]
pub(crate) struct UidGap {
    block: u32,
    uid: u16,
    place: usize,
}

impl NeuronsRead {
    /// # Errors
    ///
    /// A uid is missing.
    pub(crate) fn new(neurons: Neurons, own_hotkey: &str) -> Result<Self, UidGap> {
        let block = neurons.block;
        let mut own = None;
        let mut hotkeys = Vec::with_capacity(neurons.neurons.len());
        for (place, neuron) in neurons.neurons.into_iter().enumerate() {
            if usize::from(neuron.uid) != place {
                let uid = neuron.uid;
                return Err(UidGap { block, uid, place });
            }
            if neuron.hotkey == own_hotkey {
                own = Some(OwnPlace {
                    uid: neuron.uid,
                    last_update: neuron.last_update,
                });
            }
            hotkeys.push(neuron.hotkey);
        }
        Ok(Self {
            block,
            hotkeys,
            own,
        })
    }
}

impl CommitsRead {
    /// The block of a commitment, if the chain holds it.
    pub(crate) fn block_of(&self, commit_hash: &str) -> Option<u32> {
        let mut commits = self.commits.iter();
        let found = commits.find(|commit| commit.commit_hash.eq_ignore_ascii_case(commit_hash));
        found.map(|commit| commit.block)
    }
}

impl LimitsRead {
    /// The limits of weights, or else those of the config.
    pub(crate) fn weight_limits(&self, of_config: WeightLimits) -> WeightLimits {
        self.limits
            .as_ref()
            .map_or(of_config, |limits| WeightLimits {
                count_min: limits.min_allowed_weights as usize,
                share_max: limits.max_weight_limit,
            })
    }
}

impl Readings {
    pub(crate) fn note_block(&mut self, number: u32) {
        let is_gap = |last: u32| number > last.saturating_add(GAP_BLOCKS);
        if self.block.is_none_or(is_gap) {
            self.gapless_since = Some(number);
        }
        self.block = Some(number);
    }

    /// The neurons, if they are of a block after `read_after` and new enough to decide at `block`.
    pub(crate) fn current_neurons(&self, block: u32, read_after: u32) -> Option<&NeuronsRead> {
        let neurons = self.neurons.as_ref();
        neurons.filter(|read| is_current(read.block, block, read_after))
    }

    /// The commitments, as [`Readings::current_neurons`].
    pub(crate) fn current_commits(&self, block: u32, read_after: u32) -> Option<&CommitsRead> {
        let commits = self.commits.as_ref();
        commits.filter(|read| is_current(read.block, block, read_after))
    }

    /// The limits, if they were asked for not long before `block`.
    pub(crate) fn current_limits(&self, block: u32) -> Option<&LimitsRead> {
        let limits = self.limits.as_ref();
        limits.filter(|read| read.block.saturating_add(LIMITS_AGE_BLOCKS) >= block)
    }

    /// Whether a foreign commitment was not reported before; notes it.
    pub(crate) fn note_foreign(&mut self, commit_hash: &str) -> bool {
        self.foreign.len() < FOREIGN_COUNT_MAX && self.foreign.insert(commit_hash.to_owned())
    }
}

fn is_current(read: u32, block: u32, read_after: u32) -> bool {
    read > read_after && read.saturating_add(READING_AGE_BLOCKS) >= block
}
