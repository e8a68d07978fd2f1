//! Blocks: numbers, hashes, and what each of them says.

use std::collections::VecDeque;

use horde_calc::schedule::CYCLE_BLOCKS;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::account::{OpenCommit, WeightsOnChain};
use super::neuron::Neuron;
use super::state::State;

/// Blocks that are kept, the newest: those of some 27 cycles. Older ones are not found.
pub const BLOCKS_COUNT_MAX: usize = 20_000;
/// Blocks before the first one, which validators ask for: the schedule of a cycle needs the block at which it began.
const EARLIER_BLOCKS: u32 = 2 * CYCLE_BLOCKS as u32;

/// Separates hashes of blocks from others that are made of the same numbers.
const HASH_CONTEXT: &[u8] = b"horde-devnet block";

/// Number and hash of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockHead {
    /// The number.
    pub number: u32,
    /// `0x` and 64 digits.
    pub hash: String,
}

/// A block of the chain.
#[derive(Clone, Debug)]
pub struct Block {
    /// Number and hash.
    pub head: BlockHead,
    pub(super) state: State,
}

impl Block {
    /// The neurons at this block, in the order of their uids.
    pub fn neurons(&self) -> &[Neuron] {
        &self.state.neurons
    }

    /// Commitments of a hotkey that wait for their reveal at this block.
    pub fn open_commits(&self, hotkey: &str) -> Vec<OpenCommit> {
        self.state.open_commits(hotkey, self.head.number)
    }

    /// The last weights of a hotkey.
    pub fn weights(&self, hotkey: &str) -> Option<&WeightsOnChain> {
        self.state.weights(hotkey)
    }
}

/// The blocks, the oldest first; there is always one.
#[derive(Debug)]
pub(super) struct Blocks {
    seed: u64,
    /// How many times blocks were rolled back: those that come then have other hashes.
    fork: u64,
    newest: Block,
    earlier: VecDeque<Block>,
}

impl Blocks {
    /// `first` and the blocks before it say the same.
    pub(super) fn new(seed: u64, first: u32, state: &State) -> Self {
        let oldest = first.saturating_sub(EARLIER_BLOCKS);
        let block = |number| Block {
            head: BlockHead {
                number,
                hash: hash(seed, 0, number),
            },
            state: state.clone(),
        };
        Self {
            seed,
            fork: 0,
            newest: block(first),
            earlier: (oldest..first).map(block).collect(),
        }
    }

    pub(super) fn newest(&self) -> &Block {
        &self.newest
    }

    pub(super) fn find(&self, number: u32) -> Option<&Block> {
        let newest = self.newest.head.number;
        match newest.checked_sub(number)? {
            0 => Some(&self.newest),
            back => {
                let index = self
                    .earlier
                    .len()
                    .checked_sub(usize::try_from(back).ok()?)?;
                self.earlier.get(index)
            }
        }
    }

    /// Adds the block after the newest one.
    pub(super) fn push(&mut self, state: State) {
        let number = self.newest.head.number.saturating_add(1);
        let head = BlockHead {
            number,
            hash: hash(self.seed, self.fork, number),
        };
        let earlier = std::mem::replace(&mut self.newest, Block { head, state });
        if self.earlier.len() + 1 == BLOCKS_COUNT_MAX {
            self.earlier.pop_front();
        }
        self.earlier.push_back(earlier);
    }

    /// Rolls back the newest blocks, all but the oldest one at most. Returns how many.
    pub(super) fn roll_back(&mut self, count: u32) -> u32 {
        let mut taken = 0;
        while taken < count {
            let Some(earlier) = self.earlier.pop_back() else {
                break;
            };
            self.newest = earlier;
            taken += 1;
        }
        if taken > 0 {
            self.fork += 1;
        }
        taken
    }
}

fn hash(seed: u64, fork: u64, number: u32) -> String {
    let mut hasher = Sha256::new();
    hasher.update(HASH_CONTEXT);
    hasher.update(seed.to_le_bytes());
    hasher.update(fork.to_le_bytes());
    hasher.update(number.to_le_bytes());
    format!("0x{}", hex::encode(hasher.finalize()))
}
