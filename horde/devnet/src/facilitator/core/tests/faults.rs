//! Each fault that shapes what is sent.

use std::time::Duration;

use horde_proto::facilitator::JobStatus::{Accepted, Failed};
use horde_proto::facilitator::{JobRequest, JobSignatureError, ToValidator, V2JobRequest};
use serde_json::{Value, json};

use super::fixture::{Bench, closed, requests, texts};
use crate::facilitator::core::FacilitatorEffect;
use crate::facilitator::fault::SignedField;
use crate::facilitator::{JobVersion, StatusAnswer, unknown_user_keypair, user_keypair};

/// The frames by which a job goes out.
fn frames(faults: &[&str], version: JobVersion) -> Vec<String> {
    let mut bench = Bench::new(faults);
    let id = bench.admit(1);
    let (_, effects) = bench.submit(version);
    let texts = texts(&effects, id).into_iter();
    texts.map(str::to_owned).collect()
}

fn object(faults: &[&str], version: JobVersion) -> Value {
    serde_json::from_str(&frames(faults, version)[0]).unwrap()
}

fn v2(faults: &[&str]) -> V2JobRequest {
    match ToValidator::parse(&frames(faults, JobVersion::V2)[0]).unwrap() {
        ToValidator::JobRequest(request) => match *request {
            JobRequest::V2(request) => request,
            other => panic!("{other:?}"),
        },
        other @ ToValidator::Response(_) => panic!("{other:?}"),
    }
}

#[test]
fn malformed_requests_are_not_messages() {
    for version in [JobVersion::V0, JobVersion::V1, JobVersion::V2] {
        for fault in [
            "missing-field",
            "wrong-enum",
            "no-program",
            "unknown-fields",
        ] {
            let frame = &frames(&[fault], version)[0];
            assert!(ToValidator::parse(frame).is_err(), "{fault}: {frame}");
        }
        // A tolerant reader takes a newer facilitator's request.
        let newer = &frames(&["unknown-fields"], version)[0];
        let tolerated = ToValidator::parse_tolerant(newer).unwrap();
        assert_eq!(tolerated.dropped, ["artifacts_dir", "priority"]);
    }
}

#[test]
fn frames_that_are_no_message_come_before_the_job() {
    let frames = frames(&["sends-no-json", "unknown-type"], JobVersion::V1);
    assert_eq!(frames.len(), 3);
    assert!(serde_json::from_str::<Value>(&frames[0]).is_err());
    let unknown: Value = serde_json::from_str(&frames[1]).unwrap();
    assert_eq!(unknown["message_type"], "V9JobRequest");
    assert!(ToValidator::parse(&frames[2]).is_ok());
}

#[test]
fn odd_values_are_valid_messages() {
    for version in [JobVersion::V0, JobVersion::V1, JobVersion::V2] {
        let both = object(&["both-programs"], version);
        let is_set = |name: &str| !both[name].as_str().unwrap().is_empty();
        assert!(is_set("docker_image") && is_set("raw_script"));
        let large = object(&["large-args:1024"], version);
        assert_eq!(large["args"][1].as_str().unwrap().len(), 1 << 20);
        let uuid = object(&["bad-uuid"], version);
        assert!(!horde_proto::is_uuid(uuid["uuid"].as_str().unwrap()));
        let url = object(&["bad-volume-url"], version).to_string();
        assert!(url.contains("ht!tp://"), "{url}");
    }
    // They are signed as they are.
    for fault in [
        "both-programs",
        "large-args:1",
        "bad-uuid",
        "bad-volume-url",
    ] {
        assert!(v2(&[fault]).verify().is_ok(), "{fault}");
    }
}

#[test]
fn faulty_signatures_fail_as_their_names_say() {
    assert_eq!(v2(&["unsigned"]).verify(), Err(JobSignatureError::Absent));
    let signer = v2(&["unknown-signer"]).verify().unwrap();
    assert_eq!(signer, unknown_user_keypair(0).public());
    let forged = v2(&["forged"]);
    let signatory = forged.signature.as_ref().unwrap().signatory.clone();
    assert_eq!(signatory, user_keypair(0).public().to_ss58());
    assert!(matches!(forged.verify(), Err(JobSignatureError::Verify(_))));
    let old = v2(&["old-signature:301"]);
    assert!(old.verify().is_ok());
    let expected_ns = (1_732_806_192 - 301) * 1_000_000_000;
    assert_eq!(old.signature.unwrap().timestamp_ns, expected_ns);
}

#[test]
fn each_signed_field_can_be_tampered_with() {
    for field in SignedField::ALL {
        let tampered = v2(&[&format!("tampered:{field}")]);
        assert!(
            matches!(tampered.verify(), Err(JobSignatureError::Verify(_))),
            "{field}"
        );
    }
}

#[test]
fn replay_is_the_same_request_of_another_uuid() {
    let mut bench = Bench::new(&["replayed"]);
    let id = bench.admit(1);
    let (uuid, effects) = bench.submit(JobVersion::V2);
    let requests = requests(&effects, id);
    let [JobRequest::V2(first), JobRequest::V2(second)] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_ne!(first.uuid, second.uuid);
    assert_eq!(first.signature, second.signature);
    assert!(second.verify().is_ok());
    assert_eq!(bench.job(&second.uuid).replay_of, Some(uuid));
}

#[test]
fn job_is_sent_twice_on_a_connection() {
    let mut bench = Bench::new(&["sends-twice"]);
    let id = bench.admit(1);
    let (uuid, effects) = bench.submit(JobVersion::V1);
    let texts = texts(&effects, id);
    assert_eq!((texts.len(), texts[0]), (2, texts[1]));
    assert_eq!(bench.job(&uuid).deliveries.len(), 2);
}

#[test]
fn jobs_under_way_come_again_after_authentication() {
    let mut bench = Bench::new(&["again-after-auth"]);
    let id = bench.admit(1);
    let (over, _) = bench.submit(JobVersion::V1);
    let (uuid, _) = bench.submit(JobVersion::V1);
    bench.status(id, &over, Failed);
    bench.status(id, &uuid, Accepted);
    let next = bench.connect();
    let effects = bench.authenticate(next, 1);
    let again = requests(&effects, next);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].uuid(), uuid);
}

#[test]
fn job_comes_again_when_it_is_over() {
    let mut bench = Bench::new(&["again-when-over:300"]);
    let id = bench.admit(1);
    let (uuid, _) = bench.submit(JobVersion::V1);
    assert!(requests(&bench.status(id, &uuid, Accepted), id).is_empty());
    let effects = bench.status(id, &uuid, Failed);
    assert_eq!(requests(&effects, id)[0].uuid(), uuid);
    let Some(FacilitatorEffect::Send { delay, .. }) = effects.last() else {
        panic!("{effects:?}");
    };
    assert_eq!(*delay, Duration::from_millis(300));
}

#[test]
fn silent_facilitator_sends_nothing() {
    let mut bench = Bench::new(&["silent"]);
    let id = bench.connect();
    assert!(bench.authenticate(id, 1).is_empty());
    let (uuid, effects) = bench.submit(JobVersion::V2);
    assert!(effects.is_empty());
    assert!(bench.job(&uuid).deliveries.is_empty());
    assert!(bench.text(id, "{").is_empty());
}

#[test]
fn connection_ends_at_the_step_of_the_fault() {
    for (name, code) in [
        ("closes-3000", 3000),
        ("closes-3001", 3001),
        ("closes-1011", 1011),
    ] {
        for (step, expected) in [
            ("connect", [true, false, false, false]),
            ("auth", [false, true, false, false]),
            ("job", [false, false, true, false]),
            ("status", [false, false, false, true]),
        ] {
            let mut bench = Bench::new(&[&format!("{name}:{step}")]);
            let (id, opened) = bench.core.connect(None, bench.now_us);
            let authenticated = bench.authenticate(id, 1);
            let submitted = bench
                .core
                .submit(&super::fixture::order(JobVersion::V1), bench.now_us);
            // There is no validator if the connection has ended before.
            let (uuid, sent) = submitted.unwrap_or_default();
            let answered = bench.status(id, &uuid, Accepted);
            let is_closed = [opened, authenticated, sent, answered]
                .map(|effects| closed(&effects) == Some(code));
            assert_eq!(is_closed, expected, "{name}:{step}");
        }
    }
}

#[test]
fn fault_of_one_time_happens_once() {
    let mut bench = Bench::new(&["drops:auth-once"]);
    let is_dropped = [1, 2].map(|_| {
        let id = bench.connect();
        let effects = bench.authenticate(id, 1);
        effects.contains(&FacilitatorEffect::Drop { connection: id })
    });
    assert_eq!(is_dropped, [true, false]);
}

#[test]
fn status_is_stored_before_a_connection_ends() {
    let mut bench = Bench::new(&["drops:status-once"]);
    let id = bench.admit(1);
    let (uuid, _) = bench.submit(JobVersion::V1);
    let effects = bench.status(id, &uuid, Accepted);
    assert_eq!(effects, [FacilitatorEffect::Drop { connection: id }]);
    let status = &bench.job(&uuid).statuses[0];
    assert_eq!(
        (status.is_stored, status.answer),
        (true, StatusAnswer::Nothing)
    );
    let next = bench.admit(1);
    let effects = bench.status(next, &uuid, Accepted);
    let answer: Value = serde_json::from_str(texts(&effects, next)[0]).unwrap();
    assert_eq!(answer["errors"][0]["type"], json!("job.integrity_error"));
    assert!(bench.violations().is_empty());
}

#[test]
fn storm_closes_each_connection_later() {
    let mut bench = Bench::new(&["storm:250"]);
    let (connection, effects) = bench.core.connect(None, bench.now_us);
    let expected = FacilitatorEffect::Close {
        connection,
        delay: Duration::from_millis(250),
        code: 1001,
    };
    assert_eq!(effects, [expected]);
}
