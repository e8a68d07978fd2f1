//! Epochs, cycles, windows and slots.

use horde_calc::schedule::{BlockRange, cycle, epoch, slot_block};
use horde_calc::weights::{CommitInterval, CommitSettings};
use serde_json::json;

use super::pair;
use crate::case::{Case, Checked, equal};
use crate::deviation::Law;
use crate::files::{List, no_law};

/// `epoch_boundaries.json`: what the chain does, and what the validator of November 2024 made of it.
pub(crate) const BOUNDARIES: List = List {
    name: "rows",
    check: |_, case| {
        let (block, netuid) = place(case)?;
        check_chain(block, netuid, case)?;
        let ours = pair(epoch(block, netuid));
        equal("epoch", case.get("nov_2024_epoch"), ours)
    },
    uphold: |_, law, case| {
        let (block, netuid) = place(case)?;
        check_chain(block, netuid, case)?;
        next_epoch(law, case.field("nov_2024_epoch")?, block, netuid)
    },
};

pub(super) const EPOCHS: List = List {
    name: "epoch",
    check: |_, case| {
        let (block, netuid) = place(case)?;
        let BlockRange { start, stop } = epoch(block, netuid);
        case.same_fields(&json!({"start": start, "stop": stop}))
    },
    uphold: |_, law, case| {
        let (block, netuid) = place(case)?;
        let named = [case.field("start")?, case.field("stop")?];
        next_epoch(law, named, block, netuid)
    },
};

pub(super) const CYCLES: List = List {
    name: "cycle",
    check: |_, case| {
        let (block, netuid) = place(case)?;
        let BlockRange { start, stop } = cycle(block, netuid);
        case.same_fields(&json!({"start": start, "stop": stop}))
    },
    uphold: no_law,
};

pub(super) const COMMIT_WINDOWS: List = List {
    name: "commit_reveal",
    check: |_, case| {
        let block = case.field("block")?;
        let interval = CommitInterval::containing(block, CommitSettings::default());
        case.same_fields(&json!({
            "start": interval.blocks.start,
            "stop": interval.blocks.stop,
            "reveal": pair(interval.reveal),
            "commit": pair(interval.commit),
            "in_commit": interval.commit.contains(block),
            "in_reveal": interval.reveal.contains(block),
        }))
    },
    uphold: no_law,
};

pub(super) const SLOTS: List = List {
    name: "job_start_block",
    check: |_, case| {
        let [start, stop] = case.field("cycle")?;
        let cycle = BlockRange { start, stop };
        let offset = case.field("offset")?;
        let block = slot_block(cycle, offset, case.field("total")?, case.field("index")?);
        equal("block", case.get("block"), block)
    },
    uphold: no_law,
};

fn place(case: Case<'_>) -> Result<(u32, u16), String> {
    Ok((case.field("block")?, case.field("netuid")?))
}

fn check_chain(block: u32, netuid: u16, case: Case<'_>) -> Checked {
    let (epoch, cycle) = (pair(epoch(block, netuid)), pair(cycle(block, netuid)));
    case.same_fields(&json!({"epoch": epoch, "cycle": cycle}))
}

/// Upholds [`Law::NextEpoch`].
fn next_epoch(law: &Law, named: [i64; 2], block: u32, netuid: u16) -> Checked {
    let Law::NextEpoch = law else {
        return Err("this file has no such law".into());
    };
    let ours = epoch(block, netuid);
    let [_, stop] = named;
    if stop == i64::from(block) && ours.start == stop && ours.contains(block) {
        Ok(())
    } else {
        Err(format!("the epoch is {:?} after {named:?}", pair(ours)).into())
    }
}
