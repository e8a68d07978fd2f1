//! The rules of a batch, and what is pinned of the engine profile.

use std::sync::atomic::{AtomicU64, Ordering};

use tig_protocol::Solution;
use tig_worker::{
    Algorithm, BatchJob, InstanceError, JobError, Limits, VerifyError, Workers, compute_batch,
    compute_nonce, generate_instance, verify_solution,
};

use crate::guests::settings;
use crate::mini;

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
        (5422, 13115992739951581109)
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

#[test]
fn each_nonce_of_a_batch_is_counted_once() {
    let (algorithm, done) = (knapsack(), AtomicU64::new(0));
    let (job, limits) = (job(0, 21, 32, &[3]), Limits::default());
    let workers = Workers::start(2).unwrap();
    let counted = workers.compute_counted_batch(&algorithm, &job, &limits, &done);
    assert_eq!(
        counted.unwrap(),
        compute_batch(&algorithm, &job, &limits, 1).unwrap()
    );
    assert_eq!(done.load(Ordering::Relaxed), 21);
}

fn refused(job: &BatchJob, workers: usize) -> JobError {
    compute_batch(&knapsack(), job, &Limits::default(), workers).unwrap_err()
}

/// Three texts are those of the original worker.
#[test]
fn impossible_batches_are_refused() {
    for job in [job(0, 0, 4, &[]), job(0, 5, 4, &[99])] {
        let error = refused(&job, 1);
        assert!(matches!(error, JobError::NumNonces), "{error:?}");
        assert_eq!(
            error.to_string(),
            "Invalid number of nonces. Must be non-zero and less than batch size"
        );
    }
    let sampled = refused(&job(10, 5, 6, &[15]), 1);
    assert!(matches!(
        sampled,
        JobError::SampledOutOfRange { nonce: 15, .. }
    ));
    assert_eq!(
        sampled.to_string(),
        "Sampled nonce 15 is out of range [10, 15)"
    );
    let size = refused(&job(10, 5, 6, &[]), 1);
    assert!(matches!(size, JobError::BatchSize), "{size:?}");
    assert_eq!(size.to_string(), "Batch size must be a power of 2");
    let workers = refused(&job(0, 4, 4, &[]), 0);
    assert!(matches!(workers, JobError::NoWorkers), "{workers:?}");
    let overflow = refused(&job(u64::MAX - 3, 4, 4, &[]), 1);
    assert!(matches!(overflow, JobError::NonceOverflow { .. }));
}

#[test]
fn settings_without_an_instance_are_refused() {
    let mut unknown = job(0, 1, 1, &[]);
    unknown.settings.challenge_id = "c999".to_owned();
    let error = refused(&unknown, 1);
    let JobError::Instance(InstanceError::UnknownChallenge(id)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(id, "c999");
    let mut settings = settings();
    settings.difficulty = vec![20];
    let instance = generate_instance(&settings, "rh", 0);
    assert!(matches!(instance, Err(InstanceError::Generate { .. })));
    let verdict = verify_solution(&settings, "rh", 0, &Solution::new());
    assert!(matches!(verdict, Err(VerifyError::Instance(_))));
}

#[test]
fn an_empty_solution_is_invalid() {
    let verdict = verify_solution(&settings(), "rh", 3, &Solution::new());
    assert!(matches!(verdict, Err(VerifyError::Invalid(_))));
}
