//! Statuses, their answers, and the rules that they break.

use horde_proto::facilitator::JobStatus::{Accepted, Completed, Failed, Rejected};
use horde_proto::facilitator::{Heartbeat, JobStatusMetadata, JobStatusUpdate, ToFacilitator};

use super::fixture::{Bench, SECOND_US, closed, errors};
use crate::facilitator::FacilitatorViolationKind as Kind;
use crate::facilitator::{JobState, JobVersion, StatusAnswer};

fn with_job(faults: &[&str]) -> (Bench, u64, String) {
    let mut bench = Bench::new(faults);
    let id = bench.admit(1);
    let (uuid, _) = bench.submit(JobVersion::V2);
    (bench, id, uuid)
}

#[test]
fn job_passes_through_its_states() {
    let (mut bench, id, uuid) = with_job(&[]);
    assert_eq!(errors(&bench.status(id, &uuid, Accepted)), [""; 0]);
    assert_eq!(bench.job(&uuid).state(), JobState::Accepted);
    assert_eq!(errors(&bench.status(id, &uuid, Completed)), [""; 0]);
    assert_eq!(bench.job(&uuid).state(), JobState::Completed);
    assert!(bench.violations().is_empty());
    for (status, state) in [(Failed, JobState::Failed), (Rejected, JobState::Rejected)] {
        let (mut bench, id, uuid) = with_job(&[]);
        bench.status(id, &uuid, status);
        assert_eq!(bench.job(&uuid).state(), state);
        assert!(bench.violations().is_empty());
    }
}

#[test]
fn repeated_status_is_an_integrity_error() {
    let (mut bench, id, uuid) = with_job(&[]);
    bench.status(id, &uuid, Accepted);
    // It may have crossed the answer.
    bench.now_us += SECOND_US;
    let effects = bench.status(id, &uuid, Accepted);
    assert_eq!(errors(&effects), ["job.integrity_error"]);
    assert!(bench.violations().is_empty());
    bench.now_us += SECOND_US;
    bench.status(id, &uuid, Accepted);
    assert_eq!(bench.violations(), [Kind::AnsweredStatusRepeated]);
    // The answer may be lost with a connection: on the next one the status comes again.
    bench.core.disconnect(id, bench.now_us);
    let next = bench.admit(1);
    let effects = bench.status(next, &uuid, Accepted);
    assert_eq!(errors(&effects), ["job.integrity_error"]);
    assert_eq!(bench.violations().len(), 1);
    assert_eq!(bench.job(&uuid).stored().count(), 1);
    assert_eq!(bench.job(&uuid).status_count, 4);
}

#[test]
fn status_of_a_foreign_job_is_not_found() {
    let (mut bench, _, uuid) = with_job(&[]);
    let other = bench.admit(2);
    for uuid in [uuid.as_str(), "nobody's"] {
        let effects = bench.status(other, uuid, Failed);
        assert_eq!(errors(&effects), ["job.not_found"]);
    }
    assert_eq!(bench.violations(), [Kind::StatusOfUnknownJob; 2]);
    assert_eq!(bench.job(&uuid).state(), JobState::Sent);
}

#[test]
fn status_without_metadata_closes_with_1011() {
    let (mut bench, id, uuid) = with_job(&[]);
    let update = JobStatusUpdate {
        uuid: uuid.clone(),
        status: Failed,
        metadata: None,
    };
    let effects = bench.send(id, &ToFacilitator::JobStatusUpdate(update));
    assert_eq!(closed(&effects), Some(1011));
    assert_eq!(bench.violations(), [Kind::NoMetadata]);
    assert_eq!(bench.job(&uuid).state(), JobState::Sent);
}

#[test]
fn statuses_out_of_order_are_violations() {
    for (statuses, expected) in [
        (&[Completed][..], Kind::StatusOutOfOrder),
        (&[Rejected, Accepted], Kind::StatusOutOfOrder),
        (&[Accepted, Failed, Completed], Kind::TwoTerminalStatuses),
        (&[Failed, Rejected], Kind::TwoTerminalStatuses),
    ] {
        let (mut bench, id, uuid) = with_job(&[]);
        for status in statuses {
            bench.status(id, &uuid, *status);
        }
        assert_eq!(bench.violations(), [expected], "{statuses:?}");
    }
}

#[test]
fn second_status_in_flight_is_a_violation() {
    let (mut bench, id, uuid) = with_job(&["slow-answer:2000"]);
    bench.status(id, &uuid, Accepted);
    bench.now_us += SECOND_US;
    bench.status(id, &uuid, Completed);
    assert_eq!(bench.violations(), [Kind::TwoStatusesInFlight]);
    bench.now_us += 2 * SECOND_US;
    let (other, _) = bench.submit(JobVersion::V2);
    bench.status(id, &other, Accepted);
    assert_eq!(bench.violations().len(), 1);
}

#[test]
fn unanswered_status_may_come_again_after_10_seconds() {
    let (mut bench, id, uuid) = with_job(&["no-answer:1"]);
    assert!(bench.status(id, &uuid, Accepted).is_empty());
    assert_eq!(bench.job(&uuid).statuses[0].answer, StatusAnswer::Nothing);
    assert_eq!(bench.job(&uuid).state(), JobState::Accepted);
    bench.now_us += 10 * SECOND_US;
    let effects = bench.status(id, &uuid, Accepted);
    assert_eq!(errors(&effects), ["job.integrity_error"]);
    assert!(bench.violations().is_empty());
    // The next status has its own attempts, and the one before is not in flight any more.
    assert!(bench.status(id, &uuid, Completed).is_empty());
    bench.now_us += 7 * SECOND_US;
    bench.status(id, &uuid, Completed);
    assert_eq!(bench.violations(), [Kind::TwoStatusesInFlight]);
}

#[test]
fn early_status_is_not_found_until_the_row_is_there() {
    let (mut bench, id, uuid) = with_job(&["late-row:1500"]);
    assert_eq!(
        errors(&bench.status(id, &uuid, Rejected)),
        ["job.not_found"]
    );
    bench.now_us += SECOND_US;
    assert_eq!(
        errors(&bench.status(id, &uuid, Rejected)),
        ["job.not_found"]
    );
    assert_eq!(bench.job(&uuid).state(), JobState::Sent);
    bench.now_us += SECOND_US;
    assert_eq!(errors(&bench.status(id, &uuid, Rejected)), [""; 0]);
    assert!(bench.violations().is_empty());
    let answers = bench.job(&uuid).statuses.iter().map(|status| status.answer);
    let expected = [
        StatusAnswer::NotFound,
        StatusAnswer::NotFound,
        StatusAnswer::Success,
    ];
    assert!(answers.eq(expected));
}

#[test]
fn status_before_the_answer_is_a_violation() {
    let (mut bench, id, uuid) = with_job(&[]);
    let update = |status| {
        let metadata = Some(JobStatusMetadata::default());
        let uuid = uuid.clone();
        ToFacilitator::JobStatusUpdate(JobStatusUpdate {
            uuid,
            status,
            metadata,
        })
        .to_text()
    };
    bench.core.receive(id, &update(Accepted), bench.now_us);
    // A heartbeat has no answer and may come at any time.
    let heartbeat = ToFacilitator::Heartbeat(Heartbeat {}).to_text();
    bench.core.receive_early(id, &heartbeat, bench.now_us);
    assert!(bench.violations().is_empty());
    bench
        .core
        .receive_early(id, &update(Completed), bench.now_us);
    assert_eq!(bench.violations(), [Kind::TwoStatusesInFlight]);
    assert_eq!(bench.job(&uuid).state(), JobState::Completed);
}
