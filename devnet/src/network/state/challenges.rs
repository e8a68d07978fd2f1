//! A challenge: the difficulties that it can have, and what it costs and admits at a block.

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;
use tig_protocol::difficulty::{Bounds, Point};
use tig_protocol::qualifiers::Frontiers;

/// Cost of a precommit of one challenge at one block, in TIG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fees {
    pub(crate) base_fee: PreciseNumber,
    pub(crate) per_nonce_fee: PreciseNumber,
}

/// Possible difficulties of a challenge.
#[derive(Debug, Clone)]
pub(crate) struct ChallengeRules {
    pub(crate) bounds: Bounds,
    /// As long as nothing qualifies.
    pub(crate) starting: Frontiers,
}

/// A challenge at a block.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChallengeAt {
    pub(crate) fees: Fees,
    #[serde(with = "super::exact")]
    pub(crate) frontiers: Frontiers,
    pub(crate) num_qualifiers: u32,
    pub(crate) qualifier_difficulties: Vec<Point>,
}
