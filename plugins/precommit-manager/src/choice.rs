//! What can be precommitted at a block, by challenge: config and network brought together.

use std::collections::BTreeMap;

use tig_protocol::PreciseNumber;

use crate::config::{Config, Selection};
use crate::market::{AlgorithmFacts, ChallengeFacts, Market, Usability};
use crate::reason::{Reason, nearest};

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

/// By challenge name, for every configured or active challenge.
pub(crate) type Choices = BTreeMap<String, Result<Choice, Reason>>;

pub(crate) fn choices(config: &Config, market: &Market) -> Choices {
    let active = market
        .challenges
        .iter()
        .filter(|challenge| challenge.fees.is_some());
    let mut choices: Choices = active
        .map(|challenge| (challenge.name.clone(), Err(Reason::NoSelection)))
        .collect();
    for (name, selection) in &config.algo_selection {
        choices.insert(name.clone(), choice(name, selection, market));
    }
    choices
}

fn choice(name: &str, selection: &Selection, market: &Market) -> Result<Choice, Reason> {
    // The config's check has made sure that it fits.
    let num_nonces = u32::try_from(selection.num_nonces).unwrap_or(u32::MAX);
    if selection.weight <= 0.0 {
        return Err(Reason::NoWeight);
    }
    let challenge = find_challenge(name, market)?;
    let fees = challenge.fees.ok_or(Reason::InactiveChallenge)?;
    let algorithm = find_algorithm(&selection.algorithm, &challenge.id, market)?;
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

fn find_challenge<'a>(name: &str, market: &'a Market) -> Result<&'a ChallengeFacts, Reason> {
    let mut challenges = market.challenges.iter();
    challenges
        .find(|challenge| challenge.name == name)
        .ok_or_else(|| Reason::UnknownChallenge {
            nearest: nearest(
                name,
                market.challenges.iter().map(|known| known.name.as_str()),
            ),
        })
}

/// The usable algorithm of this name; names are unique only within a challenge.
fn find_algorithm<'a>(
    name: &str,
    challenge_id: &str,
    market: &'a Market,
) -> Result<&'a AlgorithmFacts, Reason> {
    let of_challenge = || {
        let algorithms = market.algorithms.iter();
        algorithms.filter(|algorithm| algorithm.challenge_id == challenge_id)
    };
    let named = || of_challenge().filter(|algorithm| algorithm.name == name);
    let found = named()
        .find(|algorithm| algorithm.usability == Usability::Usable)
        .or_else(|| named().next());
    let Some(algorithm) = found else {
        return Err(Reason::UnknownAlgorithm {
            algorithm: name.to_owned(),
            nearest: nearest(name, of_challenge().map(|known| known.name.as_str())),
        });
    };
    let name = name.to_owned();
    match algorithm.usability {
        Usability::Usable => Ok(algorithm),
        Usability::Fraudulent => Err(Reason::Fraud(name)),
        Usability::Banned => Err(Reason::Banned(name)),
        Usability::Inactive => Err(Reason::InactiveAlgorithm(name)),
        Usability::NotCompiled => Err(Reason::NotCompiled(name)),
        Usability::NoDownloadUrl => Err(Reason::NoDownloadUrl(name)),
    }
}
