//! A batch with honest miners.

use std::time::Duration;

use horde_system_tests::HostOptions;
use serde_json::Value;
use tig_system_tests::wait_for;

use crate::support::{Running, miners, sum};

/// Longest time for receipts to arrive.
const RECEIPTS_MAX: Duration = Duration::from_secs(20);

/// Number of receipts of a kind that a miner has got.
fn count(miner: &Value, kind: &str) -> u64 {
    miner["counts"][kind].as_u64().unwrap_or_default()
}

#[test]
fn honest_miners_are_right_and_get_their_receipts() {
    let running = Running::start(&HostOptions::default(), &miners(4, &[]));
    let (code, result) = running.run_batch();
    assert_eq!((code, &result["end"]), (0, &"stored".into()), "{result}");
    assert_eq!(
        (sum(&result, "jobs"), sum(&result, "right")),
        (8, 8),
        "{result}"
    );
    // Finished receipts are on their way when the batch is stored.
    let kinds = ["reservation", "accepted_receipt", "run", "finished_receipt"];
    let complete = wait_for("the receipts", RECEIPTS_MAX, || {
        let report = running.miners.report().ok()?;
        let mut miners = report.as_array()?.iter();
        let is_complete = |miner: &Value| kinds.iter().all(|kind| count(miner, kind) == 2);
        miners.all(is_complete).then_some(())
    });
    complete.unwrap();
    assert!(
        running.violations().is_empty(),
        "{:?}",
        running.violations()
    );
}

#[test]
fn jobs_of_version_four_are_solved_too() {
    let options = HostOptions {
        batch: serde_json::json!({ "weights_version": 4 }),
        ..HostOptions::default()
    };
    let running = Running::start(&options, &miners(1, &[]));
    let (code, result) = running.run_batch();
    assert_eq!((code, sum(&result, "right")), (0, 2), "{result}");
}

#[test]
fn second_batch_in_a_row_is_another() {
    let running = Running::start(&HostOptions::echo(), &miners(2, &[]));
    let (_, first) = running.run_batch();
    let (code, second) = running.run_batch();
    assert_eq!((code, sum(&second, "right")), (0, 4), "{second}");
    assert_ne!(first["batch"], second["batch"]);
    assert_eq!(second["number"].as_u64(), Some(2));
}

#[test]
fn batch_is_stored_when_the_host_starts_again() {
    let mut running = Running::start(&HostOptions::echo(), &miners(2, &[]));
    running.run_batch();
    running.host.kill();
    running.host = running.site.start_host().unwrap();
    let (_, next) = running.run_batch();
    assert_eq!(next["number"].as_u64(), Some(2), "{next}");
}
