//! Cycles: pairs of epochs, in each of which all miners are tested once (section 3.2).
//!
//! Invariant: each block is in exactly one cycle.

use super::epoch::{BlockRange, EPOCH_BLOCKS, epoch};

/// Blocks of a cycle.
pub const CYCLE_BLOCKS: i64 = 2 * EPOCH_BLOCKS;

/// The cycle of subnet `netuid` that contains `block`. The first one starts with the epoch of block 0.
pub fn cycle(block: u32, netuid: u16) -> BlockRange {
    let first = epoch(0, netuid).start;
    let epochs = (epoch(block, netuid).start - first) / EPOCH_BLOCKS;
    let start = first + epochs / 2 * CYCLE_BLOCKS;
    BlockRange {
        start,
        stop: start + CYCLE_BLOCKS,
    }
}
