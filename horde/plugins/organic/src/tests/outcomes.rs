//! Each outcome of an attempt: status, text and blame, and whether another miner is tried.

use super::*;

fn failed(exit_status: Option<i64>) -> Value {
    json!({ "outcome": "failed", "exit_status": exit_status, "stdout": "o", "stderr": "e" })
}

fn late(step: &str) -> Value {
    json!({ "outcome": "late", "step": step })
}

fn unreachable() -> Value {
    json!({ "outcome": "unreachable", "reason": "gone" })
}

fn not_sent() -> Value {
    json!({ "outcome": "not_sent", "reason": "all 1 executors are busy" })
}

/// Status, comment and miner's message of a job whose named miner has this outcome.
#[track_caller]
fn assert_status_of(outcome: &Value, status: &str, expected: &str, message: Option<&str>) {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, outcome);
    let statuses = world.statuses();
    assert_eq!(statuses.len(), 1, "{outcome}");
    let given = &statuses[0];
    assert_eq!(given["uuid"], json!(uuid(1)));
    assert_eq!(given["status"], status);
    let comment = given["metadata"]["comment"].as_str().unwrap();
    assert!(comment.contains(expected), "{comment}");
    assert!(comment.contains(&hotkey(1)), "{comment}");
    let response = &given["metadata"]["miner_response"];
    match message {
        Some(message) => {
            assert_eq!(response["message_type"], message);
            assert_eq!(response["job_uuid"], json!(uuid(1)), "the user's");
        }
        None => assert!(response.is_null()),
    }
}

#[test]
fn messages_of_miners_have_their_status_and_text() {
    let executor_failed = json!({ "outcome": "executor_failed" });
    for (outcome, status, expected, message) in [
        (
            finished(),
            "completed",
            "finished: stdout='out' stderr=''",
            "V0JobFinishedRequest",
        ),
        (
            failed(Some(3)),
            "failed",
            "failed: {\"job_uuid\":",
            "V0JobFailedRequest",
        ),
        (
            failed(None),
            "failed",
            "_exit_status\":null",
            "V0JobFailedRequest",
        ),
        (
            declined(),
            "rejected",
            "declined the job",
            "V0DeclineJobRequest",
        ),
        (
            executor_failed,
            "failed",
            "could not prepare",
            "V0ExecutorFailedRequest",
        ),
    ] {
        assert_status_of(&outcome, status, expected, Some(message));
    }
}

#[test]
fn other_outcomes_have_their_status_and_text() {
    let out_of_order = json!({ "outcome": "out_of_order", "reason": "ready before accepted" });
    let interrupted = json!({ "outcome": "interrupted" });
    for (outcome, status, expected) in [
        (out_of_order, "failed", "too early: ready before accepted"),
        (
            late("accept"),
            "failed",
            "did not answer the reservation in time",
        ),
        (late("ready"), "failed", "had no executor ready in time"),
        (late("answer"), "failed", "did not send the result in time"),
        (unreachable(), "failed", "could not be reached: gone"),
        (interrupted, "failed", "the validator was restarted"),
        (not_sent(), "rejected", "was not asked: all 1 executors"),
    ] {
        assert_status_of(&outcome, status, expected, None);
    }
}

#[test]
fn only_answers_get_a_score() {
    for (outcome, is_answer) in [
        (finished(), true),
        (failed(None), true),
        (declined(), false),
        (unreachable(), false),
    ] {
        let mut world = start();
        let asked = world.asked_v1(1, 1);
        world.over(&asked, &outcome);
        assert_eq!(
            world.events("horde_jobs_scored").len(),
            usize::from(is_answer),
            "{outcome}"
        );
    }
}

/// The miner goes on with its job, but its link is down for others: only this extension may hold the way of the receipt.
#[test]
fn link_that_is_down_is_held_for_its_job() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.0.event("horde_miner_link", down(1));
    world.0.advance_ms(20);
    assert!(world.events("horde_links_wanted").is_empty());
    world.over(&asked, &finished());
    let emitted = world.0.emitted();
    let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
    let position = |name| names.iter().position(|it| *it == name).unwrap();
    let list = position("horde_links_wanted");
    assert!(position("horde_jobs_scored") < list, "{names:?}");
    assert_eq!(emitted[list].1["miners"], json!([]));
}

#[test]
fn accepted_is_given_once() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.step(&asked, "accepted");
    world.step(&asked, "accepted");
    assert_eq!(world.statuses().len(), 1);
    world.kill();
    world.step(&asked, "accepted");
    assert!(world.statuses().is_empty());
}

#[test]
fn outcome_counts_once() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    assert_eq!(world.statuses().len(), 1);
    world.over(&asked, &finished());
    world.over(&asked, &declined());
    world.step(&asked, "accepted");
    assert!(world.0.emitted().is_empty());
}

/// What is not known to have run is tried elsewhere, under another uuid.
#[test]
fn other_miner_is_tried_while_nothing_ran() {
    let not_run = |outcome: Value| (outcome, false, true);
    for (outcome, has_run, is_retried) in [
        not_run(declined()),
        not_run(json!({ "outcome": "executor_failed" })),
        not_run(late("accept")),
        not_run(late("ready")),
        not_run(unreachable()),
        not_run(not_sent()),
        (unreachable(), true, false),
        (late("answer"), true, false),
        (failed(None), true, false),
        (json!({ "outcome": "interrupted" }), false, false),
        (
            json!({ "outcome": "out_of_order", "reason": "" }),
            true,
            false,
        ),
    ] {
        let mut world = start();
        world.up(1, 1);
        world.up(2, 1);
        world.request(&v2(1, START_MS));
        let first =
            if world.report()["jobs"][0]["attempts"][0]["address"]["hotkey"] == json!(hotkey(1)) {
                1
            } else {
                2
            };
        let second = 3 - first;
        world.up(first, 1);
        let asked = world.asked();
        let event = over(&asked.uuid, &asked.hotkey, &outcome, has_run);
        world.0.event("horde_job_over", event);
        if is_retried {
            assert!(world.statuses().is_empty(), "{outcome}");
            world.0.advance_ms(20);
            world.up(second, 1);
            let again = world.asked();
            assert_ne!(again.uuid, asked.uuid, "{outcome}");
            assert_eq!(again.hotkey, hotkey(second));
            world.over(&again, &finished());
            world.assert_status("completed", "it was attempt 2");
        } else {
            world.assert_status("failed", "");
        }
    }
}

#[test]
fn named_miner_has_one_attempt() {
    let mut world = start();
    world.up(2, 5);
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &declined());
    world.assert_status("rejected", "declined");
}

#[test]
fn attempts_are_bounded() {
    let mut section = section();
    section["attempts_max"] = json!(2);
    let mut world = start_with(section);
    world.serve(&[1, 2, 3]);
    for miner in 1..=3 {
        world.up(miner, 1);
    }
    world.request(&v2(1, START_MS));
    for attempt in 1..=2 {
        for miner in 1..=3 {
            world.up(miner, 1);
        }
        let asked = world.asked();
        world.over(&asked, &declined());
        world.0.advance_ms(20);
        if attempt == 1 {
            continue;
        }
        world.assert_status("rejected", "; it was attempt 2");
    }
}

#[test]
fn job_of_few_seconds_is_tried_again() {
    let mut world = start_with_job_seconds(4);
    world.serve(&[1, 2]);
    let up = |world: &mut World| [1, 2].map(|miner| world.up(miner, 1));
    up(&mut world);
    world.request(&v2(1, START_MS));
    up(&mut world);
    let first = world.asked();
    world.0.advance_ms(50);
    world.over(&first, &declined());
    up(&mut world);
    assert_ne!(world.asked().hotkey, first.hotkey);
}

/// A user does not read that nobody has taken the job when somebody had.
#[test]
fn accepted_job_is_not_rejected() {
    let mut world = start();
    world.up(1, 1);
    world.request(&v2(1, START_MS));
    world.up(1, 1);
    let asked = world.asked();
    world.step(&asked, "accepted");
    world.statuses();
    world.over(&asked, &declined());
    world.assert_status("failed", "declined the job; all miners with executors");
}

#[test]
fn long_outputs_fit_into_a_status() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    let long = "\0".repeat(1 << 20);
    world.over(
        &asked,
        &json!({ "outcome": "failed", "exit_status": 1, "stdout": long, "stderr": long }),
    );
    let status = world.statuses().remove(0);
    assert!(status.to_string().len() < 1 << 20);
}

#[test]
fn miner_without_a_link_fails_the_attempt() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.event("horde_miner_link", down(1));
    world.assert_status("failed", "could not be reached: refused");
    // The next job wants the link anew.
    world.request(&v1(2, 1));
    world.0.advance_ms(20);
    assert_eq!(world.events("horde_links_wanted").len(), 1);
}

#[test]
fn link_that_is_down_is_not_wanted_any_more() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.request(&v1(2, 2));
    world.0.advance_ms(20);
    world.up(2, 1);
    let asked = world.asked();
    // A job waits for this link.
    world.0.event("horde_miner_link", down(1));
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["miners"].as_array().unwrap().len(), 1);
    assert_eq!(lists[0]["miners"][0]["hotkey"], hotkey(2));
    // The job of this one is over. Its list comes in the same moment as the one before, and so has to be late.
    world.over(&asked, &finished());
    world.0.emitted();
    world.0.event("horde_miner_link", down(2));
    assert!(world.events("horde_links_wanted").is_empty());
    world.0.advance_ms(10);
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["miners"], json!([]));
}

#[test]
fn silence_of_a_link_ends_the_attempt() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.advance_ms(39_999);
    assert!(world.statuses().is_empty());
    world.0.advance_ms(1);
    world.assert_status("rejected", "no link came up within 40 s");
}

#[test]
fn wait_for_a_link_that_is_cut_says_so() {
    let mut world = start_with_job_seconds(20);
    world.serve(&[1]);
    world.request(&v1(1, 1));
    world.0.advance_ms(20_000);
    let reason = "no link came up before the job's time of 20 s was over";
    world.assert_status("rejected", reason);
}

#[test]
fn silence_of_a_job_ends_with_its_time() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.0.advance_ms(309_999);
    assert!(world.statuses().is_empty());
    world.0.advance_ms(1);
    world.assert_status("failed", "did not send the result in time");
    world.over(&asked, &finished());
    assert!(world.statuses().is_empty());
}

#[test]
fn later_attempt_has_what_is_left_of_the_time() {
    let mut world = start();
    world.up(1, 1);
    world.up(2, 1);
    world.request(&v2(1, START_MS));
    world.up(1, 1);
    world.up(2, 1);
    let asked = world.asked();
    assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 300);
    world.0.advance_ms(100_500);
    world.over(&asked, &declined());
    world.up(1, 1);
    world.up(2, 1);
    let asked = world.asked();
    assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 200);
    world.0.advance_ms(199_000);
    world.over(&asked, &declined());
    world.assert_status("rejected", "declined");
}

#[test]
fn outputs_of_a_user_are_in_no_log_and_no_report() {
    for outcome in [
        json!({ "outcome": "finished", "stdout": "secret", "stderr": "secret" }),
        json!({ "outcome": "failed", "exit_status": null, "stdout": "secret", "stderr": "secret" }),
    ] {
        let mut world = start();
        let mut request = v1(1, 1);
        request["env"] = json!({ "KEY": "secret" });
        world.request(&request);
        world.up(1, 5);
        let asked = world.asked();
        world.over(&asked, &outcome);
        assert!(world.status().1.contains("secret"), "the user gets them");
        let logs = format!("{:?}", world.0.logs());
        assert!(
            logs.contains("is over") && !logs.contains("secret"),
            "{logs}"
        );
        assert!(!world.report().to_string().contains("secret"));
    }
}
