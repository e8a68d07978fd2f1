//! Each outcome and each deadline.

use horde_events::Outcome;
use tig_plugin_api::WsEventKind;

use super::world::*;

/// A job of miner 1 that is at this step; another miner's job keeps the group from running unless it is `running`.
fn job_at(step: &str) -> World {
    let mut world = start();
    world.link(&[1, 2]);
    let jobs: &[_] = if step == "running" {
        &[(1, 1)]
    } else {
        &[(1, 1), (2, 2)]
    };
    world.begin_at(step, jobs);
    world.0.emitted();
    world
}

fn out_of_order(world: &mut World) -> String {
    match world.outcome() {
        Outcome::OutOfOrder { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn late(step: &str) -> Outcome {
    Outcome::Late {
        step: step.to_owned(),
    }
}

#[test]
fn declined_job_is_declined() {
    let mut world = job_at("reserved");
    world.say(1, "DeclineJob", 1);
    assert_eq!(world.outcome(), Outcome::Declined);
    assert!(world.0.ws_sent().is_empty());
}

#[test]
fn executor_may_fail_at_any_step() {
    for step in ["reserved", "accepted", "ready", "running"] {
        let mut world = job_at(step);
        world.say(1, "ExecutorFailed", 1);
        assert_eq!(world.outcome(), Outcome::ExecutorFailed, "{step}");
    }
}

#[test]
fn failed_job_keeps_status_and_outputs() {
    let mut world = job_at("running");
    world.say(1, "JobFailed", 1);
    let over = world.over().remove(0);
    assert_eq!(over.times.taken_us(), Some(1_000));
    let (stdout, stderr) = ("out".to_owned(), "err".to_owned());
    assert_eq!(
        over.outcome,
        Outcome::Failed {
            exit_status: Some(3),
            stdout,
            stderr
        }
    );
}

#[test]
fn ready_before_accept_is_out_of_order() {
    let mut world = job_at("reserved");
    world.say(1, "ExecutorReady", 1);
    let reason = out_of_order(&mut world);
    assert_eq!(
        reason,
        "the miner said that the job was ready before it was accepted"
    );
}

#[test]
fn message_before_the_reservation_is_out_of_order() {
    for (kind, reason) in [
        ("AcceptJob", "accepted before it was reserved"),
        ("ExecutorReady", "ready before it was accepted"),
    ] {
        let mut world = start();
        world.link(&[1, 2]);
        world.begin(&[(1, 1, FAST, 2), (2, 2, CLASS, 240)]);
        world.say(1, kind, 1);
        assert!(out_of_order(&mut world).ends_with(reason), "{kind}");
    }
}

#[test]
fn answer_before_the_request_to_run_is_out_of_order() {
    for kind in ["JobFinished", "JobFailed"] {
        for step in ["reserved", "accepted", "ready"] {
            let mut world = job_at(step);
            world.say(1, kind, 1);
            let reason = out_of_order(&mut world);
            assert!(reason.starts_with("the answer came before"), "{step}");
        }
    }
}

/// The answer is read before the report that the kernel has the request to run is handled.
#[test]
fn answer_counts_by_its_time_and_not_by_its_place() {
    for (answered_us, is_finished) in [(10_001, true), (10_000, false), (9_999, false)] {
        let mut world = start();
        world.link(&[1]);
        world.begin_at("accepted", &[(1, 1)]);
        world.0.ws_sent();
        world.say(1, "ExecutorReady", 1);
        let request = world.0.ws_sent().remove(0);
        let frame = WsEventKind::Frame {
            text: message("JobFinished", 1),
            at_us: answered_us,
        };
        world.0.try_ws(&request.tag, frame).unwrap();
        world.say(1, "JobFailed", 1);
        assert!(
            world.over().is_empty(),
            "the request may not have been sent"
        );
        let written = WsEventKind::Written {
            frame: request.frame.unwrap(),
            at_us: 10_000,
        };
        world.0.try_ws(&request.tag, written).unwrap();
        let outcome = world.outcome();
        assert_eq!(
            matches!(outcome, Outcome::Finished { .. }),
            is_finished,
            "{outcome:?}"
        );
    }
}

#[test]
fn silence_on_a_reservation_is_late() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1)]);
    world.0.advance_ms(9_999);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    assert_eq!(world.outcome(), late("accept"));
    assert!(world.0.timers().is_empty());
    world.say(1, "AcceptJob", 1);
    assert!(
        world.0.ws_sent().is_empty(),
        "no receipt for a job that is over"
    );
}

#[test]
fn group_runs_without_those_that_are_late() {
    let mut world = start();
    world.link(&[1, 2, 3]);
    world.begin_at("reserved", &[(1, 1), (2, 2), (3, 3)]);
    world.say_all("AcceptJob", &[(1, 1), (2, 2)]);
    world.say(1, "ExecutorReady", 1);
    world.0.advance_ms(10_000);
    assert_eq!(world.outcome(), late("accept"));
    world.0.ws_sent();
    world.0.advance_ms(229_999);
    assert!(world.0.ws_sent().is_empty());
    world.0.advance_ms(1);
    assert_eq!(world.outcome(), late("ready"));
    assert_eq!(world.types(), ["V0JobRequest"]);
}

#[test]
fn fast_executor_has_time_after_a_late_accept() {
    let mut world = start();
    world.link(&[1]);
    world.begin(&[(1, 1, FAST, 0)]);
    world.0.advance_ms(9_900);
    world.say(1, "AcceptJob", 1);
    world.0.advance_ms(1_999);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    assert_eq!(world.outcome(), late("ready"));
}

#[test]
fn fast_executor_that_accepts_at_once_is_ready_soon() {
    let mut world = start();
    world.link(&[1]);
    world.begin(&[(1, 1, FAST, 0)]);
    world.say(1, "AcceptJob", 1);
    world.0.advance_ms(1_999);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    assert_eq!(world.outcome(), late("ready"));
}

#[test]
fn silence_on_a_running_job_is_late() {
    let mut world = running();
    let deadline_ms = (53 + 120) * 1_000;
    world.0.advance_ms(deadline_ms - 2);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    assert_eq!(world.outcome(), late("answer"));
    world.say(1, "JobFinished", 1);
    assert!(world.over().is_empty(), "recorded once");
    let ignored = world
        .0
        .metric("ignored_messages", &[("reason", "job_over")]);
    assert_eq!(ignored, Some(1.0));
}

/// Whether a late answer is worth something is for whoever scores it.
#[test]
fn answer_in_the_time_of_grace_is_recorded() {
    let mut world = job_at("running");
    world.0.advance_ms(100_000);
    world.say(1, "JobFinished", 1);
    let over = world.over().remove(0);
    assert!(over.outcome.is_answer());
    assert_eq!(over.times.taken_us(), Some(100_001_000));
}

#[test]
fn job_without_a_link_is_unreachable_at_once() {
    let mut world = start();
    world.begin(&plans(&[(1, 1)]));
    let reason = "no link to the miner was wanted".to_owned();
    assert_eq!(world.outcome(), Outcome::Unreachable { reason });
    assert_eq!(world.0.unfinished(), 0);
}

#[test]
fn job_of_an_unknown_class_is_interrupted() {
    let mut world = start();
    world.link(&[1]);
    world.begin(&[(1, 1, "always_on.b200", 2)]);
    assert_eq!(world.outcome(), Outcome::Interrupted);
    let logs = world.0.logs();
    assert!(
        logs.iter()
            .any(|(level, text)| level == "error" && text.contains("always_on.b200"))
    );
}

#[test]
fn first_message_of_a_kind_counts() {
    let mut world = job_at("ready");
    world.0.ws_sent();
    for kind in ["AcceptJob", "DeclineJob", "ExecutorReady"] {
        world.say(1, kind, 1);
    }
    assert!(world.0.emitted().is_empty());
    assert!(world.0.ws_sent().is_empty());
    let ignored = world
        .0
        .metric("ignored_messages", &[("reason", "repeated")]);
    assert_eq!(ignored, Some(3.0));
}
