//! Conditions of weights that wait for many blocks, for operators. Pure.
//!
//! Blocks come all the time, and the chain is read again and again: what passes within some blocks is not reported, and what lasts does
//! not end with each reading.

use tig_plugin_api::{Condition, Severity};

use crate::HordeWeights;
use crate::cycle::{AttemptResult, CycleWeights, Step};
use crate::decide::{Wait, closed, mismatch};
use crate::readings::Reading;

/// Readings in a row that have failed, from which on the chain cannot be read.
const UNREADABLE_COUNT_MIN: u32 = 2;

/// Blocks for which neurons still say that this validator is not registered, while new ones are read.
const NEURONS_SHOWN_BLOCKS: u32 = 10;

/// The same for limits of the subnet that do not fit the config: they are read once in 50 blocks.
const LIMITS_SHOWN_BLOCKS: u32 = 60;

/// What keeps the weights of a cycle from the chain.
pub(crate) fn waiting(
    weights: &HordeWeights,
    cycle: &CycleWeights,
    now_ms: u64,
) -> Option<Condition> {
    let lasting = match weights.wait(cycle, now_ms)? {
        Wait::Reading(what) => {
            behind_reading(weights, cycle, what).or_else(|| accepted_weights(cycle))
        }
        Wait::Inclusion { .. } | Wait::Finality { .. } => accepted_weights(cycle),
        wait => lasting(weights, cycle, &wait),
    }?;
    let start = cycle.cycle_start;
    let words = lasting.words;
    let text = format!("the weights of the cycle at block {start} wait: {words}");
    let condition = Condition::new("weights_waiting", lasting.severity, text);
    let condition = condition.about(start.to_string());
    Some(condition.with_remedy(lasting.remedy))
}

/// A wait of many blocks.
struct Lasting {
    severity: Severity,
    words: String,
    remedy: &'static str,
}

/// The wait, if it is one of many blocks.
fn lasting(weights: &HordeWeights, cycle: &CycleWeights, wait: &Wait) -> Option<Lasting> {
    let is_over = weights.readings.block >= Some(cycle.stop);
    let (severity, remedy) = match wait {
        Wait::Scores => (
            // A scorer answers a batch at once.
            if is_over {
                Severity::Warning
            } else {
                Severity::Info
            },
            "see whether a scorer is among the `extensions`, such as horde_score, and what its log says",
        ),
        Wait::CycleRuns { .. }
        | Wait::EarlierCycle { .. }
        | Wait::CommitWindow { .. }
        | Wait::RevealWindow { .. } => (Severity::Info, "nothing: it passes by itself"),
        Wait::ServingOff => (
            Severity::Info,
            "nothing, or set SERVING in the dynamic config",
        ),
        Wait::Block => (
            Severity::Info,
            "nothing, if the host has just started; if not, see the conditions of horde_chain",
        ),
        Wait::NotRegistered { .. } => return Some(missing_registration(weights)),
        Wait::Mismatch { .. } => (
            Severity::Critical,
            "correct the config as the sentence says: nothing is sent that could not be revealed, or that the subnet would refuse",
        ),
        Wait::Answer { .. }
        | Wait::Pause { .. }
        | Wait::Inclusion { .. }
        | Wait::Finality { .. }
        | Wait::Reading(_)
        | Wait::Over => return None,
    };
    let words = wait.to_string();
    Some(Lasting {
        severity,
        words,
        remedy,
    })
}

/// In other words than the wait has, which name the block of the last reading.
fn missing_registration(weights: &HordeWeights) -> Lasting {
    let (hotkey, netuid) = (weights.hotkey.address(), weights.config.netuid);
    Lasting {
        severity: Severity::Critical,
        words: format!("our hotkey {hotkey} is not registered on subnet {netuid}"),
        remedy: "register the hotkey; if it is registered, correct `key` or `netuid` of horde_weights",
    }
}

/// The wait that the last reading has shown and that this one will show again; or that there is no answer.
fn behind_reading(weights: &HordeWeights, cycle: &CycleWeights, what: Reading) -> Option<Lasting> {
    let readings = &weights.readings;
    let block = readings.block?;
    let is_recent = |read: u32, blocks| read.saturating_add(blocks) >= block;
    let limits = readings.limits.as_ref();
    let limits = limits.filter(|limits| is_recent(limits.block, LIMITS_SHOWN_BLOCKS));
    if what == Reading::Limits
        && let Some(fault) = limits.and_then(|limits| mismatch(limits, &weights.rules))
    {
        return lasting(weights, cycle, &Wait::Mismatch { fault });
    }
    let neurons = readings.neurons.as_ref();
    let neurons = neurons.filter(|neurons| is_recent(neurons.block, NEURONS_SHOWN_BLOCKS));
    if what != Reading::Commits && neurons.is_some_and(|neurons| neurons.own.is_none()) {
        return Some(missing_registration(weights));
    }
    // Neurons are read by horde_chain for all extensions, which reports it if it cannot.
    if what != Reading::Neurons && readings.unheard >= UNREADABLE_COUNT_MIN {
        return Some(Lasting {
            severity: Severity::Warning,
            words: format!("{} cannot be read from the chain", what.name()),
            remedy: "see whether Pylon and its node run: `compute-horde doctor`; nothing is sent on a guess meanwhile",
        });
    }
    let Step::Sending { intent } = &cycle.step else {
        return None;
    };
    let commits = readings.commits.as_ref();
    let is_shown = |hash: &str| commits.is_some_and(|read| read.block_of(hash).is_some());
    if intent.commit_hash().is_some_and(is_shown) {
        return None;
    }
    let wait = closed(intent.commit_hash().is_some(), block, &weights.rules)?;
    lasting(weights, cycle, &wait)
}

/// Weights that were accepted and are not there for good. Where several attempts were lost, another condition reports it.
fn accepted_weights(cycle: &CycleWeights) -> Option<Lasting> {
    let last = cycle.last.as_ref();
    let is_accepted = last.is_some_and(|last| last.result == AttemptResult::Done);
    (is_accepted && !cycle.is_failing()).then(|| Lasting {
        severity: Severity::Info,
        words: "they were accepted, and are not in a final block yet".to_owned(),
        remedy: "nothing: they are sent again if the chain does not show them",
    })
}
