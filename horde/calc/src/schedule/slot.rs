//! A validator's slot in a cycle: the block at which it tests the miners (sections 3.2 and 3.3).

use super::epoch::BlockRange;

/// Blocks at the start of a cycle without slots (`SYNTHETIC_JOBS_RUN_OFFSET`).
pub const BATCH_OFFSET_BLOCKS: u32 = 24;

/// The block of slot `index` of `count` in `cycle`, or nothing if there is no such slot. The first `offset` blocks of the
/// cycle have no slots.
pub fn slot_block(cycle: BlockRange, offset: u32, count: usize, index: usize) -> Option<i64> {
    if index >= count {
        return None;
    }
    let blocks = cycle.count().checked_sub(offset.into())?;
    // In floats as all validators do it: not each product is what integers would give.
    let width = blocks as f64 / count as f64;
    let after_offset = (width * index as f64).floor() as i64;
    Some(cycle.start + i64::from(offset) + after_offset)
}

/// How far from its block a batch may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotWindow {
    /// Blocks before its block at which a batch is claimed, and then waits.
    pub early_blocks: u32,
    /// Blocks after its block at which a batch still runs.
    pub late_blocks: u32,
}

impl Default for SlotWindow {
    fn default() -> Self {
        Self {
            early_blocks: 3,
            late_blocks: 3,
        }
    }
}

/// Where a block is, seen from a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// The batch is not yet to be claimed.
    Early,
    /// The batch is to be claimed and waits for its block.
    Claim {
        /// Blocks to wait, from 1.
        blocks: i64,
    },
    /// The batch begins: at its block, or late but not too late.
    Run {
        /// Blocks since the batch's own, from 0.
        late_blocks: i64,
    },
    /// The batch was to begin too long ago.
    Missed,
}

impl SlotWindow {
    /// Where block `now` is, seen from the slot at `block`.
    pub fn timing(self, block: i64, now: u32) -> Timing {
        let late_blocks = i64::from(now).saturating_sub(block);
        match late_blocks {
            late if late > self.late_blocks.into() => Timing::Missed,
            0.. => Timing::Run { late_blocks },
            late if -late <= self.early_blocks.into() => Timing::Claim { blocks: -late },
            _ => Timing::Early,
        }
    }
}
