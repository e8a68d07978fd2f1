//! The rules of a challenge's difficulties (tig-protocol.md sections 10 and 11).
//!
//! A challenge without qualifiers would admit its minimum alone, and a player could have one precommit per block and
//! algorithm. As long as it has none, the devnet admits every difficulty from the minimum up to a frontier a little
//! harder; all of them are easy.

use tig_challenges::ChallengeKind;
use tig_protocol::api::{DifficultyParameter, ProtocolConfig};
use tig_protocol::difficulty::{Bounds, BoundsError, Point};
use tig_protocol::qualifiers::{Frontiers, Qualifiers};

use crate::network::state::ChallengeRules;

/// Scales every point of the frontiers below down to the minimum.
const STARTING_FACTOR: f64 = 0.04;

impl ChallengeRules {
    pub(crate) fn new(
        kind: ChallengeKind,
        parameters: &[DifficultyParameter],
    ) -> Result<Self, BoundsError> {
        let min = parameters
            .iter()
            .map(|parameter| parameter.min_value)
            .collect();
        let max = parameters
            .iter()
            .map(|parameter| parameter.max_value)
            .collect();
        let bounds = Bounds::new(min, max)?;
        let starting = Frontiers::scaled(&[hardest_point(kind)], &bounds, STARTING_FACTOR)?;
        Ok(Self { bounds, starting })
    }

    /// The frontiers at a block with these qualifiers.
    pub(crate) fn frontiers(&self, qualifiers: &Qualifiers, config: &ProtocolConfig) -> Frontiers {
        if qualifiers.difficulties.is_empty() {
            return self.starting.clone();
        }
        // Qualifiers lie within the bounds, so that there is no error to show.
        Frontiers::of(
            qualifiers,
            &self.bounds,
            config.qualifiers.total_qualifiers_threshold,
            config.difficulty.max_scaling_factor,
        )
        .unwrap_or_else(|_| self.starting.clone())
    }
}

/// A little harder than the minimum: a simple algorithm solves most nonces of satisfiability there, and few of knapsack,
/// where few instances have a solution at all.
fn hardest_point(kind: ChallengeKind) -> Point {
    match kind {
        ChallengeKind::Satisfiability => vec![60, 320],
        ChallengeKind::VehicleRouting => vec![45, 260],
        ChallengeKind::Knapsack => vec![60, 12],
        ChallengeKind::VectorSearch => vec![12, 355],
    }
}
