//! The rules of a batch, and what is pinned of the engine profile.

use tig_protocol::BenchmarkSettings;
use tig_worker::{
    Algorithm, BatchJob, JobError, Limits, compute_batch, compute_nonce, verify_solution,
};

use crate::mini;

fn settings() -> BenchmarkSettings {
    BenchmarkSettings {
        player_id: "p".to_owned(),
        block_id: "b".to_owned(),
        challenge_id: "c003".to_owned(),
        algorithm_id: "a".to_owned(),
        difficulty: vec![20, 0],
    }
}

fn job(start_nonce: u64, num_nonces: u64, batch_size: u64, sampled_nonces: &[u64]) -> BatchJob {
    let sampled_nonces = sampled_nonces.to_vec();
    BatchJob {
        settings: settings(),
        rand_hash: "rh".to_owned(),
        start_nonce,
        num_nonces,
        batch_size,
        sampled_nonces,
    }
}

fn knapsack() -> Algorithm {
    Algorithm::compile(&mini::wasm("mini/knapsack")).unwrap()
}

/// If these values change, proofs made before do not verify any more: that is a new engine profile.
#[test]
fn values_of_the_engine_profile_are_pinned() {
    let computed = compute_nonce(&knapsack(), &settings(), "rh", 3, &Limits::default()).unwrap();
    let output = computed.output;
    assert_eq!(
        (output.fuel_consumed, output.runtime_signature),
        (5422, 17879425965311875736)
    );
    verify_solution(&settings(), "rh", 3, &output.solution).unwrap();
}

#[test]
fn any_number_of_workers_gives_the_same_bytes() {
    let algorithm = knapsack();
    let job = job(100, 21, 32, &[120, 100, 107, 100]);
    let of = |workers| compute_batch(&algorithm, &job, &Limits::default(), workers).unwrap();
    let alone = of(1);
    assert_eq!(
        alone
            .merkle_proofs
            .iter()
            .map(|proof| proof.leaf.nonce)
            .collect::<Vec<_>>(),
        [100, 107, 120]
    );
    assert!(alone.solution_nonces.is_sorted());
    for workers in [2, 7] {
        assert_eq!(of(workers), alone, "{workers} workers");
    }
}

#[track_caller]
fn check_refused(job: &BatchJob, workers: usize, expected: &str) {
    let error: JobError = compute_batch(&knapsack(), job, &Limits::default(), workers).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn impossible_batches_are_refused() {
    let num_nonces = "Invalid number of nonces. Must be non-zero and less than batch size";
    check_refused(&job(0, 0, 4, &[]), 1, num_nonces);
    check_refused(&job(0, 5, 4, &[99]), 1, num_nonces);
    check_refused(
        &job(10, 5, 6, &[15]),
        1,
        "Sampled nonce 15 is out of range [10, 15)",
    );
    check_refused(&job(10, 5, 6, &[]), 1, "Batch size must be a power of 2");
    check_refused(
        &job(0, 4, 4, &[]),
        0,
        "number of workers must be at least 1",
    );
    let overflow = "nonces overflow: 18446744073709551612 + 4 does not fit in 64 bits";
    check_refused(&job(u64::MAX - 3, 4, 4, &[]), 1, overflow);
    let mut unknown = job(0, 1, 1, &[]);
    unknown.settings.challenge_id = "c999".to_owned();
    check_refused(&unknown, 1, "unknown challenge `c999`");
}
