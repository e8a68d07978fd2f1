//! What is shown of the schedule: the answer of its route, and the value of its commands.

use horde_calc::schedule::{BlockRange, cycle};
use horde_calc::weights::CommitInterval;
use horde_events::{Block, ChainState};
use serde::{Serialize, Serializer};

use crate::Schedule;
use crate::cycle::{Cycle, End};
use crate::place::{Place, Slot};
use crate::reason::{Code, Reason};

/// Exit code of `run_synthetic_jobs` if the block of the slot has not come.
pub(crate) const NOT_YET: u8 = 24;

/// Answer of `GET /horde/schedule`, and value of the commands.
#[derive(Debug, Serialize)]
pub(crate) struct Status<'a> {
    pub(crate) code: Code,
    /// The same in words.
    pub(crate) text: String,
    /// The word of `horde_batch_missed`, if the batch is missed.
    missed: Option<&'a str>,
    /// Of the host's clock, in Unix milliseconds.
    now_ms: u64,
    /// The newest block, of which all else is.
    block: Option<&'a Block>,
    chain: Option<&'a ChainState>,
    hotkey: &'a str,
    netuid: u16,
    /// Whether batches may run.
    serving: bool,
    /// The cycle of the newest block; without one, the newest that was seen.
    cycle: Option<Blocks>,
    slot: Option<Slot>,
    links: Option<Links>,
    /// When weights are committed to and revealed (section 3.7).
    commit: Option<CommitWindows>,
}

#[derive(Debug, Serialize)]
struct Links {
    miners: usize,
    of_block: u32,
}

#[derive(Debug, Serialize)]
struct CommitWindows {
    of_block: u32,
    interval: Blocks,
    /// Blocks at which a reveal may begin.
    reveal: Blocks,
    /// Blocks at which a commitment may begin.
    commit: Blocks,
}

/// A range of blocks; `stop` is the first one after them.
#[derive(Debug)]
struct Blocks(BlockRange);

impl Serialize for Blocks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Range {
            start: i64,
            stop: i64,
        }
        let BlockRange { start, stop } = self.0;
        Range { start, stop }.serialize(serializer)
    }
}

impl Schedule {
    pub(crate) fn status(&self, now_ms: u64) -> Status<'_> {
        let block = self.seen.block.as_ref();
        let number = block.map(|block| block.number);
        let of_block = number.map(|number| cycle(number, self.owner.netuid));
        let known = self.cycle.as_ref();
        let current = self.current_cycle();
        let reason = self.reason();
        let place = current.map(|cycle| cycle.place(&self.owner.hotkey));
        Status {
            code: reason.code(),
            text: self.words(&reason),
            missed: current.and_then(missed_code),
            now_ms,
            block,
            chain: self.seen.chain.as_ref(),
            hotkey: &self.owner.hotkey,
            netuid: self.owner.netuid,
            serving: self.rules.serving,
            cycle: of_block.or(known.map(Cycle::range)).map(Blocks),
            slot: match place {
                Some(Place::Slot(slot)) => Some(slot),
                _ => None,
            },
            links: current
                .and_then(|cycle| cycle.miners.as_ref())
                .map(|miners| Links {
                    miners: miners.addresses.len(),
                    of_block: miners.block,
                }),
            commit: number.map(|number| self.commit_windows(number)),
        }
    }

    fn commit_windows(&self, number: u32) -> CommitWindows {
        let interval = CommitInterval::containing(number, self.rules.commit);
        CommitWindows {
            of_block: number,
            interval: Blocks(interval.blocks),
            reveal: Blocks(interval.reveal),
            commit: Blocks(interval.commit),
        }
    }

    /// The reason in words, with how far the newest block is from it.
    fn words(&self, reason: &Reason<'_>) -> String {
        let number = self.seen.block.as_ref().map_or(0, |block| block.number);
        match reason {
            Reason::OtherChain { start } => format!(
                "waits for block {start}, up to which all is done; the chain is at block {number}: is it another chain?"
            ),
            Reason::FirstCycle { stop } => format!(
                "waits for block {stop}: the cycle of block {number} began below block 0 and has no batch"
            ),
            Reason::Slot(slot) => {
                let blocks = slot.block.saturating_sub(number);
                let seconds = u64::from(blocks).saturating_mul(self.config.block_ms) / 1000;
                format!(
                    "waits for block {}, {blocks} blocks or about {seconds} s from now: slot {} of {}, counted from 0",
                    slot.block, slot.index, slot.count
                )
            }
            _ => reason.text(),
        }
    }
}

fn missed_code(cycle: &Cycle) -> Option<&str> {
    match &cycle.end {
        Some(End::Missed { code, .. }) => Some(code),
        _ => None,
    }
}
