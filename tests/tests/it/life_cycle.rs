//! From precommit to confirmed proof.

use tig_system_tests::{MasterOptions, Stage};

use crate::support::Running;

#[test]
fn each_challenge_confirms_a_proof_and_drops_its_job() {
    let options = MasterOptions::default();
    let mut running = Running::start(&options);
    for (challenge, algorithm) in &options.algorithms {
        let benchmark = running.wait_for_benchmark(challenge, |benchmark| {
            benchmark.challenge == *challenge
                && benchmark.stage == Stage::Proof
                && benchmark.num_solutions > 0
        });
        assert_eq!(benchmark.algorithm, algorithm.name);
        assert_eq!(benchmark.num_nonces, algorithm.num_nonces);
        running.wait_for("the end of the job", |stack| {
            let mut jobs = stack.jobs().unwrap().into_iter();
            jobs.all(|job| job.benchmark_id != benchmark.benchmark_id)
                .then_some(())
        });
    }
}
