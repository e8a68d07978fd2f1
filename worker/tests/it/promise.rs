//! What holds for any module: the worker rejects it in one line, or runs it within its limits and gets the same result twice.
//! The fuzz target `module` checks the same.

use tig_protocol::BenchmarkSettings;
use tig_worker::{Algorithm, Computed, Limits, Outcome, compute_nonce};

/// Small, so that a guest that does not end is soon over.
const LIMITS: Limits = Limits {
    max_fuel: 1_000_000,
    max_memory: 1 << 20,
};

/// Compiles and runs `wasm`.
///
/// # Panics
/// The worker breaks its promise.
pub(crate) fn check(wasm: &[u8]) -> Option<Outcome> {
    let algorithm = match Algorithm::compile(wasm) {
        Ok(algorithm) => algorithm,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
            return None;
        }
    };
    let computed = compute(&algorithm);
    assert!(
        computed.output.fuel_consumed <= LIMITS.max_fuel,
        "{computed:?}"
    );
    let has_solution = matches!(computed.outcome, Outcome::Solved | Outcome::Invalid(_));
    assert!(
        has_solution || computed.output.solution.is_empty(),
        "{computed:?}"
    );
    // The second run finds the slot of the first one.
    assert_eq!(compute(&algorithm), computed);
    Some(computed.outcome)
}

fn compute(algorithm: &Algorithm) -> Computed {
    let settings = BenchmarkSettings {
        player_id: "p".to_owned(),
        block_id: "b".to_owned(),
        challenge_id: "c003".to_owned(),
        algorithm_id: "a".to_owned(),
        difficulty: vec![20, 0],
    };
    compute_nonce(algorithm, &settings, "rh", 3, &LIMITS).expect("every guest has an outcome")
}
