//! Whatever validators send.

use horde_proto::facilitator::JobStatus;
use proptest::prelude::*;

use super::fixture::{Bench, SECOND_US, texts};
use crate::facilitator::JobVersion;

#[derive(Clone, Debug)]
enum Step {
    Open(u8),
    End(u64),
    Order,
    Status(u64, usize, JobStatus),
    Text(u64, String),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop::sample::select(JobStatus::ALL);
    let text = prop_oneof![
        ".{0,40}",
        Just("{\"message_type\":\"V0Heartbeat\"}".to_owned()),
        Just(
            "{\"message_type\":\"V0JobStatusUpdate\",\"uuid\":\"\",\"status\":\"failed\"}"
                .to_owned()
        ),
    ];
    prop_oneof![
        (1u8..3).prop_map(Step::Open),
        (0u64..4).prop_map(Step::End),
        Just(Step::Order),
        (0u64..4, 0usize..4, status).prop_map(|(id, job, status)| Step::Status(id, job, status)),
        (0u64..4, text).prop_map(|(id, text)| Step::Text(id, text)),
        (0i64..200).prop_map(Step::Wait),
    ]
}

fn faults() -> impl Strategy<Value = Vec<&'static str>> {
    let names = [
        "no-answer:1",
        "slow-answer",
        "late-row",
        "sends-twice",
        "again-after-auth",
        "drops:status-once",
        "closes-1011:job",
        "silent",
    ];
    prop::sample::subsequence(names.to_vec(), 0..3)
}

proptest! {
    #[test]
    fn any_frames_leave_each_status_stored_once(
        faults in faults(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut bench = Bench::new(&faults);
        let mut jobs = Vec::new();
        for step in steps {
            match step {
                Step::Open(number) => {
                    bench.admit(number);
                }
                Step::End(id) => bench.core.disconnect(id, bench.now_us),
                Step::Order => {
                    let order = super::fixture::order(JobVersion::V1);
                    if let Ok((uuid, _)) = bench.core.submit(&order, bench.now_us) {
                        jobs.push(uuid);
                    }
                }
                Step::Status(id, job, status) => {
                    let uuid = jobs.get(job).cloned().unwrap_or_default();
                    let effects = bench.status(id, &uuid, status);
                    prop_assert!(texts(&effects, id).len() <= 1);
                }
                Step::Text(id, text) => {
                    let effects = bench.text(id, &text);
                    prop_assert!(texts(&effects, id).len() <= 1);
                }
                Step::Wait(seconds) => {
                    bench.wait(seconds);
                    bench.now_us += SECOND_US / 2;
                }
            }
        }
        for job in bench.core.jobs() {
            for status in JobStatus::ALL {
                let stored = job.stored().filter(|stored| stored.status == *status);
                prop_assert!(stored.count() <= 1);
            }
            // A status is stored by its first attempt that is not too early.
            prop_assert_eq!(
                job.end().is_some(),
                job.statuses.iter().any(|status| {
                    status.status != JobStatus::Accepted
                        && status.answer != crate::facilitator::StatusAnswer::NotFound
                })
            );
        }
    }
}
