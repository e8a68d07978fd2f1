//! System events that are made from the events of others.

use super::*;

/// Type and subtype of each stored event.
fn kinds(report: &Report) -> Vec<(String, String)> {
    let events = stored_events(report).into_iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events
        .map(|event| (text(&event["type"]), text(&event["subtype"])))
        .collect()
}

fn kind_of(name: &str, event: Value) -> (String, String) {
    let mut report = start_with(json!({}));
    report.event(name, event);
    let mut kinds = kinds(&report);
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    kinds.remove(0)
}

fn pair(kind: &str, subtype: &str) -> (String, String) {
    (kind.to_owned(), subtype.to_owned())
}

#[test]
fn weights_have_an_event_for_each_end() {
    for (end, kind, subtype) in [
        (
            json!({ "end": "applied", "block": 5 }),
            "WEIGHT_SETTING_SUCCESS",
            "SET_WEIGHTS_SUCCESS",
        ),
        (
            json!({ "end": "revealed", "block": 5 }),
            "WEIGHT_SETTING_SUCCESS",
            "REVEAL_WEIGHTS_SUCCESS",
        ),
        (
            json!({ "end": "given_up", "reason": "r" }),
            "WEIGHT_SETTING_FAILURE",
            "GIVING_UP",
        ),
    ] {
        let event = weights_over(722, &end);
        assert_eq!(kind_of("horde_weights_over", event), pair(kind, subtype));
    }
}

#[test]
fn missed_batch_has_an_event_by_its_code() {
    for (code, kind, subtype) in [
        (
            "overslept",
            "VALIDATOR_OVERSLEPT_SCHEDULED_JOB_WARNING",
            "OVERSLEPT",
        ),
        (
            "chain",
            "VALIDATOR_SYNTHETIC_JOBS_FAILURE",
            "SUBTENSOR_CONNECTIVITY_ERROR",
        ),
        (
            "not_in_list",
            "VALIDATOR_SYNTHETIC_JOBS_FAILURE",
            "GENERIC_ERROR",
        ),
    ] {
        let event = json!({ "cycle_start": 722, "block": 746, "code": code, "reason": "r" });
        assert_eq!(kind_of("horde_batch_missed", event), pair(kind, subtype));
    }
}

#[test]
fn users_job_has_an_event_at_its_end() {
    let failure = "MINER_ORGANIC_JOB_FAILURE";
    let finished = answered_job(1, "completed", "V0JobFinishedRequest");
    for (event, kind, subtype) in [
        (finished, "MINER_ORGANIC_JOB_SUCCESS", "SUCCESS"),
        (job_status(1, "rejected"), failure, "JOB_REJECTED"),
        (job_status(1, "failed"), failure, "FAILURE"),
        (
            answered_job(1, "failed", "V0JobFailedRequest"),
            failure,
            "FAILURE",
        ),
        (
            answered_job(1, "failed", "V0ExecutorFailedRequest"),
            failure,
            "JOB_NOT_STARTED",
        ),
    ] {
        assert_eq!(kind_of("horde_job_status", event), pair(kind, subtype));
    }
    let mut report = start_with(json!({}));
    report.event("horde_job_status", job_status(1, "accepted"));
    assert!(stored_events(&report).is_empty());
}

#[test]
fn event_of_a_users_job_has_no_output() {
    let mut report = start_with(json!({}));
    let finished = answered_job(1, "completed", "V0JobFinishedRequest");
    report.event("horde_job_status", finished);
    report.event("horde_job_status", job_status(2, "rejected"));
    let events = stored_events(&report);
    let description = |index: usize| events[index]["data"]["description"].clone();
    assert_eq!(
        description(0),
        "the miner has answered with V0JobFinishedRequest"
    );
    assert_eq!(description(1), "no miner serves");
    assert!(!format!("{:?}", report.stored()).contains("s3cret"));
}

#[test]
fn batch_has_an_event_for_each_miner_and_result() {
    let mut report = start_with(json!({}));
    let jobs = [
        job("5A", "right"),
        job("5A", "right"),
        job("5A", "wrong"),
        job("5B", "unreachable"),
        job("5C", "declined"),
        job("5D", "late"),
        job("5E", "failed"),
        job("5F", "interrupted"),
    ];
    report.event("horde_batch_over", batch_over("b", &jobs));
    let failure = |subtype| pair("MINER_SYNTHETIC_JOB_FAILURE", subtype);
    let expected = [
        pair("VALIDATOR_TELEMETRY", "SYNTHETIC_BATCH"),
        pair("MINER_SYNTHETIC_JOB_SUCCESS", "SUCCESS"),
        failure("FAILURE"),
        failure("MINER_CONNECTION_ERROR"),
        failure("JOB_REJECTED"),
        failure("JOB_EXECUTION_TIMEOUT"),
        failure("FAILURE"),
        pair("VALIDATOR_TELEMETRY", "GENERIC_ERROR"),
    ];
    assert_eq!(kinds(&report), expected);
    assert_eq!(stored_events(&report)[1]["data"]["jobs"], 2);
}

#[test]
fn event_has_a_description_and_its_time() {
    let mut report = start_with(json!({}));
    let end = json!({ "end": "given_up", "reason": "chain \u{1b}" });
    report.event("horde_weights_over", weights_over(722, &end));
    let expected = json!({
        "type": "WEIGHT_SETTING_FAILURE", "subtype": "GIVING_UP", "timestamp": "2023-11-14T22:13:20Z",
        "data": { "description": "chain \\u{1b}", "cycle_start": 722, "attempts": 2 },
    });
    assert_eq!(stored_events(&report), [expected]);
}

#[test]
fn chain_has_an_event_when_it_changes() {
    let mut report = start_with(json!({}));
    let state = |condition: Value| {
        let mut state = json!({ "since_ms": 1 });
        let fields = condition.as_object().unwrap().clone();
        state.as_object_mut().unwrap().extend(fields);
        state
    };
    let following = state(json!({ "condition": "following" }));
    let stands = state(json!({ "condition": "stands_still", "block": 7 }));
    let contradicts = state(json!({ "condition": "contradicts", "reason": "r" }));
    let gone = state(json!({ "condition": "unreachable", "reason": "r" }));
    // A chain that is followed from the start is not news, nor is a state that is repeated.
    for state in [
        &following,
        &stands,
        &stands,
        &contradicts,
        &gone,
        &following,
        &following,
    ] {
        report.event("horde_chain_state", state.clone());
    }
    let kind = |subtype| pair("METAGRAPH_SYNCING", subtype);
    let expected = [
        kind("SUBTENSOR_CONNECTIVITY_ERROR"),
        kind("GENERIC_ERROR"),
        kind("SUBTENSOR_CONNECTIVITY_ERROR"),
        kind("SUCCESS"),
    ];
    assert_eq!(kinds(&report), expected);
}

#[test]
fn miner_without_a_link_has_an_event_now_and_then() {
    let mut report = start_with(json!({}));
    let down = |reason: &str| json!({ "hotkey": "5A", "state": { "down": { "reason": reason } } });
    report.event(
        "horde_miner_link",
        json!({ "hotkey": "5A", "state": { "up": { "manifest": [] } } }),
    );
    for (reason, wait_ms, events) in [
        ("refused", 0, 1),
        ("refused", 599_999, 1),
        ("silent", 1, 2),
        ("silent", 600_000, 3),
    ] {
        report.advance_ms(wait_ms);
        report.event("horde_miner_link", down(reason));
        assert_eq!(stored_events(&report).len(), events, "{reason} {wait_ms}");
    }
    let row = &status(&mut report)["miners"]["5A"];
    assert_eq!(row["failures"]["no_link"]["count"], 4);
    assert_eq!(row["no_link"], "silent");
}

/// Durable events may come twice.
#[test]
fn event_that_comes_twice_counts_once() {
    let events = [
        (
            "horde_weights_over",
            weights_over(1, &json!({ "end": "applied", "block": 5 })),
        ),
        ("horde_batch_over", batch_over("b", &[job("5A", "late")])),
        (
            "horde_batch_missed",
            json!({ "cycle_start": 722, "block": null, "code": "busy", "reason": "r" }),
        ),
        ("horde_job_status", job_status(1, "failed")),
        ("horde_job_status", job_status(2, "accepted")),
        (
            "horde_batch_due",
            json!({ "cycle_start": 1444, "block": 1500, "until_ms": 1, "miners": [] }),
        ),
    ];
    let mut report = start_with(json!({}));
    for (name, event) in &events {
        report.event(name, event.clone());
    }
    let stored = report.stored();
    report.advance_ms(5);
    for (name, event) in &events {
        report.event(name, event.clone());
        report.kill();
        report.event(name, event.clone());
    }
    assert_eq!(report.stored(), stored);
}
