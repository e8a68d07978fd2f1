//! Statuses reach the facilitator once each, one at a time.

use serde_json::json;

use super::support::*;

#[test]
fn one_status_is_sent_at_a_time() {
    let mut world = start_up();
    for number in 1..=3 {
        world.give(&uuid(number), "accepted");
    }
    for number in 1..=3 {
        assert_eq!(world.status_names(), [(uuid(number), "accepted")]);
        world.frame(SUCCESS);
    }
    assert!(world.statuses().is_empty());
    assert_eq!(world.stored_statuses(), 0);
    assert_eq!(world.0.unfinished(), 0);
}

#[test]
fn status_given_twice_is_sent_once() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    world.give(&uuid(1), "accepted");
    world.frame(SUCCESS);
    world.give(&uuid(1), "accepted");
    world.give(&uuid(1), "completed");
    world.frame(SUCCESS);
    // A job has one last status, and none after it.
    for status in ["completed", "failed", "rejected", "accepted"] {
        world.give(&uuid(1), status);
    }
    let names = world.status_names();
    assert_eq!(names, [(uuid(1), "accepted"), (uuid(1), "completed")]);
    world.0.kill();
    world.0.advance_ms(0);
    world.come_up();
    world.give(&uuid(1), "failed");
    assert!(world.status_names().is_empty());
}

#[test]
fn status_is_resent_until_answered() {
    let mut world = start();
    world.give(&uuid(1), "accepted");
    assert!(world.sent().is_empty());
    world.come_up();
    assert_eq!(world.status_names().len(), 1);
    world.close(None);
    world.reconnect();
    assert_eq!(world.status_names().len(), 1);
    world.0.kill();
    world.0.advance_ms(0);
    world.come_up();
    assert_eq!(world.status_names(), [(uuid(1), "accepted")]);
    assert_eq!(world.0.unfinished(), 1);
    // It had got it before.
    world.frame(&error_answer("job.integrity_error"));
    assert_eq!(world.stored_statuses(), 0);
    world.close(None);
    world.reconnect();
    assert!(world.statuses().is_empty());
}

#[test]
fn unanswered_status_ends_the_connection() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    world.sent();
    world.0.advance_ms(9_999);
    assert_eq!(world.state(), "up");
    world.0.advance_ms(1);
    assert_eq!(world.state(), "pausing");
    assert_eq!(world.0.ws_closed().len(), 1);
    world.reconnect();
    assert_eq!(world.status_names(), [(uuid(1), "accepted")]);
}

/// The facilitator may send a job before it knows it itself (section 10.10).
#[test]
fn status_before_its_row_is_sent_again() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    world.give(&uuid(1), "completed");
    world.give(&uuid(2), "rejected");
    world.sent();
    world.frame(&error_answer("job.not_found"));
    // Those of other jobs do not wait for it; the later one of its own job does.
    assert_eq!(world.status_names(), [(uuid(2), "rejected")]);
    world.frame(SUCCESS);
    assert!(world.statuses().is_empty());
    world.0.advance_ms(1_000);
    assert_eq!(world.status_names(), [(uuid(1), "accepted")]);
    world.frame(SUCCESS);
    assert_eq!(world.status_names(), [(uuid(1), "completed")]);
}

#[test]
fn status_of_unknown_job_is_given_up_in_time() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    let mut sent = 0;
    for _ in 0..40 {
        if !world.statuses().is_empty() {
            sent += 1;
            world.frame(&error_answer("job.not_found"));
        }
        world.0.advance_ms(1_000);
    }
    assert_eq!(sent, 31);
    assert_eq!(world.stored_statuses(), 0);
    let labels = [("status", "accepted"), ("result", "refused")];
    assert_eq!(world.0.metric("statuses", &labels), Some(1.0));
}

#[test]
fn status_with_other_errors_is_given_up() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    for _ in 0..5 {
        assert_eq!(world.statuses().len(), 1);
        world.frame(&error_answer("value_error.const"));
        world.0.advance_ms(1_000);
    }
    assert!(world.statuses().is_empty());
    assert_eq!(world.stored_statuses(), 0);
    let logs = world.0.logs();
    let is_logged = |(_, text): &(String, String)| {
        text.contains("value_error.const") && text.contains("given up")
    };
    assert!(logs.iter().any(is_logged), "{logs:?}");
}

#[test]
fn unauthenticated_answer_keeps_the_status() {
    let mut world = start_up();
    world.give(&uuid(1), "accepted");
    world.sent();
    world.frame(&error_answer("auth.not_authenticated"));
    assert_eq!(world.state(), "pausing");
    world.reconnect();
    assert_eq!(world.status_names(), [(uuid(1), "accepted")]);
}

#[test]
fn undelivered_status_is_given_up_after_an_hour() {
    let mut world = start();
    world.give(&uuid(1), "completed");
    world.0.advance_ms(3_600_000);
    world.0.update();
    assert_eq!(world.stored_statuses(), 1);
    world.0.advance_ms(1);
    world.0.update();
    assert_eq!(world.stored_statuses(), 0);
    let labels = [("status", "completed"), ("result", "undelivered")];
    assert_eq!(world.0.metric("statuses", &labels), Some(1.0));
    assert!(world.0.logs().iter().any(|(level, _)| level == "error"));
}

#[test]
fn metadata_is_sent_always_and_as_it_is() {
    let mut world = start_up();
    let metadata = json!({
        "comment": "\0", "newer": [1],
        "miner_response": {
            "job_uuid": "u", "message_type": null, "docker_process_stderr": "", "docker_process_stdout": "\0\u{7}é",
        },
    });
    let mut event = status_event(&uuid(1), "completed", "");
    event["metadata"] = metadata.clone();
    world.0.event("horde_job_status", event);
    let sent = world.0.ws_sent();
    let frame: serde_json::Value = serde_json::from_str(&sent[0].text).unwrap();
    assert_eq!(frame["metadata"], metadata);
    world.frame(SUCCESS);
    // Whatever is wrong with the details, the user gets the status.
    let mut event = status_event(&uuid(2), "failed", "");
    event["metadata"] = json!({ "comment": 7 });
    world.0.event("horde_job_status", event);
    let empty = json!({ "comment": "", "miner_response": null });
    let sent = world.0.ws_sent();
    let frame: serde_json::Value = serde_json::from_str(&sent[0].text).unwrap();
    assert_eq!(frame["metadata"], empty);
}

#[test]
fn output_that_is_too_long_is_cut() {
    let mut world = start_up();
    world.0.event(
        "horde_job_status",
        status_event(&uuid(1), "completed", &"x".repeat(2 << 20)),
    );
    let sent = world.0.ws_sent();
    assert!((1 << 17..=1 << 20).contains(&sent[0].text.len()));
}

#[test]
fn unknown_status_is_not_sent() {
    let mut world = start_up();
    world.give(&uuid(1), "horde_failed");
    assert!(world.sent().is_empty());
    let logs = world.0.logs();
    assert!(
        logs.iter()
            .any(|(level, text)| level == "error" && text.contains("horde_failed"))
    );
}
