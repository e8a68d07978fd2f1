//! The blocks of the lifespan window, each with everything that was true at it.
//!
//! Invariant: there is always a latest block, and heights ascend by one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tig_protocol::api::{
    AlgorithmBlockData, BlockData, BlockDetails, PlayerBlockData, ProtocolConfig,
};

use super::accounts::Account;
use super::challenges::ChallengeAt;

/// Height of the first block; everything that exists from the start was confirmed in it.
pub(crate) const GENESIS_HEIGHT: u32 = 1;

/// A block and its block data; never changed once made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChainBlock {
    pub(crate) id: String,
    pub(crate) details: BlockDetails,
    pub(crate) data: BlockData,
    pub(crate) config: Arc<ProtocolConfig>,
    /// Fees and frontiers per active challenge.
    pub(crate) challenges: BTreeMap<String, ChallengeAt>,
    /// Per player who was active in this round.
    pub(crate) players: BTreeMap<String, PlayerBlockData>,
    /// Per active algorithm.
    pub(crate) algorithms: BTreeMap<String, AlgorithmBlockData>,
    /// Balances after this block's confirmations, per player.
    pub(crate) accounts: BTreeMap<String, Account>,
}

#[derive(Debug)]
pub(crate) struct Chain {
    /// Ascending heights.
    earlier: VecDeque<ChainBlock>,
    latest: ChainBlock,
}

impl Chain {
    pub(crate) fn new(genesis: ChainBlock) -> Self {
        Self {
            earlier: VecDeque::new(),
            latest: genesis,
        }
    }

    /// The chain of these blocks; `None` if there are none or their heights do not ascend by one.
    pub(crate) fn restore(blocks: impl Iterator<Item = ChainBlock>) -> Option<Self> {
        let mut chain: Option<Self> = None;
        for mut block in blocks {
            let Some(chain) = &mut chain else {
                chain = Some(Self::new(block));
                continue;
            };
            if chain.latest.details.height.checked_add(1) != Some(block.details.height) {
                return None;
            }
            if block.config == chain.latest.config {
                block.config = Arc::clone(&chain.latest.config);
            }
            chain.push(block, 0);
        }
        chain
    }

    /// Height of the oldest block that is remembered.
    pub(crate) fn oldest_height(&self) -> u32 {
        self.earlier.front().unwrap_or(&self.latest).details.height
    }

    pub(crate) fn at_height(&self, height: u32) -> Option<&ChainBlock> {
        self.newest_first()
            .find(|block| block.details.height == height)
    }

    pub(crate) fn latest_mut(&mut self) -> &mut ChainBlock {
        &mut self.latest
    }

    pub(crate) fn latest(&self) -> &ChainBlock {
        &self.latest
    }

    /// Makes `block` the latest, and forgets blocks below `window_start`.
    pub(crate) fn push(&mut self, block: ChainBlock, window_start: u32) {
        let previous = std::mem::replace(&mut self.latest, block);
        self.earlier.push_back(previous);
        while self
            .earlier
            .front()
            .is_some_and(|block| block.details.height < window_start)
        {
            self.earlier.pop_front();
        }
    }

    /// Makes the block before the latest the latest again, and hands the latest out; `None` if none is before it.
    pub(crate) fn pop(&mut self) -> Option<ChainBlock> {
        let previous = self.earlier.pop_back()?;
        Some(std::mem::replace(&mut self.latest, previous))
    }

    /// The block `blocks_back` before `block`, or the oldest one that is remembered.
    pub(crate) fn ancestor<'a>(
        &'a self,
        block: &'a ChainBlock,
        blocks_back: u32,
    ) -> &'a ChainBlock {
        let height = block.details.height.saturating_sub(blocks_back);
        self.newest_first()
            .filter(|other| other.details.height <= block.details.height)
            .take_while(|other| other.details.height >= height)
            .last()
            .unwrap_or(block)
    }

    pub(crate) fn by_id(&self, block_id: &str) -> Option<&ChainBlock> {
        self.newest_first().find(|block| block.id == block_id)
    }

    /// The last block of `round` that is still in the window.
    pub(crate) fn last_of_round(&self, round: u32) -> Option<&ChainBlock> {
        self.newest_first()
            .find(|block| block.details.round == round)
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &ChainBlock> {
        std::iter::once(&self.latest).chain(self.earlier.iter().rev())
    }
}
