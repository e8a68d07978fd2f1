//! Until the weights of a cycle are set or committed to.

use horde_calc::weights::CommitInterval;
use horde_events::WeightsEnd;

use super::{Action, INCLUSION_BLOCKS, View, Wait, attempt, give_up, interval};
use crate::config::Mode;
use crate::cycle::CycleWeights;
use crate::intent::{Intent, Way};
use crate::readings::{LimitsRead, OwnPlace, Reading};
use crate::rules::Rules;

/// Scores are there; the weights are not decided.
pub(super) fn before_plan(cycle: &CycleWeights, view: View<'_>) -> Action {
    if view.block < cycle.stop {
        return Action::Wait(Wait::CycleRuns { stop: cycle.stop });
    }
    if let Some(cycle_start) = view.earlier {
        return Action::Wait(Wait::EarlierCycle { cycle_start });
    }
    let is_commit = view.rules.mode == Mode::CommitReveal;
    if let Some(wait) = closed(is_commit, view.block, view.rules) {
        return Action::Wait(wait);
    }
    if view.rules.mode != Mode::Pylon {
        let Some(limits) = view.readings.current_limits(view.block) else {
            return Action::Read(Reading::Limits);
        };
        if let Some(fault) = mismatch(limits, view.rules) {
            return Action::Wait(Wait::Mismatch { fault });
        }
    }
    // Those of the running cycle may still be deregistered.
    let read_after = cycle.stop.saturating_sub(1);
    match view.readings.current_neurons(view.block, read_after) {
        None => Action::Read(Reading::Neurons),
        Some(neurons) if neurons.own.is_none() => {
            let block = neurons.block;
            Action::Wait(Wait::NotRegistered { block })
        }
        Some(_) => Action::Plan,
    }
}

/// The weights are decided and stored.
pub(super) fn next(cycle: &CycleWeights, intent: &Intent, view: View<'_>) -> Action {
    if let Some(pending) = &cycle.pending {
        return Action::Wait(pending.wait());
    }
    match &intent.way {
        Way::Commit { commit_hash, .. } => committing(cycle, commit_hash, view),
        Way::Direct(_) => setting(cycle, intent, INCLUSION_BLOCKS, view),
        Way::Pylon { .. } => setting(cycle, intent, view.rules.repeat_blocks, view),
    }
}

fn committing(cycle: &CycleWeights, commit_hash: &str, view: View<'_>) -> Action {
    let Some(commits) = view.readings.current_commits(view.block, cycle.read_after) else {
        return Action::Read(Reading::Commits);
    };
    if let Some(block) = commits.block_of(commit_hash) {
        return match is_final(block, commits.block, view) {
            true => Action::Confirm { block },
            false => Action::Wait(Wait::Finality { block }),
        };
    }
    if let Some(wait) = closed(true, view.block, view.rules) {
        return Action::Wait(wait);
    }
    let made = (cycle.sends, view.rules.send);
    attempt(cycle, made, INCLUSION_BLOCKS, Action::Send, view)
}

fn setting(cycle: &CycleWeights, intent: &Intent, inclusion_blocks: u32, view: View<'_>) -> Action {
    let Some(neurons) = view.readings.current_neurons(view.block, cycle.read_after) else {
        return Action::Read(Reading::Neurons);
    };
    let Some(OwnPlace { uid, last_update }) = neurons.own else {
        let block = neurons.block;
        return Action::Wait(Wait::NotRegistered { block });
    };
    // A registration is an update, too: whether it was one of these weights is not known any more.
    if let Some(earlier) = intent.uid.filter(|earlier| *earlier != uid) {
        return give_up(format!(
            "our hotkey was registered anew, with uid {uid} in place of {earlier}, and the new place has no weights"
        ));
    }
    // A block before that of the decision says nothing of these weights.
    let is_set = last_update > intent.last_update && last_update >= intent.block;
    if cycle.sends > 0 && is_set {
        return match is_final(last_update, neurons.block, view) {
            true => Action::End(WeightsEnd::Applied { block: last_update }),
            false => Action::Wait(Wait::Finality { block: last_update }),
        };
    }
    if let Some(wait) = closed(false, view.block, view.rules) {
        return Action::Wait(wait);
    }
    let made = (cycle.sends, view.rules.send);
    attempt(cycle, made, inclusion_blocks, Action::Send, view)
}

/// Why nothing may be sent at this block.
pub(crate) fn closed(is_commit: bool, block: u32, rules: &Rules) -> Option<Wait> {
    if !rules.serving {
        return Some(Wait::ServingOff);
    }
    let intervals = rules.intervals;
    let interval = CommitInterval::containing(block, intervals);
    if !is_commit || interval.commit.contains(block) {
        return None;
    }
    let start = match i64::from(block) < interval.commit.start {
        true => interval.commit.start,
        false => interval.blocks.stop + i64::from(intervals.commit_offset_blocks),
    };
    Some(Wait::CommitWindow { start })
}

/// What of the config the subnet would refuse.
pub(crate) fn mismatch(limits: &LimitsRead, rules: &Rules) -> Option<String> {
    let limits = limits.limits.as_ref()?;
    let is_commit = rules.mode == Mode::CommitReveal;
    let (ours, theirs) = (
        rules.intervals.interval_blocks,
        limits.commit_reveal_interval,
    );
    if is_commit != limits.is_commit_reveal {
        let (verb, mode) = match limits.is_commit_reveal {
            true => ("wants", Mode::CommitReveal),
            false => ("has no", Mode::Direct),
        };
        let remedy = match mode == rules.configured_mode {
            // The section says so, and the dynamic config has replaced it.
            true => "set DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED to true".to_owned(),
            false => format!("set `mode` of horde_weights to `{}`", mode.name()),
        };
        Some(format!(
            "the subnet {verb} commitments to weights: {remedy}"
        ))
    } else if is_commit && ours != theirs {
        let remedy = interval::remedy(rules.intervals, theirs, rules.is_dynamic);
        Some(format!(
            "an interval of the subnet has {theirs} blocks, and one of the config {ours}: weights committed to could not be revealed; {remedy}"
        ))
    } else {
        None
    }
}

/// Whether what is in `block` is there to stay, by a reading of `read_block`.
fn is_final(block: u32, read_block: u32, view: View<'_>) -> bool {
    read_block >= block.saturating_add(view.rules.finality_blocks)
}
