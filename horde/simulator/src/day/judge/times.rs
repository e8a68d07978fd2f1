//! When what happened to the chain and to the validator, in blocks: what explains that something was not done.

use horde_calc::schedule::BlockRange;

/// What has happened.
#[derive(Debug, Default)]
pub(super) struct Times {
    newest: u32,
    /// Blocks at which the chain had faults.
    faulty: Vec<u32>,
    /// Blocks at which this validator was not registered.
    unregistered: Vec<u32>,
    /// Miners and blocks at which they were not registered.
    absent: Vec<(usize, u32)>,
    /// Blocks at which the host was killed.
    kills: Vec<u32>,
}

impl Times {
    pub(super) fn newest(&self) -> u32 {
        self.newest
    }

    pub(super) fn block(&mut self, number: u32, is_faulty: bool, is_ours: bool, miners: &[bool]) {
        self.newest = number;
        if is_faulty {
            self.note_fault();
        }
        if !is_ours {
            self.unregistered.push(number);
        }
        for (miner, _) in miners.iter().enumerate().filter(|(_, is_here)| !**is_here) {
            self.absent.push((miner, number));
        }
    }

    /// What is wrong now is so until the next block.
    pub(super) fn note_fault(&mut self) {
        self.faulty.extend([self.newest, self.newest + 1]);
    }

    pub(super) fn note_kill(&mut self) {
        self.kills.push(self.newest);
    }

    /// Whether the chain has done at all times what was asked of it: it had no faults, and this validator was registered.
    pub(super) fn is_chain_true(&self) -> bool {
        self.faulty.is_empty() && self.unregistered.is_empty()
    }

    /// Whether the chain had faults at one of these blocks.
    pub(super) fn is_faulty(&self, blocks: BlockRange) -> bool {
        self.faulty.iter().any(|block| contains(blocks, *block))
    }

    /// Whether this validator was not registered at one of these blocks.
    pub(super) fn is_unregistered(&self, blocks: BlockRange) -> bool {
        let mut unregistered = self.unregistered.iter();
        unregistered.any(|block| contains(blocks, *block))
    }

    /// Whether a miner was not registered at one of these blocks.
    pub(super) fn is_absent(&self, miner: usize, blocks: BlockRange) -> bool {
        let mut absent = self.absent.iter();
        absent.any(|(one, block)| *one == miner && contains(blocks, *block))
    }

    /// Whether any miner was not registered at one of these blocks.
    pub(super) fn is_any_absent(&self, blocks: BlockRange) -> bool {
        self.absent
            .iter()
            .any(|(_, block)| contains(blocks, *block))
    }

    /// How often the host was killed at these blocks.
    pub(super) fn kills(&self, blocks: BlockRange) -> usize {
        let kills = self.kills.iter();
        kills.filter(|block| contains(blocks, **block)).count()
    }
}

fn contains(blocks: BlockRange, block: u32) -> bool {
    (blocks.start..blocks.stop).contains(&i64::from(block))
}
