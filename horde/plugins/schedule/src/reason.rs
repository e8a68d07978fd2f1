//! Why nothing runs, or when it will: the reason, its word for programs, and its words that hold as long as it does.

use horde_calc::schedule::{Timing, cycle};
use horde_events::ChainCondition;
use serde::Serialize;

use crate::Schedule;
use crate::cycle::{Cycle, End};
use crate::decide::code;
use crate::place::{Place, Slot};

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

/// What the schedule is doing, and by what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason<'a> {
    /// The newest block cannot be relied on.
    ChainFault(&'a ChainCondition),
    /// No block was seen since the start.
    NoBlock,
    /// The chain is below the cycle that is stored.
    OtherChain {
        /// First block of that cycle.
        start: u32,
    },
    /// The cycle began below block 0 and has no batch.
    FirstCycle {
        /// The first block after it.
        stop: i64,
    },
    /// The batch was begun.
    Due { at_block: u32 },
    /// The batch is not run.
    Missed { code: &'a str, reason: &'a str },
    /// Serving is off.
    NotServing {
        /// By the config; otherwise by the dynamic config.
        is_by_config: bool,
    },
    /// The validators or their order are not known yet.
    NoOrder {
        /// First block of the cycle.
        start: u32,
        /// The block from which on they are known.
        known_from: u32,
    },
    /// The slot has not come.
    Slot(Slot),
    /// The slot has come, and the miners that serve are not known.
    NoMiners { slot_block: u32 },
}

impl Reason<'_> {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::ChainFault(_) | Self::NoBlock => Code::NoChain,
            Self::Due { .. } => Code::Done,
            Self::Missed { code, .. } if *code == code::NOT_IN_LIST => Code::NotInList,
            Self::Missed { .. } => Code::Missed,
            Self::NotServing { .. } => Code::NotServing,
            Self::OtherChain { .. }
            | Self::FirstCycle { .. }
            | Self::NoOrder { .. }
            | Self::Slot(_)
            | Self::NoMiners { .. } => Code::Waiting,
        }
    }

    /// The reason in words that do not change from block to block.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::ChainFault(condition) => chain_fault(condition),
            Self::NoBlock => {
                "no block was seen since the start: is `horde_chain` loaded?".to_owned()
            }
            Self::OtherChain { start } => format!(
                "waits for block {start}, up to which all is done; the chain is below it: is it another chain?"
            ),
            Self::FirstCycle { stop } => {
                format!("waits for block {stop}: the cycle before it has no batch")
            }
            Self::Due { at_block } => {
                format!("the batch of this cycle was begun at block {at_block}")
            }
            Self::Missed { code, reason } if *code == code::NOT_IN_LIST => (*reason).to_owned(),
            Self::Missed { code, reason } => format!("{code}: {reason}"),
            Self::NotServing { is_by_config: true } => {
                "serving is off: `config.horde_schedule.serving` is false".to_owned()
            }
            Self::NotServing {
                is_by_config: false,
            } => "serving is off by the dynamic config".to_owned(),
            Self::NoOrder { start, known_from } => format!(
                "waits for the validators of the cycle and their order: the neurons at block {start}, known from block {known_from} on"
            ),
            Self::Slot(slot) => format!(
                "waits for block {}: slot {} of {}, counted from 0",
                slot.block, slot.index, slot.count
            ),
            Self::NoMiners { slot_block } => {
                format!("waits for the miners that serve, in the slot at block {slot_block}")
            }
        }
    }
}

fn chain_fault(condition: &ChainCondition) -> String {
    match condition {
        ChainCondition::Following => "the chain is followed".to_owned(),
        ChainCondition::StandsStill { block } => {
            format!("the chain service stands still at block {block}")
        }
        ChainCondition::Unreachable { reason } => {
            format!("the chain service cannot be reached: {reason}")
        }
        ChainCondition::Contradicts { reason } => {
            format!("the chain service contradicts itself: {reason}")
        }
    }
}

impl Schedule {
    /// The cycle that is stored, if it is that of the newest block. After a start with another chain, it can be a later one.
    pub(crate) fn current_cycle(&self) -> Option<&Cycle> {
        let block = self.seen.block.as_ref();
        let of_block = block.map(|block| cycle(block.number, self.owner.netuid));
        let known = self.cycle.as_ref();
        known.filter(|cycle| of_block.is_none_or(|range| cycle.range() == range))
    }

    pub(crate) fn reason(&self) -> Reason<'_> {
        let chain = self.seen.chain.as_ref().map(|state| &state.condition);
        if let Some(condition) = chain.filter(|it| **it != ChainCondition::Following) {
            return Reason::ChainFault(condition);
        }
        let Some(block) = &self.seen.block else {
            return Reason::NoBlock;
        };
        let Some(current) = self.current_cycle() else {
            return self.reason_without_cycle(block.number);
        };
        match &current.end {
            Some(End::Due { at_block }) => Reason::Due {
                at_block: *at_block,
            },
            Some(End::Missed { code, reason, .. }) => Reason::Missed { code, reason },
            None if !self.rules.serving => Reason::NotServing {
                is_by_config: !self.config.serving,
            },
            None => self.reason_to_wait(current, block.number),
        }
    }

    fn reason_without_cycle(&self, number: u32) -> Reason<'_> {
        let range = cycle(number, self.owner.netuid);
        match &self.cycle {
            Some(stored) if i64::from(stored.start) > range.start => Reason::OtherChain {
                start: stored.start,
            },
            _ => Reason::FirstCycle { stop: range.stop },
        }
    }

    fn reason_to_wait(&self, current: &Cycle, number: u32) -> Reason<'_> {
        let Place::Slot(slot) = current.place(&self.owner.hotkey) else {
            return Reason::NoOrder {
                start: current.start,
                known_from: current.start.saturating_add(self.rules.finalization_blocks),
            };
        };
        match self.rules.window.timing(slot.block.into(), number) {
            Timing::Early | Timing::Claim { .. } => Reason::Slot(slot),
            Timing::Run { .. } | Timing::Missed => Reason::NoMiners {
                slot_block: slot.block,
            },
        }
    }
}
