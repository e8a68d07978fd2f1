//! Conditions of the weights, for operators. Pure.

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_events::WeightsEnd;
use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::HordeWeights;
use crate::config::Mode;
use crate::cycle::{AttemptKind, AttemptResult, CycleWeights, Step};
use crate::cycles::is_not_serving;
use crate::decide::Wait;
use crate::lasting::waiting;

/// Cycles that are named by one code; the rest share a condition that states their number.
const CYCLES_NAMED_COUNT_MAX: usize = 10;

/// Blocks for which a reading shows a foreign commitment: one and a half cycles. Each cycle that commits or reveals reads again.
const FOREIGN_SHOWN_BLOCKS: u32 = (CYCLE_BLOCKS + CYCLE_BLOCKS / 2) as u32;

/// All that is so now.
pub(crate) fn present(weights: &HordeWeights, now_ms: u64) -> Vec<Condition> {
    let bounded = |conditions, what: &str| {
        let reported = &weights.reported;
        reported.bounded(conditions, CYCLES_NAMED_COUNT_MAX, |rest| {
            format!("{what} {} more cycles", rest.len())
        })
    };
    let (mut failing_cycles, mut waiting_cycles) = (Vec::new(), Vec::new());
    for cycle in weights.cycles.values().filter(|cycle| !cycle.is_over()) {
        failing_cycles.extend(failing(cycle));
        waiting_cycles.extend(waiting(weights, cycle, now_ms));
    }
    let mut conditions = bounded(given_up(weights), "no weights are set for");
    conditions.extend(bounded(failing_cycles, "attempts have no success for"));
    conditions.extend(bounded(waiting_cycles, "weights wait for"));
    conditions.extend(foreign(weights));
    conditions
}

/// Cycles without weights, until a later one has them.
fn given_up(weights: &HordeWeights) -> Vec<Condition> {
    let cycles = weights.cycles.values();
    let newest_set = cycles.clone().rev().find(|cycle| is_set(cycle));
    let newest_set = newest_set.map(|cycle| cycle.cycle_start);
    let (mut conditions, mut follows_fault) = (Vec::new(), false);
    for cycle in cycles.filter(|cycle| Some(cycle.cycle_start) > newest_set) {
        let Step::Over {
            end: WeightsEnd::GivenUp { reason },
            ..
        } = &cycle.step
        else {
            follows_fault = false;
            continue;
        };
        let is_first = weights.cycles.keys().next() == Some(&cycle.cycle_start);
        let severity = match is_fault(cycle, reason, is_first) {
            false => Severity::Info,
            true if follows_fault => Severity::Critical,
            true => Severity::Warning,
        };
        follows_fault = severity > Severity::Info;
        let start = cycle.cycle_start;
        let text = format!(
            "no weights are set for the cycle at block {start}: {}",
            shown(reason)
        );
        let condition = Condition::new("weights_given_up", severity, text);
        let remedy = given_up_remedy(cycle, severity);
        conditions.push(condition.about(start.to_string()).with_remedy(remedy));
    }
    conditions
}

fn is_set(cycle: &CycleWeights) -> bool {
    match &cycle.step {
        Step::Over { end, .. } => !matches!(end, WeightsEnd::GivenUp { .. }),
        _ => false,
    }
}

/// Whether a cycle should have got weights. One in which this validator was first started, or was not to serve, should not.
fn is_fault(cycle: &CycleWeights, reason: &str, is_first: bool) -> bool {
    let has_no_batch = cycle.batch.is_empty();
    let is_first_start = is_first && has_no_batch;
    let is_unwanted =
        is_not_serving(reason) || reason.contains(Wait::ServingOff.to_string().as_str());
    !is_first_start && !is_unwanted
}

fn given_up_remedy(cycle: &CycleWeights, severity: Severity) -> &'static str {
    if severity == Severity::Info {
        "nothing, if this validator was started in the middle of the cycle, or is not to serve; the condition ends with the next weights that are set"
    } else if cycle.batch.is_empty() {
        "keep the host on through its slot: `compute-horde status` shows when it is; the conditions of horde_schedule may say more"
    } else if cycle.sends > 0 {
        "look at the logs of Pylon and of its node: they show what became of the attempts; `compute-horde doctor` looks at hotkey, chain and config"
    } else {
        "remove the cause that the sentence names; `compute-horde doctor` looks at hotkey, chain and config. The condition ends with the next weights that are set"
    }
}

/// Attempts without success. How many they are is not said, for it changes with each.
fn failing(cycle: &CycleWeights) -> Option<Condition> {
    let last = cycle.last.as_ref().filter(|_| cycle.is_failing())?;
    let what = match last.kind {
        AttemptKind::Set => "set",
        AttemptKind::Commit => "commit to",
        AttemptKind::Reveal => "reveal",
    };
    let start = cycle.cycle_start;
    // An accepted attempt may be one of many that were lost: only a final block ends the condition.
    let (last, remedy) = match last.result {
        AttemptResult::Done => (
            "the last one was accepted, and is not in a final block yet".to_owned(),
            "nothing, if it ends within some blocks; if not, look at the logs of Pylon and of its node",
        ),
        AttemptResult::Refused => (
            last.to_words(),
            "remove what the reason names; `compute-horde doctor` looks at hotkey, chain and config",
        ),
        AttemptResult::Failed | AttemptResult::TimedOut => (
            last.to_words(),
            "see whether Pylon and its node run, and whether `url` of horde_chain is right: `compute-horde doctor`",
        ),
    };
    let text = format!(
        "several attempts to {what} the weights of the cycle at block {start} have had no success: {last}"
    );
    let condition = Condition::new("weights_failing", Severity::Warning, text);
    Some(condition.about(start.to_string()).with_remedy(remedy))
}

/// Commitments of this hotkey that another validator has made, where this validator commits itself. The last reading counts for
/// [`FOREIGN_SHOWN_BLOCKS`].
fn foreign(weights: &HordeWeights) -> Option<Condition> {
    let rules = &weights.rules;
    if rules.mode != Mode::CommitReveal || !rules.serving {
        return None;
    }
    let (readings, newest) = (&weights.readings, weights.readings.block?);
    let commits = readings.commits.as_ref()?;
    // Commitments are read only while a cycle commits or reveals: without a next cycle there is no reading that would end this.
    if commits.block.saturating_add(FOREIGN_SHOWN_BLOCKS) < newest {
        return None;
    }
    let mut foreign = commits.commits.iter();
    foreign.find(|commit| !weights.is_ours(&commit.commit_hash))?;
    let text = "our hotkey has committed to weights that are not ours: another validator runs with it, or this store is not the newest";
    let condition = Condition::new("foreign_commitment", Severity::Warning, text);
    Some(condition.with_remedy(
        "stop one of the two validators; the log names commitment and block. The chain takes one commitment of a hotkey in an interval, so ours may be refused",
    ))
}
