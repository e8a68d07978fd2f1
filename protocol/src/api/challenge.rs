//! Challenges (tig-api.md section 5.3).

use serde::{Deserialize, Serialize};

use crate::PreciseNumber;
use crate::difficulty::Point;

/// A challenge and its data at a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// `c001`, ...
    pub id: String,
    /// Its name.
    pub details: ChallengeDetails,
    /// When it was confirmed and becomes active.
    pub state: Option<ChallengeState>,
    /// Null when it is not active at the block.
    pub block_data: Option<ChallengeBlockData>,
}

/// The name of a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeDetails {
    /// `satisfiability`, ...
    pub name: String,
}

/// When a challenge was confirmed and becomes active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeState {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
    /// First round in which it is active.
    pub round_active: Option<u32>,
}

/// Frontiers and fees of a challenge at a block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChallengeBlockData {
    /// 4294967295 is 100 %; nothing checks it any more.
    pub solution_signature_threshold: Option<u32>,
    /// Solutions that qualify.
    pub num_qualifiers: Option<u32>,
    /// Difficulties of the qualifiers.
    pub qualifier_difficulties: Option<Vec<Point>>,
    /// The frontier of the qualifiers.
    pub base_frontier: Option<Vec<Point>>,
    /// The base frontier, scaled.
    pub scaled_frontier: Option<Vec<Point>>,
    /// Above 1 the base frontier is the lower bound, else the upper.
    pub scaling_factor: Option<f64>,
    /// Fee per precommit, TIG.
    pub base_fee: Option<PreciseNumber>,
    /// Fee per nonce, TIG.
    pub per_nonce_fee: Option<PreciseNumber>,
}
