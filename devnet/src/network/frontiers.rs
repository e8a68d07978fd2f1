//! Difficulty bounds (tig-protocol.md sections 10 and 11).
//!
//! The devnet does not move frontiers with qualifiers. Were base and scaled frontier both the minimum, only one
//! difficulty would be admissible and a player could have one precommit per block and algorithm. So the base
//! frontier is a little harder than the minimum, and the scaling factor so small that the scaled frontier is the
//! minimum itself: every difficulty from the minimum up to the base frontier is admissible, and all are easy.

use tig_challenges::ChallengeKind;
use tig_protocol::{
    api::DifficultyParameter,
    difficulty::{Bounds, BoundsError, Point, lower_and_upper},
};

/// Scales every point of the base frontiers below down to the minimum.
const SCALING_FACTOR: f64 = 0.04;

/// The frontiers of a challenge, the same at every block.
#[derive(Debug, Clone)]
pub(crate) struct Frontiers {
    pub(crate) base: Vec<Point>,
    pub(crate) scaled: Vec<Point>,
    pub(crate) scaling_factor: f64,
}

impl Frontiers {
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
        let base = bounds.extend(&[hardest_point(kind)])?;
        let scaled = bounds.extend(&bounds.scale(&base, SCALING_FACTOR)?)?;
        Ok(Self {
            base,
            scaled,
            scaling_factor: SCALING_FACTOR,
        })
    }

    /// The bounds of an admissible difficulty.
    pub(crate) fn lower_and_upper(&self) -> (&[Point], &[Point]) {
        lower_and_upper(&self.base, &self.scaled, self.scaling_factor)
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
