//! Why nothing, or not everything, is precommitted, as conditions. Pure.

use tig_plugin_api::{Condition, Severity};

use crate::money::Money;
use crate::plan::Plan;
use crate::reason::{Hold, Reason};
use crate::refusals::Refusals;

/// What the conditions follow from.
pub(crate) struct Situation<'a> {
    /// `None` before the first block.
    pub(crate) plan: Option<&'a Plan<'a>>,
    pub(crate) hold: Hold,
    pub(crate) money: &'a Money,
    pub(crate) is_money_low: bool,
    pub(crate) refusals: &'a Refusals,
}

/// All conditions of the extension.
pub(crate) fn conditions(situation: &Situation<'_>) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = hold(situation).into_iter().collect();
    conditions.extend(situation.refusals.condition());
    if situation.is_money_low && !situation.refusals.is_for_balance() {
        conditions.push(situation.money.condition());
    }
    if let Some(plan) = situation.plan {
        conditions.extend(plan.applied.conditions());
        // A full block needs no samples, and asks for no more than the slaves can finish.
        let is_full = situation.hold == Hold::BlockIsFull;
        let is_moot = |reason: &Reason| {
            let needs_room = matches!(
                reason,
                Reason::NoSamples | Reason::SamplesUsed | Reason::TooSlow { .. }
            );
            is_full && needs_room
        };
        let reasons = plan.all_reasons().into_iter();
        let reasons = reasons.filter(|(_, reason)| !is_moot(reason));
        conditions.extend(reasons.map(|(name, reason)| of_challenge(plan, name, &reason)));
    }
    conditions
}

fn hold(situation: &Situation<'_>) -> Option<Condition> {
    let hold = situation.hold;
    let per_block = |plan: &Plan<'_>| plan.config.max_precommits_per_block;
    if hold == Hold::BlockIsFull && situation.plan.map(per_block) == Some(0) {
        let text = "max_precommits_per_block is 0: nothing is precommitted";
        let condition = Condition::new(hold.code(), hold.severity(), text);
        return Some(
            condition.with_remedy("raise config.precommit_manager.max_precommits_per_block"),
        );
    }
    // Waiting belongs to every block.
    let is_reason = hold != Hold::Waiting;
    is_reason.then(|| {
        Condition::new(hold.code(), hold.severity(), hold.to_string()).with_remedy(hold.remedy())
    })
}

fn of_challenge(plan: &Plan<'_>, name: &str, reason: &Reason) -> Condition {
    let text = format!("challenge {name}: {reason}");
    // Where some were made at this block, the slaves are only too slow for one more.
    let is_throttle = matches!(reason, Reason::TooSlow { .. }) && plan.has_made(name);
    let severity = if is_throttle {
        Severity::Info
    } else {
        reason.severity()
    };
    Condition::new(reason.code(), severity, text)
        .about(name)
        .with_remedy(reason.remedy())
}
