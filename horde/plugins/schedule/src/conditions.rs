//! Conditions of the schedule, for operators. Pure.

use horde_events::BatchMissed;
use horde_extension::shown;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::cycle::{Cycle, End};
use crate::decide::code;
use crate::place::Place;
use crate::reason::{Code, Reason};
use crate::rules::Rules;

/// A batch that was not run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Missed {
    pub(crate) batch: BatchMissed,
    /// Its slot was over when this validator was started for the first time.
    pub(crate) is_first_start: bool,
}

/// The newest batch that was not run, given what was known `before` of it. None if the next one was begun: until then it says what an
/// operator must change, though another cycle has begun.
pub(crate) fn newest_missed(
    cycle: Option<&Cycle>,
    hotkey: &str,
    rules: &Rules,
    before: Option<Missed>,
) -> Option<Missed> {
    let Some(cycle) = cycle else { return before };
    match &cycle.end {
        Some(End::Due { .. }) => None,
        Some(End::Missed { code, reason, .. }) => Some(Missed {
            is_first_start: code == code::OVERSLEPT && cycle.is_first_start_late(hotkey, rules),
            batch: BatchMissed {
                cycle_start: cycle.start.into(),
                block: None,
                code: code.clone(),
                reason: reason.clone(),
            },
        }),
        None => before.filter(|missed| match missed.batch.code.as_str() {
            code::NOT_IN_LIST => !matches!(cycle.place(hotkey), Place::Slot(_)),
            // Whether serving is off in the present cycle is known.
            code::NOT_SERVING => false,
            _ => true,
        }),
    }
}

/// All that is so now.
pub(crate) fn present(reason: &Reason<'_>, missed: Option<&Missed>) -> Vec<Condition> {
    let conditions = [of_reason(reason), missed.map(of_missed)];
    conditions.into_iter().flatten().collect()
}

fn of_reason(reason: &Reason<'_>) -> Option<Condition> {
    let (code, severity, remedy) = match reason.code() {
        // What was missed has a condition of its own, also while the chain is away.
        Code::Done | Code::Missed | Code::NotInList => return None,
        Code::NoChain => ("no_chain", Severity::Info, chain_remedy(reason)),
        Code::NotServing => ("not_serving", Severity::Info, serving_remedy(reason)),
        Code::Waiting => match reason {
            Reason::OtherChain { .. } => (
                "other_chain",
                Severity::Warning,
                "let the chain service catch up; with another chain, begin with an empty store (`backup_folder`)",
            ),
            Reason::NoMiners { .. } => (
                "waiting_for_slot",
                Severity::Info,
                "look at the chain service, if it lasts: `GET /horde/chain`",
            ),
            _ => ("waiting_for_slot", Severity::Info, ""),
        },
    };
    let text = shown(&reason.text());
    Some(Condition::new(code, severity, text).with_remedy(remedy))
}

fn chain_remedy(reason: &Reason<'_>) -> &'static str {
    match reason {
        Reason::NoBlock => {
            "wait for the first block; without `horde_chain` in `extensions` of the config none comes"
        }
        _ => {
            "see the conditions of `horde_chain` and `GET /horde/chain`; it goes on with the next block"
        }
    }
}

fn serving_remedy(reason: &Reason<'_>) -> &'static str {
    match reason {
        Reason::NotServing { is_by_config: true } => {
            "remove MIGRATING from .env, or set `config.horde_schedule.serving` to true; on one machine only"
        }
        _ => {
            "`compute-horde constance set SERVING` undoes a value of your own; otherwise wait for the network's dynamic config"
        }
    }
}

fn of_missed(missed: &Missed) -> Condition {
    let Missed {
        batch: missed,
        is_first_start,
    } = missed;
    let reason = shown(&missed.reason);
    let (code, severity, text, remedy) = match missed.code.as_str() {
        code::NOT_IN_LIST => (
            "not_in_list",
            Severity::Warning,
            reason,
            "register the hotkey on the subnet, with stake enough to be among its validators; the next cycle has a new list",
        ),
        code::NOT_SERVING => (
            "not_serving",
            Severity::Info,
            format!("the batch of this cycle is not run: {reason}"),
            "see MIGRATING in .env, `config.horde_schedule.serving` and `compute-horde constance get SERVING`; the next cycle has a new slot",
        ),
        other => (
            "batch_missed",
            match is_first_start {
                true => Severity::Info,
                false => Severity::Warning,
            },
            format!(
                "the batch of the cycle at block {} was not run: {reason}",
                missed.cycle_start
            ),
            missed_remedy(other, *is_first_start),
        ),
    };
    Condition::new(code, severity, text).with_remedy(remedy)
}

fn missed_remedy(code: &str, is_first_start: bool) -> &'static str {
    match code {
        code::OVERSLEPT if is_first_start => {
            "nothing: this validator was first started after the slot, and the next cycle has a new one"
        }
        code::OVERSLEPT => {
            "let the host run and follow the chain before the next slot (`compute-horde doctor`)"
        }
        code::CHAIN => {
            "look at the chain service (`GET /horde/chain`, `compute-horde doctor`); the next cycle has a new slot"
        }
        "busy" => {
            "look at `GET /horde/batch`: a batch must be over before the slot of the next cycle"
        }
        _ => "see the reason and `compute-horde doctor`; the next cycle has a new slot",
    }
}
