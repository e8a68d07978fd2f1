//! The algorithms of the network, and those that join while it runs.
//!
//! The protocol lets rounds pass before an algorithm may be used; here the next block activates it.

use std::collections::BTreeMap;

use tig_challenges::ChallengeKind;

use crate::algorithms::{ALGORITHMS_PER_CHALLENGE_MAX, PublishedAlgorithm};
use crate::network::state::{Key, Network, StoredAlgorithm};

/// Why an algorithm cannot join.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddAlgorithmError {
    /// An algorithm has this id.
    #[error("algorithm {0} exists")]
    Exists(String),
    /// The challenge has one of this name.
    #[error("{challenge} has an algorithm {name}: give the new one another name")]
    Taken {
        /// The challenge.
        challenge: &'static str,
        /// The name.
        name: String,
    },
    /// There are as many algorithms of the challenge as there are ids.
    #[error(
        "{0} has {ALGORITHMS_PER_CHALLENGE_MAX} algorithms already, which is as many as it takes"
    )]
    TooMany(&'static str),
}

impl Network {
    /// The number for the next algorithm of a challenge: one above the highest.
    ///
    /// # Errors
    /// There is none left.
    pub fn next_algorithm_number(&self, kind: ChallengeKind) -> Result<usize, AddAlgorithmError> {
        let numbers = self
            .algorithms
            .values()
            .filter(|algorithm| algorithm.published.kind == kind)
            .filter_map(|algorithm| algorithm.published.number());
        let next = numbers.max().unwrap_or(0) + 1;
        if next > ALGORITHMS_PER_CHALLENGE_MAX {
            return Err(AddAlgorithmError::TooMany(kind.name()));
        }
        Ok(next)
    }

    /// Whether an algorithm of the challenge has this name.
    pub fn has_algorithm(&self, kind: ChallengeKind, name: &str) -> bool {
        self.algorithm(kind, name).is_some()
    }

    /// The algorithm of the challenge that has this name.
    pub fn algorithm(&self, kind: ChallengeKind, name: &str) -> Option<&PublishedAlgorithm> {
        self.algorithms
            .values()
            .map(|algorithm| &algorithm.published)
            .find(|algorithm| algorithm.kind == kind && algorithm.name == name)
    }

    /// Lets an algorithm join under the next number of its challenge; returns its id.
    ///
    /// # Errors
    /// The name is taken, or there are too many algorithms.
    pub fn publish(&mut self, algorithm: PublishedAlgorithm) -> Result<String, AddAlgorithmError> {
        let kind = algorithm.kind;
        self.check_name(kind, &algorithm.name)?;
        let algorithm = algorithm.numbered(self.next_algorithm_number(kind)?);
        let id = algorithm.id.clone();
        self.add_algorithm(algorithm)?;
        Ok(id)
    }

    /// Whether an algorithm of the challenge could have this name.
    ///
    /// # Errors
    /// One has it.
    pub fn check_name(&self, kind: ChallengeKind, name: &str) -> Result<(), AddAlgorithmError> {
        if self.has_algorithm(kind, name) {
            return Err(AddAlgorithmError::Taken {
                challenge: kind.name(),
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    /// Lets an algorithm join; the next block confirms and activates it.
    ///
    /// # Errors
    /// The id is taken.
    pub fn add_algorithm(
        &mut self,
        algorithm: PublishedAlgorithm,
    ) -> Result<(), AddAlgorithmError> {
        if self.algorithms.contains_key(&algorithm.id) {
            return Err(AddAlgorithmError::Exists(algorithm.id));
        }
        let stored = StoredAlgorithm {
            published: algorithm,
            confirmed: None,
            round: self.chain.latest().details.round,
        };
        let id = stored.published.id.clone();
        self.changes.touch(Key::Algorithm(id.clone()));
        self.algorithms.insert(id, stored);
        Ok(())
    }
}

/// Confirms what waits in the mempool, and names it.
pub(crate) fn confirm(
    algorithms: &mut BTreeMap<String, StoredAlgorithm>,
    height: u32,
    round: u32,
) -> Vec<String> {
    let mut confirmed = Vec::new();
    for (id, algorithm) in algorithms.iter_mut() {
        if algorithm.confirmed.is_none() {
            algorithm.confirmed = Some(height);
            algorithm.round = round;
            confirmed.push(id.clone());
        }
    }
    confirmed
}
