//! The algorithms that are measured, compiled natively into this program.

use tig_algorithms::guest::result_block;
use tig_algorithms::{
    clarke_wright, dynamic_programming, greedy_swap, linear_scan, pruned_scan, random_flip,
    ruin_recreate, walk_sat,
};
use tig_challenges::{ChallengeKind, knapsack, satisfiability, vector_search, vehicle_routing};

/// An algorithm and the difficulty it is measured at.
pub(crate) struct Algorithm {
    pub(crate) challenge: ChallengeKind,
    pub(crate) name: &'static str,
    pub(crate) difficulty: [i32; 2],
    /// From the bytes of the instance to the result block, as the module does it.
    pub(crate) native: fn(&[u8]) -> Vec<u8>,
}

/// The recommended low difficulties.
const SATISFIABILITY: [i32; 2] = [50, 300];
const VEHICLE_ROUTING: [i32; 2] = [40, 250];
const KNAPSACK: [i32; 2] = [50, 10];
const VECTOR_SEARCH: [i32; 2] = [10, 350];

macro_rules! algorithm {
    ($kind:ident, $challenge:ident, $difficulty:ident, $name:ident) => {
        Algorithm {
            challenge: ChallengeKind::$kind,
            name: stringify!($name),
            difficulty: $difficulty,
            native: |bytes| {
                let instance = $challenge::Instance::from_bytes(bytes).ok();
                let solution = instance.and_then(|instance| $name::solve(&instance));
                result_block(solution.as_ref())
            },
        }
    };
}

/// All of them, a simple one first and a good one second for each challenge.
pub(crate) const ALGORITHMS: &[Algorithm] = &[
    algorithm!(Satisfiability, satisfiability, SATISFIABILITY, random_flip),
    algorithm!(Satisfiability, satisfiability, SATISFIABILITY, walk_sat),
    algorithm!(
        VehicleRouting,
        vehicle_routing,
        VEHICLE_ROUTING,
        clarke_wright
    ),
    algorithm!(
        VehicleRouting,
        vehicle_routing,
        VEHICLE_ROUTING,
        ruin_recreate
    ),
    algorithm!(Knapsack, knapsack, KNAPSACK, greedy_swap),
    algorithm!(Knapsack, knapsack, KNAPSACK, dynamic_programming),
    algorithm!(VectorSearch, vector_search, VECTOR_SEARCH, linear_scan),
    algorithm!(VectorSearch, vector_search, VECTOR_SEARCH, pruned_scan),
];
