//! When weights are committed to and revealed (section 3.7).

use crate::schedule::BlockRange;

/// How an interval of the chain is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitSettings {
    /// Length of an interval (`DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL`). It must be the chain's.
    pub interval_blocks: u32,
    /// Where commits begin, and reveals must be over.
    pub commit_offset_blocks: u32,
    /// Blocks before the end of an interval in which no commit begins.
    pub commit_buffer_blocks: u32,
    /// Blocks before the first commit in which no reveal begins.
    pub reveal_buffer_blocks: u32,
}

impl Default for CommitSettings {
    fn default() -> Self {
        Self {
            interval_blocks: 722,
            commit_offset_blocks: 361,
            commit_buffer_blocks: 15,
            reveal_buffer_blocks: 15,
        }
    }
}

/// An interval of the chain: first the weights of the one before are revealed, then new ones are committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitInterval {
    /// All blocks of the interval.
    pub blocks: BlockRange,
    /// Blocks in which a reveal may begin.
    pub reveal: BlockRange,
    /// Blocks in which a commit may begin.
    pub commit: BlockRange,
}

impl CommitInterval {
    /// The interval that contains `block`. An interval of 0 blocks counts as one of 1.
    pub fn containing(block: u32, settings: CommitSettings) -> Self {
        let length = i64::from(settings.interval_blocks.max(1));
        let block = i64::from(block);
        let start = block - block % length;
        let stop = start + length;
        let commit_start = start + i64::from(settings.commit_offset_blocks);
        Self {
            blocks: BlockRange { start, stop },
            reveal: BlockRange {
                start,
                stop: commit_start - i64::from(settings.reveal_buffer_blocks),
            },
            commit: BlockRange {
                start: commit_start,
                stop: stop - i64::from(settings.commit_buffer_blocks),
            },
        }
    }

    /// Whether the chain takes the reveal of what was committed to in this interval at `block`: in the next interval only,
    /// and not in its last blocks before commits.
    pub fn may_reveal(self, block: u32, settings: CommitSettings) -> bool {
        let current = Self::containing(block, settings);
        current.blocks.start == self.blocks.stop && current.reveal.contains(block)
    }
}
