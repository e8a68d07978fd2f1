//! What most extensions read of a listed precommit, and how a rollback of the network shows in it.

use serde::Deserialize;

/// A record of `precommits` of [`NewBlock`](crate::NewBlock); there are hundreds of them in each block.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedPrecommit {
    details: Details,
    state: Option<State>,
}

#[derive(Clone, Debug, Deserialize)]
struct Details {
    block_started: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct State {
    rand_hash: Option<String>,
}

impl ListedPrecommit {
    /// Height from which the lifespan counts.
    #[must_use]
    pub fn block_started(&self) -> u32 {
        self.details.block_started
    }

    /// Random hash of the block that has confirmed it.
    #[must_use]
    pub fn rand_hash(&self) -> Option<&str> {
        self.state.as_ref()?.rand_hash.as_deref()
    }
}

/// Whether the network has rolled back the block that had confirmed a precommit with the hash `known`, and another one has
/// confirmed it: with the hash `listed`. A hash that is not known says nothing.
///
/// Each extension asks this of each listing: one that was down, or failed, at that moment sees it in the next one (ADR 23).
#[must_use]
pub fn is_reconfirmed(known: Option<&str>, listed: Option<&str>) -> bool {
    known
        .zip(listed)
        .is_some_and(|(known, listed)| known != listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_known_hashes_contradict() {
        assert!(is_reconfirmed(Some("a"), Some("b")));
        for (known, listed) in [(Some("a"), Some("a")), (None, Some("b")), (Some("a"), None)] {
            assert!(!is_reconfirmed(known, listed), "{known:?} {listed:?}");
        }
    }
}
