//! What is to be done at a block: pure functions of what is stored.

use horde_calc::schedule::{STAKE_MIN, Timing, VALIDATORS_MAX};

use crate::cycle::{Cycle, Hindrance};
use crate::place::{Place, Slot};
use crate::rules::Rules;

/// Words of [`horde_events::BatchMissed`] that the schedule uses.
pub(crate) mod code {
    /// The slot was over before the batch could begin.
    pub(crate) const OVERSLEPT: &str = "overslept";
    /// Serving was off.
    pub(crate) const NOT_SERVING: &str = "not_serving";
    /// The hotkey is not among the validators.
    pub(crate) const NOT_IN_LIST: &str = "not_in_list";
    /// The chain service did not say what is needed.
    pub(crate) const CHAIN: &str = "chain";
}

/// What is to be done with a cycle that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing at this block.
    Wait,
    /// The batch cannot begin at this block of its slot, but may at a later one.
    Hold(Hindrance),
    /// The batch begins.
    Begin {
        slot: Slot,
        /// Blocks in which it still may, this one included.
        blocks_left: u32,
    },
    /// The batch will not be run.
    Miss(Miss),
}

/// Why a batch is not run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Miss {
    pub(crate) slot_block: Option<u32>,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// Decides at block `number`, which is one of the cycle's.
pub(crate) fn decide(cycle: &Cycle, hotkey: &str, rules: &Rules, number: u32) -> Decision {
    if cycle.seed.is_none() && cycle.seed_block(rules).is_none() {
        return Decision::Miss(Miss {
            slot_block: None,
            code: code::CHAIN,
            reason: format!(
                "the order of validators comes from the hash {} blocks before block {}, and a chain begins with block 0",
                rules.finalization_blocks, cycle.start
            ),
        });
    }
    let slot = match cycle.place(hotkey) {
        Place::Unknown => return Decision::Wait,
        Place::NotListed { count } => return Decision::Miss(not_in_list(cycle, hotkey, count)),
        Place::Slot(slot) => slot,
    };
    match rules.window.timing(slot.block.into(), number) {
        Timing::Early | Timing::Claim { .. } => Decision::Wait,
        Timing::Missed => Decision::Miss(overslept(cycle, slot, rules, number)),
        Timing::Run { .. } if !rules.serving => Decision::Hold(Hindrance::NotServing),
        Timing::Run { .. } if cycle.miners.is_none() => Decision::Hold(Hindrance::NoMiners),
        Timing::Run { .. } => {
            let last_of_cycle = u32::try_from(cycle.range().stop - 1).unwrap_or(u32::MAX);
            let last = slot.block.saturating_add(rules.window.late_blocks);
            Decision::Begin {
                slot,
                blocks_left: last.min(last_of_cycle).saturating_sub(number) + 1,
            }
        }
    }
}

/// Why a cycle without an end has none, seen from a block of a later cycle.
pub(crate) fn miss_of_past(cycle: &Cycle, hotkey: &str, rules: &Rules, number: u32) -> Miss {
    match cycle.place(hotkey) {
        Place::Slot(slot) => overslept(cycle, slot, rules, number),
        Place::NotListed { count } => not_in_list(cycle, hotkey, count),
        Place::Unknown => Miss {
            slot_block: None,
            code: code::CHAIN,
            reason: format!(
                "the validators of the cycle at block {} and their order were not known while it lasted",
                cycle.start
            ),
        },
    }
}

/// Why a cycle of which no block was seen has no batch.
pub(crate) fn miss_of_unseen(start: u32, number: u32) -> Miss {
    Miss {
        slot_block: None,
        code: code::OVERSLEPT,
        reason: format!(
            "no block of the cycle at block {start} was seen before block {number} came"
        ),
    }
}

fn not_in_list(cycle: &Cycle, hotkey: &str, count: usize) -> Miss {
    Miss {
        slot_block: None,
        code: code::NOT_IN_LIST,
        reason: format!(
            "{hotkey} is not one of the {count} validators at block {}, which are those with a total stake of at least \
             {STAKE_MIN}, at most {VALIDATORS_MAX} of them",
            cycle.start
        ),
    }
}

fn overslept(cycle: &Cycle, slot: Slot, rules: &Rules, number: u32) -> Miss {
    let slot_block = slot.block;
    let (code, reason) = match cycle.hindrance {
        Some(Hindrance::NotServing) => (
            code::NOT_SERVING,
            format!("serving was off in the slot at block {slot_block}"),
        ),
        Some(Hindrance::NoMiners) => (
            code::CHAIN,
            format!(
                "the chain service did not say which miners serve in the slot at block {slot_block}"
            ),
        ),
        None => (
            code::OVERSLEPT,
            format!(
                "block {number} came, more than {} after the slot at block {slot_block}, and none between was seen",
                rules.window.late_blocks
            ),
        ),
    };
    Miss {
        slot_block: Some(slot_block),
        code,
        reason,
    }
}

/// Of which blocks the neurons are to be asked for at block `number`; `None` is the newest one.
pub(crate) fn neurons_wanted(
    cycle: &Cycle,
    hotkey: &str,
    rules: &Rules,
    number: u32,
) -> Vec<Option<u32>> {
    if cycle.end.is_some() {
        return Vec::new();
    }
    match cycle.place(hotkey) {
        Place::Unknown => {
            let mut wanted = Vec::new();
            if cycle.seed.is_none() {
                wanted.extend(cycle.seed_block(rules).map(Some));
            }
            let is_final = number.saturating_sub(cycle.start) >= rules.finalization_blocks;
            if cycle.validators.is_none() && is_final {
                wanted.push(Some(cycle.start));
            }
            wanted.dedup();
            wanted
        }
        Place::Slot(slot) if rules.serving && is_near(slot, rules, number) => vec![None],
        _ => Vec::new(),
    }
}

/// Whether links to the miners are opened, seen from block `number`.
pub(crate) fn is_near(slot: Slot, rules: &Rules, number: u32) -> bool {
    number.saturating_add(rules.links_ahead_blocks) >= slot.block
}
