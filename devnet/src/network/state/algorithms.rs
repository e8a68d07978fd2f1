//! The algorithms of the network.

use crate::algorithms::PublishedAlgorithm;

/// An algorithm and when it joined.
#[derive(Debug, Clone)]
pub(crate) struct StoredAlgorithm {
    pub(crate) published: PublishedAlgorithm,
    /// Height of the confirming block.
    pub(crate) confirmed: Option<u32>,
    /// The round in which it was submitted and pushed.
    pub(crate) round: u32,
}

impl StoredAlgorithm {
    pub(crate) fn is_confirmed_at(&self, height: u32) -> bool {
        self.confirmed.is_some_and(|confirmed| confirmed <= height)
    }
}
