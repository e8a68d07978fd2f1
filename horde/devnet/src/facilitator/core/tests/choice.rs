//! Who gets a job, and how long a job lives.

use horde_proto::facilitator::{Heartbeat, JobStatus, ToFacilitator};

use super::fixture::{Bench, SECOND_US, address, closed, order, requests};
use crate::facilitator::FacilitatorViolationKind as Kind;
use crate::facilitator::core::jobs::JOBS_KEPT_MAX;
use crate::facilitator::{JobOrder, JobState, JobVersion, OrderError};

fn heartbeat(bench: &mut Bench, id: u64) {
    let effects = bench.send(id, &ToFacilitator::Heartbeat(Heartbeat {}));
    assert!(effects.is_empty(), "a heartbeat has no answer");
}

#[test]
fn validators_need_a_heartbeat_in_3_minutes() {
    let mut bench = Bench::new(&[]);
    let none = bench.core.submit(&order(JobVersion::V2), bench.now_us);
    assert_eq!(none.unwrap_err(), OrderError::NoValidator);
    let id = bench.admit(1);
    for _ in 0..4 {
        bench.wait(60);
        heartbeat(&mut bench, id);
    }
    assert!(bench.violations().is_empty());
    bench.wait(179);
    bench.submit(JobVersion::V2);
    bench.wait(2);
    let late = bench.core.submit(&order(JobVersion::V2), bench.now_us);
    assert_eq!(late.unwrap_err(), OrderError::NoValidator);
    // One pause is one violation.
    assert_eq!(bench.violations(), [Kind::HeartbeatMissing]);
    assert_eq!(bench.core.report().connections[0].heartbeat_count, 4);
}

#[test]
fn silent_connection_is_closed_after_10_minutes() {
    let mut bench = Bench::new(&[]);
    bench.connect();
    assert_eq!(closed(&bench.wait(600)), None);
    assert_eq!(closed(&bench.wait(1)), Some(3001));
    assert!(bench.wait(1).is_empty(), "it is closed once");
}

#[test]
fn job_goes_to_every_connection_of_one_validator() {
    let mut bench = Bench::new(&[]);
    let [first, second] = [bench.admit(1), bench.admit(1)];
    let other = bench.admit(2);
    let named = JobOrder {
        validator: Some(address(1)),
        ..order(JobVersion::V2)
    };
    let (uuid, effects) = bench.core.submit(&named, bench.now_us).unwrap();
    for id in [first, second] {
        let requests = requests(&effects, id);
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].uuid(), uuid);
    }
    assert!(requests(&effects, other).is_empty());
    assert_eq!(bench.job(&uuid).deliveries.len(), 2);
    // The next one is the turn of the validator that has none.
    let (uuid, _) = bench.submit(JobVersion::V2);
    assert_eq!(bench.job(&uuid).validator, address(2));
}

#[test]
fn job_without_connection_has_no_delivery() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    bench.core.disconnect(id, bench.now_us);
    let (uuid, effects) = bench.submit(JobVersion::V2);
    assert!(effects.is_empty());
    assert!(bench.job(&uuid).deliveries.is_empty());
}

#[test]
fn job_without_end_is_dead_after_330_seconds() {
    let mut bench = Bench::new(&[]);
    bench.admit(1);
    let (uuid, _) = bench.submit(JobVersion::V2);
    let job = bench.job(&uuid);
    assert_eq!(job.state(), JobState::Sent);
    assert!(!job.is_dead(bench.now_us + 330 * SECOND_US));
    assert!(job.is_dead(bench.now_us + 331 * SECOND_US));
}

#[test]
fn uuids_of_two_runs_differ() {
    let uuids = [7, 8].map(|entropy| {
        let mut bench = Bench::new(&[]);
        bench.core.entropy = entropy;
        bench.admit(1);
        bench.submit(JobVersion::V2).0
    });
    assert_ne!(uuids[0], uuids[1]);
    assert!(uuids.iter().all(|uuid| horde_proto::is_uuid(uuid)));
}

#[test]
fn jobs_that_are_over_make_room_for_new_ones() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let first = bench.submit(JobVersion::V1).0;
    for _ in 1..JOBS_KEPT_MAX {
        bench.submit(JobVersion::V1);
    }
    let full = bench.core.submit(&order(JobVersion::V1), bench.now_us);
    assert_eq!(full.unwrap_err(), OrderError::TooManyJobs);
    bench.status(id, &first, JobStatus::Failed);
    bench.submit(JobVersion::V1);
    assert!(bench.core.job(&first).is_none());
    assert_eq!(bench.core.jobs().count(), JOBS_KEPT_MAX);
}
