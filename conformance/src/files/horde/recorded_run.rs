//! `weights_commit_reveal.json`: the calls that a real run made, from the block hash of a cycle to the reveal.

use horde_calc::schedule::{BATCH_OFFSET_BLOCKS, cycle, slot_block};
use horde_calc::weights::{
    CommitInterval, CommitSettings, WeightLimits, process_weights, quantize_for_commit,
};
use serde_json::{Value, json};

use super::{pair, scores};
use crate::case::{Case, Checked, equal, field, same_fields, text};
use crate::files::{List, WHOLE_FILE, no_law};

pub(crate) const RUN: List = List {
    name: WHOLE_FILE,
    check: |_, case| {
        check_schedule(case)?;
        check_weights(case)?;
        check_windows(case)
    },
    uphold: no_law,
};

/// Limits of the subnet that the run was on: none.
const LIMITS: WeightLimits = WeightLimits {
    count_min: 1,
    share_max: 1.0,
};

/// Blocks before a cycle whose hash is asked for.
const FINALIZATION_BLOCKS: i64 = 3;

/// The data of the steps of this name.
fn steps<'a>(case: Case<'a>, name: &str) -> Result<Vec<&'a Value>, String> {
    let steps = case.whole().as_array().ok_or("not a list of steps")?;
    let named = steps.iter().filter(|step| step[0] == name);
    let data: Vec<_> = named.map(|step| &step[1]).collect();
    if data.is_empty() {
        return Err(format!("no step `{name}`"));
    }
    Ok(data)
}

fn check_schedule(case: Case<'_>) -> Checked {
    let commit = steps(case, "commit_weights")?[0];
    let scheduled = steps(case, "scheduled")?[0];
    let block: u32 = field(scheduled, "block")?;
    let cycle = cycle(block, field(commit, "netuid")?);
    // The run was alone on its subnet.
    let slot = slot_block(cycle, BATCH_OFFSET_BLOCKS, 1, 0);
    same_fields(scheduled, &json!({"cycle": pair(cycle), "block": slot}))?;
    let hash_block = cycle.start - FINALIZATION_BLOCKS;
    equal(
        "block of the hash",
        steps(case, "get_block_hash")?[0],
        hash_block,
    )
}

fn check_weights(case: Case<'_>) -> Checked {
    let commit = steps(case, "commit_weights")?[0];
    let recorded = steps(case, "scores")?[0];
    let scores = scores(recorded)?;
    // The miners follow the validator, uid 0, in the order of their scores in the file.
    let names = recorded.as_object().into_iter().flatten();
    let weights = names.map(|(name, _)| scores[name] as f32);
    let weights: Vec<f32> = std::iter::once(0.0).chain(weights).collect();
    let processed = process_weights(&weights, LIMITS).map_err(text)?;
    let values = quantize_for_commit(&processed.weights, u16::MAX);
    let expected = json!({"uids": processed.uids, "weights": values});
    for name in ["commit_weights", "db_weights", "reveal_weights"] {
        same_fields(steps(case, name)?[0], &expected)?;
        equal("salt", &commit["salt"], &steps(case, name)?[0]["salt"])?;
    }
    Ok(())
}

fn check_windows(case: Case<'_>) -> Checked {
    let settings = CommitSettings::default();
    let blocks = steps(case, "block")?;
    let [committed, revealed] = blocks[..] else {
        return Err("not two steps `block`".into());
    };
    let committed = serde_json::from_value(committed.clone()).map_err(text)?;
    let revealed = serde_json::from_value(revealed.clone()).map_err(text)?;
    let interval = CommitInterval::containing(committed, settings);
    equal(
        "in the commit window",
        &json!(true),
        interval.commit.contains(committed),
    )?;
    equal(
        "in the reveal window",
        &json!(true),
        interval.may_reveal(revealed, settings),
    )
}
