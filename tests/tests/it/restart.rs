//! The host is killed in the middle of a job.

use std::collections::BTreeSet;

use tig_system_tests::{Stage, finished_batches};

use crate::support::{Running, one_challenge};

/// Batches that must be done before the host is killed.
const DONE_BEFORE_KILL: u64 = 3;

#[test]
fn killed_host_resumes_its_job_without_recomputing() {
    let mut options = one_challenge();
    // Many batches, so that some are done and some are not.
    for algorithm in options.algorithms.values_mut() {
        algorithm.batch_size = 4;
        algorithm.num_nonces = 400;
    }
    let mut running = Running::start(&options);
    let job = running.wait_for("a job half done", |stack| {
        let mut jobs = stack.jobs().unwrap().into_iter();
        jobs.find(|job| (DONE_BEFORE_KILL..job.batches_total).contains(&job.batches_done))
    });
    running.stack.host.kill();
    let id = job.benchmark_id.clone();
    // The only slave delivers in order, so the first ones are those that the host had reported.
    let mut stored = batches_of(&running, &id);
    stored.truncate(usize::try_from(job.batches_done).unwrap());

    running.stack.restart_host(&options).unwrap();
    let restored = running.wait_for("the job", |stack| {
        let mut jobs = stack.jobs().unwrap().into_iter();
        jobs.find(|job| job.benchmark_id == id)
    });
    assert!(
        restored.batches_done >= job.batches_done,
        "{restored:?} after {job:?}"
    );

    running.wait_for_benchmark("the proof", |benchmark| {
        benchmark.benchmark_id == id && benchmark.stage == Stage::Proof
    });
    let finished = batches_of(&running, &id);
    let distinct: BTreeSet<&String> = finished.iter().collect();
    assert_eq!(distinct.len() as u64, job.batches_total);
    for batch in &stored {
        let times = finished.iter().filter(|other| *other == batch).count();
        assert_eq!(times, 1, "{batch} was computed again");
    }
}

/// Batches of the benchmark for which the slave has computed a root, in its order.
fn batches_of(running: &Running, benchmark_id: &str) -> Vec<String> {
    let mut finished = finished_batches(&running.stack.slave.log());
    finished.retain(|id| id.starts_with(benchmark_id));
    finished
}
