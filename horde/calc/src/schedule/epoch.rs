//! Epochs of a subnet (section 10.1).
//!
//! Invariant: each block is in exactly one epoch. The validator of November 2024 left out the last block of each.

/// Blocks between two runs of a subnet's consensus, without the block of the run itself.
pub const TEMPO_BLOCKS: i64 = 360;

/// Blocks of an epoch.
pub const EPOCH_BLOCKS: i64 = TEMPO_BLOCKS + 1;

/// Blocks from `start` up to `stop`, which is the first one after them. The first epochs of a chain start below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockRange {
    /// First block.
    pub start: i64,
    /// First block after the range.
    pub stop: i64,
}

impl BlockRange {
    /// Whether `block` is one of these blocks.
    pub fn contains(self, block: u32) -> bool {
        (self.start..self.stop).contains(&block.into())
    }

    /// Number of blocks, 0 if `stop` is not above `start`.
    pub fn count(self) -> u64 {
        u64::try_from(self.stop.saturating_sub(self.start)).unwrap_or(0)
    }
}

/// The epoch of subnet `netuid` that contains `block`.
pub fn epoch(block: u32, netuid: u16) -> BlockRange {
    let block = i64::from(block);
    // The chain runs a subnet's consensus after the blocks where this is 0, so an epoch starts one block later.
    let since_start = (block + i64::from(netuid) + 2) % EPOCH_BLOCKS;
    let start = block - since_start;
    BlockRange {
        start,
        stop: start + EPOCH_BLOCKS,
    }
}
