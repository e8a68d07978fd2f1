//! Reports for people: each change once in the log, the whole picture by `GET /precommits`.

use std::collections::BTreeMap;
use std::mem::Discriminant;

use serde::Serialize;
use tig_plugin_api::Context;

use crate::choice::{Choice, Choices};
use crate::plan::Plan;
use crate::reason::{Hold, Reason};

/// What was said last; amounts in a reason may change without it being said again.
#[derive(Default)]
pub(crate) struct Reporter {
    choices: BTreeMap<String, Result<(String, u32), Discriminant<Reason>>>,
    shortages: BTreeMap<String, Discriminant<Reason>>,
    trouble: Option<Discriminant<Hold>>,
}

impl Reporter {
    /// Logs which challenges take part and which do not, where that has changed.
    pub(crate) fn choices(&mut self, ctx: &mut Context<'_>, choices: &Choices) {
        for (name, choice) in choices {
            let gist = choice
                .as_ref()
                .map(|choice| (choice.algorithm_id.clone(), choice.num_nonces))
                .map_err(std::mem::discriminant);
            if self.choices.get(name) == Some(&gist) {
                continue;
            }
            self.choices.insert(name.clone(), gist);
            match choice {
                Ok(choice) => ctx.info_with(
                    "challenge is precommitted",
                    &[
                        ("challenge", name),
                        ("num_nonces", &choice.num_nonces),
                        ("algorithm_id", &choice.algorithm_id),
                        ("fee_tig", &choice.fee.to_f64()),
                    ],
                ),
                Err(reason @ (Reason::NoSelection | Reason::NoWeight | Reason::SelectedOff)) => {
                    ctx.info_with(
                        "challenge is not precommitted",
                        &[("challenge", name), ("reason", &reason.to_string())],
                    );
                }
                Err(reason) => ctx.warn_with(
                    "challenge is not precommitted",
                    &[("challenge", name), ("reason", &reason.to_string())],
                ),
            }
        }
        self.choices.retain(|name, _| choices.contains_key(name));
    }

    /// Logs a shortage or a hold that is trouble, once until a precommit is made again.
    pub(crate) fn held(&mut self, ctx: &mut Context<'_>, plan: &Plan<'_>, hold: Hold) {
        let kind = std::mem::discriminant(&hold);
        if hold.is_trouble() && self.trouble != Some(kind) {
            ctx.warn(&format!("no precommits: {hold}"));
            self.trouble = Some(kind);
        }
        for (name, reason) in plan.reasons() {
            let Some(reason) = reason.filter(Reason::is_shortage) else {
                continue;
            };
            let kind = std::mem::discriminant(&reason);
            if self.shortages.insert(name.to_owned(), kind) != Some(kind) {
                ctx.warn_with(
                    "challenge is not precommitted",
                    &[("challenge", &name), ("reason", &reason.to_string())],
                );
            }
        }
    }

    /// A precommit was made, so what stood in its way may be said again.
    pub(crate) fn made(&mut self, challenge: &str) {
        self.shortages.remove(challenge);
        self.trouble = None;
    }
}

/// Body of `GET /precommits`.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    block_id: Option<&'a str>,
    made: usize,
    unresolved: usize,
    /// Why nothing more is precommitted for now, in words.
    reason: String,
    /// The same for programs.
    reason_code: Hold,
    /// Fees of the last 24 hours.
    spent_today: Option<String>,
    /// Average seconds between blocks.
    block_seconds: Option<f64>,
    /// By name.
    challenges: BTreeMap<&'a str, ChallengeView<'a>>,
}

#[derive(Serialize)]
struct ChallengeView<'a> {
    algorithm_id: Option<&'a str>,
    num_nonces: Option<u32>,
    weight: f64,
    /// `selector` or `config`; null if neither has an entry for it.
    chosen_by: Option<&'static str>,
    fee: Option<String>,
    /// Null if the challenge can be precommitted now.
    reason: Option<String>,
    reason_code: Option<Reason>,
}

impl<'a> View<'a> {
    pub(crate) fn new(plan: Option<&'a Plan<'a>>, hold: Hold) -> Self {
        Self {
            block_id: plan.map(|plan| plan.market.block_id.as_str()),
            made: plan.map_or(0, |plan| plan.ledger.made()),
            unresolved: plan.map_or(0, |plan| plan.market.unresolved),
            reason: hold.to_string(),
            reason_code: hold,
            spent_today: plan.map(|plan| plan.spent_today.to_string()),
            block_seconds: plan.and_then(|plan| plan.block_seconds),
            challenges: plan.map(challenge_views).unwrap_or_default(),
        }
    }
}

fn challenge_views<'a>(plan: &'a Plan<'a>) -> BTreeMap<&'a str, ChallengeView<'a>> {
    let mut reasons: BTreeMap<&str, Option<Reason>> = plan.reasons().collect();
    let view = |(name, choice): (&'a String, &'a Result<Choice, Reason>)| {
        let reason = match choice {
            Ok(_) => reasons.remove(name.as_str()).flatten(),
            Err(reason) => Some(reason.clone()),
        };
        let choice = choice.as_ref().ok();
        let view = ChallengeView {
            algorithm_id: choice.map(|choice| choice.algorithm_id.as_str()),
            num_nonces: choice.map(|choice| choice.num_nonces),
            weight: choice.map_or(0.0, |choice| choice.weight),
            chosen_by: plan.applied.chosen_by(name),
            fee: choice.map(|choice| choice.fee.to_string()),
            reason: reason.as_ref().map(ToString::to_string),
            reason_code: reason,
        };
        (name.as_str(), view)
    };
    plan.choices.iter().map(view).collect()
}
