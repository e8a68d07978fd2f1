//! What can be precommitted at a block, by challenge: selection and network brought together.

use std::collections::BTreeMap;

use tig_protocol::PreciseNumber;

use crate::applied::Applied;
use crate::config::{Config, Selection};
use crate::lookup::{find_algorithm, find_challenge};
use crate::market::Market;
use crate::reason::Reason;

/// A challenge that takes part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) challenge_id: String,
    pub(crate) algorithm_id: String,
    pub(crate) num_nonces: u32,
    /// Above 0.
    pub(crate) weight: f64,
    /// Of one precommit.
    pub(crate) fee: PreciseNumber,
}

/// By challenge name, for every selected or active challenge.
pub(crate) type Choices = BTreeMap<String, Result<Choice, Reason>>;

pub(crate) fn choices(config: &Config, applied: &Applied, market: &Market) -> Choices {
    let has_budget = config.budget_per_day.is_some();
    let active = market
        .challenges
        .iter()
        .filter(|challenge| challenge.fees.is_some());
    let mut choices: Choices = active
        .map(|challenge| (challenge.name.clone(), Err(Reason::NoSelection)))
        .collect();
    for (name, selection) in &applied.selection {
        let choice = match choice(name, selection, market, has_budget) {
            Err(Reason::NoWeight) if applied.is_chosen(name) => Err(Reason::SelectedOff),
            choice => choice,
        };
        choices.insert(name.clone(), choice);
    }
    choices
}

fn choice(
    name: &str,
    selection: &Selection,
    market: &Market,
    has_budget: bool,
) -> Result<Choice, Reason> {
    // The checks of config and selector have made sure that it fits.
    let num_nonces = u32::try_from(selection.num_nonces).unwrap_or(u32::MAX);
    if selection.weight <= 0.0 {
        return Err(Reason::NoWeight);
    }
    let challenge = find_challenge(name, market)?;
    let fees = challenge.fees.ok_or(Reason::InactiveChallenge)?;
    let algorithm = find_algorithm(&selection.algorithm, &challenge.id, market)?;
    // An unknown fee would pass every limit. Without a limit, the API is left to refuse what the balance does not cover.
    let is_limited = has_budget || selection.max_fee.is_some();
    if is_limited && !fees.is_known() {
        return Err(Reason::FeeUnknown);
    }
    let fee = fees.of(num_nonces).ok_or(Reason::FeeOverflow)?;
    if let Some(limit) = selection.max_fee.filter(|limit| fee.to_f64() > *limit) {
        return Err(Reason::FeeOverLimit { fee, limit });
    }
    Ok(Choice {
        challenge_id: challenge.id.clone(),
        algorithm_id: algorithm.id.clone(),
        num_nonces,
        weight: selection.weight,
        fee,
    })
}
