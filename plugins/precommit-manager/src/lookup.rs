//! A challenge or an algorithm of the block by its name, or why it cannot be used.

use crate::market::{AlgorithmFacts, ChallengeFacts, Market, Usability};
use crate::reason::{Reason, nearest};

pub(crate) fn find_challenge<'a>(
    name: &str,
    market: &'a Market,
) -> Result<&'a ChallengeFacts, Reason> {
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
pub(crate) fn find_algorithm<'a>(
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
