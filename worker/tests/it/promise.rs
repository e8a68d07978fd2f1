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

/// A valid module with the exports of an algorithm, drawn from `bytes`; none if these are too few.
pub(crate) fn draw(bytes: &[u8]) -> Option<Vec<u8>> {
    let exports = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "init") (param i32) (result i32) unreachable)
            (func (export "entry_point") (param i32 i32) (result i32) unreachable))"#,
    );
    let config = wasm_smith::Config {
        exports: exports.ok(),
        max_imports: 0,
        max_memories: 0,
        max_memory32_bytes: 4 << 20,
        bulk_memory_enabled: true,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        simd_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    };
    let mut bytes = arbitrary::Unstructured::new(bytes);
    let module = wasm_smith::Module::new(config, &mut bytes).ok()?;
    Some(module.to_bytes())
}
