//! Commitments and weights of one hotkey.

use horde_calc::schedule::BlockRange;
use horde_calc::weights::{CommitInterval, CommitSettings};
use serde::{Deserialize, Serialize};

use super::extrinsic::{Refusal, WeightVector};

/// Intervals for which a commitment is remembered after its own, so that a late reveal gets another refusal than a wrong one.
const REMEMBERED_INTERVALS: i64 = 3;

/// Weights on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsOnChain {
    /// The weights.
    pub weights: WeightVector,
    /// Their version.
    pub version_key: u64,
    /// The block in which they were set or revealed.
    pub block: u32,
}

/// A commitment that waits for its reveal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCommit {
    /// `0x` and 64 digits.
    pub commit_hash: String,
    /// The block that it is in.
    pub block: u32,
}

#[derive(Clone, Debug)]
struct Commit {
    hash: String,
    block: u32,
    is_revealed: bool,
}

#[derive(Clone, Debug)]
struct Timelocked {
    weights: WeightVector,
    version_key: u64,
    block: u32,
}

/// What the chain knows of one hotkey, besides its neuron.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    commits: Vec<Commit>,
    timelocked: Vec<Timelocked>,
    /// The last weights.
    pub(super) weights: Option<WeightsOnChain>,
    /// The block in which weights were last set without a commitment.
    set_block: Option<u32>,
}

impl Account {
    /// Commitments that can still be revealed in a block from `block` on.
    pub(super) fn open_commits(&self, block: u32, interval: u32) -> Vec<OpenCommit> {
        let is_open =
            |commit: &&Commit| !commit.is_revealed && age(commit.block, block, interval) <= 1;
        let open = self.commits.iter().filter(is_open);
        let open = open.map(|commit| OpenCommit {
            commit_hash: commit.hash.clone(),
            block: commit.block,
        });
        open.collect()
    }

    pub(super) fn commit(&mut self, hash: &str, block: u32, interval: u32) -> Result<(), Refusal> {
        self.check_commit(block, interval)?;
        self.commits.push(Commit {
            hash: hash.to_owned(),
            block,
            is_revealed: false,
        });
        Ok(())
    }

    pub(super) fn commit_timelocked(
        &mut self,
        weights: WeightVector,
        version_key: u64,
        block: u32,
        interval: u32,
    ) -> Result<(), Refusal> {
        self.check_commit(block, interval)?;
        self.timelocked.push(Timelocked {
            weights,
            version_key,
            block,
        });
        Ok(())
    }

    /// One commitment for each interval, of either kind.
    fn check_commit(&self, block: u32, interval: u32) -> Result<(), Refusal> {
        let salted = self.commits.iter().map(|commit| commit.block);
        let mut blocks = salted.chain(self.timelocked.iter().map(|commit| commit.block));
        match blocks.any(|committed| age(committed, block, interval) == 0) {
            true => Err(Refusal::CommittingWeightsTooFast),
            false => Ok(()),
        }
    }

    /// Marks the commitment with this hash as revealed.
    pub(super) fn reveal(&mut self, hash: &str, block: u32, interval: u32) -> Result<(), Refusal> {
        let is_open = |commit: &Commit| age(commit.block, block, interval) <= 1;
        if !self.commits.iter().any(|it| it.hash == hash) {
            let mut unrevealed = self.commits.iter().filter(|it| !it.is_revealed);
            return Err(match unrevealed.any(is_open) {
                true => Refusal::InvalidRevealCommitHashNotMatch,
                false => Refusal::NoWeightsCommitFound,
            });
        }
        // The same hash may have been committed to in several intervals.
        let mut refusal = Refusal::AlreadyRevealed;
        for commit in self.commits.iter_mut().filter(|it| it.hash == hash) {
            refusal = match age(commit.block, block, interval) {
                _ if commit.is_revealed => Refusal::AlreadyRevealed,
                0 => Refusal::RevealTooEarly,
                1 => {
                    commit.is_revealed = true;
                    return Ok(());
                }
                _ => Refusal::ExpiredWeightCommit,
            };
        }
        Err(refusal)
    }

    /// Whether weights may be set without a commitment.
    pub(super) fn check_rate(&self, block: u32, limit: u32) -> Result<(), Refusal> {
        match self.set_block {
            Some(last) if block.saturating_sub(last) < limit => Err(Refusal::SettingWeightsTooFast),
            _ => Ok(()),
        }
    }

    pub(super) fn set(&mut self, weights: WeightsOnChain) {
        self.set_block = Some(weights.block);
        self.weights = Some(weights);
    }

    /// The chain keeps weights by uid, so they go with it.
    pub(super) fn forget_weights(&mut self) {
        self.weights = None;
        self.set_block = None;
    }

    /// Takes the timelocked commitment whose interval is over at `block`: the weights and their version.
    pub(super) fn take_timelocked(
        &mut self,
        block: u32,
        interval: u32,
    ) -> Option<(WeightVector, u64)> {
        let mut commits = self.timelocked.iter();
        let due = commits.position(|commit| age(commit.block, block, interval) >= 1)?;
        let commit = self.timelocked.remove(due);
        Some((commit.weights, commit.version_key))
    }

    pub(super) fn has_timelocked(&self, block: u32, interval: u32) -> bool {
        let mut commits = self.timelocked.iter();
        commits.any(|commit| age(commit.block, block, interval) >= 1)
    }

    /// Forgets commitments that are long over. Returns whether there were any.
    pub(super) fn forget_commits(&mut self, block: u32, interval: u32) -> bool {
        let count = self.commits.len();
        let is_recent =
            |commit: &Commit| age(commit.block, block, interval) <= REMEMBERED_INTERVALS;
        self.commits.retain(is_recent);
        self.commits.len() < count
    }
}

/// Intervals from that of `committed` to that of `block`.
fn age(committed: u32, block: u32, interval: u32) -> i64 {
    let start = |block| interval_blocks(block, interval).start;
    (start(block) - start(committed)) / i64::from(interval.max(1))
}

fn interval_blocks(block: u32, interval: u32) -> BlockRange {
    let settings = CommitSettings {
        interval_blocks: interval,
        ..CommitSettings::default()
    };
    CommitInterval::containing(block, settings).blocks
}
