//! Why nothing runs, or when it will: in words and with a word for programs.

use horde_calc::schedule::{BlockRange, Timing, cycle};
use horde_calc::weights::CommitInterval;
use horde_events::{Block, ChainCondition, ChainState};
use serde::{Serialize, Serializer};

use crate::Schedule;
use crate::cycle::{Cycle, End};
use crate::decide::code;
use crate::place::{Place, Slot};

/// Exit code of `run_synthetic_jobs` if the block of the slot has not come.
pub(crate) const NOT_YET: u8 = 24;

/// What the schedule is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The batch of the cycle was given to `horde_batch`.
    Done,
    /// It waits for a block.
    Waiting,
    /// The hotkey is not among the validators of the cycle.
    NotInList,
    /// Serving is off.
    NotServing,
    /// The batch of the cycle was not run and will not be.
    Missed,
    /// No block is seen.
    NoChain,
}

impl Code {
    /// With which `schedule_synthetic_jobs` ends; those below 20 are the host's.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Done | Self::Waiting => 0,
            Self::NotInList => 20,
            Self::NotServing => 21,
            Self::Missed => 22,
            Self::NoChain => 23,
        }
    }
}

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
        // After a start with another chain, what is stored can be of a later block.
        let current = known.filter(|cycle| of_block.is_none_or(|range| cycle.range() == range));
        let (code, text) = self.explain(current);
        let place = current.map(|cycle| cycle.place(&self.owner.hotkey));
        Status {
            code,
            text,
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

    fn explain(&self, current: Option<&Cycle>) -> (Code, String) {
        if let Some(text) = self.chain_fault() {
            return (Code::NoChain, text);
        }
        let Some(number) = self.seen.block.as_ref().map(|block| block.number) else {
            let text = "no block was seen since the start: is `horde_chain` loaded?".to_owned();
            return (Code::NoChain, text);
        };
        let Some(current) = current else {
            return (Code::Waiting, self.explain_other_cycle(number));
        };
        match &current.end {
            Some(End::Due { at_block }) => {
                let text = format!("the batch of this cycle was begun at block {at_block}");
                return (Code::Done, text);
            }
            Some(End::Missed { code, reason, .. }) if code == code::NOT_IN_LIST => {
                return (Code::NotInList, reason.clone());
            }
            Some(End::Missed { code, reason, .. }) => {
                return (Code::Missed, format!("{code}: {reason}"));
            }
            None => {}
        }
        if !self.rules.serving {
            let text = if self.config.serving {
                "serving is off by the dynamic config"
            } else {
                "serving is off: `config.horde_schedule.serving` is false"
            };
            return (Code::NotServing, text.to_owned());
        }
        (Code::Waiting, self.explain_waiting(current, number))
    }

    /// Why the newest block cannot be relied on, if so.
    fn chain_fault(&self) -> Option<String> {
        let state = self.seen.chain.as_ref()?;
        let text = match &state.condition {
            ChainCondition::Following => return None,
            ChainCondition::StandsStill { block } => {
                format!("the chain service stands still at block {block}")
            }
            ChainCondition::Unreachable { reason } => {
                format!("the chain service cannot be reached: {reason}")
            }
            ChainCondition::Contradicts { reason } => {
                format!("the chain service contradicts itself: {reason}")
            }
        };
        Some(text)
    }

    fn explain_other_cycle(&self, number: u32) -> String {
        let range = cycle(number, self.owner.netuid);
        match &self.cycle {
            Some(stored) if i64::from(stored.start) > range.start => format!(
                "waits for block {}, up to which all is done; the chain is at block {number}: is it another chain?",
                stored.start
            ),
            _ => format!(
                "waits for block {}: the cycle of block {number} began below block 0 and has no batch",
                range.stop
            ),
        }
    }

    fn explain_waiting(&self, current: &Cycle, number: u32) -> String {
        let Place::Slot(slot) = current.place(&self.owner.hotkey) else {
            let final_block = current.start.saturating_add(self.rules.finalization_blocks);
            return format!(
                "waits for the validators of the cycle and their order: the neurons at block {}, known from block {final_block} on",
                current.start
            );
        };
        match self.rules.window.timing(slot.block.into(), number) {
            Timing::Early | Timing::Claim { .. } => {
                let blocks = slot.block.saturating_sub(number);
                let seconds = u64::from(blocks).saturating_mul(self.config.block_ms) / 1000;
                format!(
                    "waits for block {}, {blocks} blocks or about {seconds} s from now: slot {} of {}, counted from 0",
                    slot.block, slot.index, slot.count
                )
            }
            Timing::Run { .. } | Timing::Missed => format!(
                "waits for the miners that serve, in the slot at block {}",
                slot.block
            ),
        }
    }
}

fn missed_code(cycle: &Cycle) -> Option<&str> {
    match &cycle.end {
        Some(End::Missed { code, .. }) => Some(code),
        _ => None,
    }
}
