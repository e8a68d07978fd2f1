//! The pool of prompts, from the trusted miner to a batch, as whole processes.

use std::thread;
use std::time::Duration;

use horde_system_tests::{Artifacts, KILL_AFTER_MAX, Pipeline, PipelineOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{sum, violations};

/// Longest time for the pool to fill, with the pauses of stations after a failure: 30 s, and 60 s after the next.
pub(crate) const FILL_MAX: Duration = Duration::from_secs(100);

pub(crate) fn start(options: &PipelineOptions) -> (Pipeline, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::of_running_test().unwrap();
    let pipeline = Pipeline::start(&artifacts, folder.path(), options).unwrap();
    (pipeline, folder)
}

/// Stops the host: nothing is left that nobody knows, and nothing was used twice.
pub(crate) fn check_sound(mut pipeline: Pipeline) {
    assert_eq!(violations(&pipeline.network), Vec::<Value>::new());
    let faults = pipeline.audit().unwrap();
    assert!(faults.is_empty(), "{faults:#?}\n{}", pipeline.log());
}

#[test]
fn pool_fills_and_honest_miners_are_right() {
    let (pipeline, _folder) = start(&PipelineOptions::default());
    for _ in 0..3 {
        pipeline.wait_until_full(FILL_MAX).unwrap();
        let (code, batch) = pipeline.run_batch().unwrap();
        assert_eq!(code, 0, "{batch}");
        assert_eq!(
            (sum(&batch, "jobs"), sum(&batch, "right")),
            (4, 4),
            "{batch}"
        );
    }
    check_sound(pipeline);
}

/// A station fails while the bucket has this fault, and the pool fills when it has gone.
fn fail_station(station: &str, fault: &str) {
    // One workload: two that fail at the same time are two failures in succession, with a longer pause.
    let options = PipelineOptions {
        workload_samples: 4,
        s3_faults: vec![fault.to_owned()],
        ..PipelineOptions::default()
    };
    let (pipeline, _folder) = start(&options);
    let failure = pipeline.wait("the failure", FILL_MAX, |pool| {
        pool["stations"][station]["last_failure"]["reason"]
            .as_str()
            .map(str::to_owned)
    });
    let failure = failure.unwrap();
    pipeline.set_s3_faults(&[]).unwrap();
    let filled = pipeline.wait_until_full(FILL_MAX);
    filled.unwrap_or_else(|error| panic!("{station}, {fault}, {failure}: {error}"));
    check_sound(pipeline);
}

/// All at the same time: each waits for half a minute.
#[test]
fn each_station_goes_on_after_a_fault() {
    let faults = [
        ("generation", "403@put=pool-prompts"),
        ("generation", "wrong-region@put=pool-prompts"),
        ("sampling", "status:500@get=pool-prompts"),
        ("sampling", "policy-removed@get=pool-prompts"),
        ("upload", "drops@put=pool-answers"),
        ("upload", "keys-revoked@put=pool-answers"),
        ("answering", "status:503@put=pool-answers/solved"),
        ("answering", "bucket-deleted@put=pool-answers/solved"),
    ];
    let running =
        faults.map(|(station, fault)| thread::spawn(move || fail_station(station, fault)));
    for station in running {
        station.join().unwrap();
    }
}

/// The pool fills while the bucket has this fault, and a batch is right.
fn fill_in_spite_of(fault: &str) {
    let options = PipelineOptions {
        s3_faults: vec![fault.to_owned()],
        ..PipelineOptions::default()
    };
    let (pipeline, _folder) = start(&options);
    let filled = pipeline.wait_until_full(FILL_MAX);
    filled.unwrap_or_else(|error| panic!("{fault}: {error}"));
    let (code, batch) = pipeline.run_batch().unwrap();
    assert_eq!((code, sum(&batch, "right")), (0, 4), "{fault}: {batch}");
    check_sound(pipeline);
}

/// What is shown a moment after it was written is looked for again, after a pause.
#[test]
fn slow_bucket_only_delays_the_pool() {
    let faults = ["slow:300", "eventual:1000", "hides-missing"];
    let running = faults.map(|fault| thread::spawn(move || fill_in_spite_of(fault)));
    for one in running {
        one.join().unwrap();
    }
}

/// Each file of answers has three attempts, a second apart. Two fail: both may be of the same file.
#[test]
fn bucket_that_fails_in_a_batch_costs_no_miner() {
    let (pipeline, _folder) = start(&PipelineOptions::default());
    pipeline.wait_until_full(FILL_MAX).unwrap();
    pipeline
        .set_s3_faults(&["status:503@get=pool-answers/solved*2"])
        .unwrap();
    let (code, batch) = pipeline.run_batch().unwrap();
    assert_eq!((code, sum(&batch, "right")), (0, 4), "{batch}");
    check_sound(pipeline);
}

#[test]
fn bucket_that_is_gone_excuses_all_miners() {
    let (pipeline, _folder) = start(&PipelineOptions::default());
    pipeline.wait_until_full(FILL_MAX).unwrap();
    pipeline
        .set_s3_faults(&["bucket-deleted@get=pool-answers"])
        .unwrap();
    let (code, batch) = pipeline.run_batch().unwrap();
    assert_eq!((code, sum(&batch, "excused")), (0, 4), "{batch}");
    for blame in ["wrong", "failed", "late"] {
        assert_eq!(sum(&batch, blame), 0, "{blame}: {batch}");
    }
    pipeline.set_s3_faults(&[]).unwrap();
    check_sound(pipeline);
}

/// So many pools, whose hosts are killed twice, at moments that are spread over filling and use. `cargo xtask horde kill --pipeline`
/// has many more.
const POOLS: u32 = 8;

/// All at the same time: a station whose job was cut pauses for half a minute.
#[test]
fn kill_at_any_moment_of_the_pool_loses_nothing() {
    let kill = |number: u32| {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::of_running_test().unwrap();
        let moments = [number, number * 5 % POOLS].map(|share| KILL_AFTER_MAX * share / POOLS);
        let faults = Pipeline::kill_at(&artifacts, folder.path(), &moments).unwrap();
        assert!(faults.is_empty(), "killed after {moments:?}: {faults:#?}");
    };
    let running: Vec<_> = (0..POOLS)
        .map(|number| thread::spawn(move || kill(number)))
        .collect();
    for one in running {
        one.join().unwrap();
    }
}
