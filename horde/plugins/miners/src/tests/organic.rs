//! Users' jobs: their deadlines, and that they share executors with no other job of this validator.

use horde_events::Outcome;
use horde_proto::miner::ToMiner;
use serde_json::{Value, json};

use super::world::*;

/// Seconds that the user's jobs of these tests have in all.
const BUDGET_SECONDS: u64 = 300;

/// A user's job of two executors' class at most (see [`manifest`]).
fn wanted(number: usize, class: &str, spin_up_seconds: u32) -> (Value, Value) {
    let group = format!("user-{number}");
    let plan = [(number, 1, CLASS, spin_up_seconds)];
    let (mut made, mut wanted) = (jobs_made(&plan), group_wanted(&plan));
    made["batch"] = json!(group);
    wanted["group"] = json!(group);
    wanted["is_organic"] = json!(true);
    wanted["jobs"][0]["executor_class"] = json!(class);
    wanted["jobs"][0]["timeout_seconds"] = json!(BUDGET_SECONDS);
    (made, wanted)
}

fn begin_organic(world: &mut World, number: usize, class: &str, spin_up_seconds: u32) {
    let (made, wanted) = wanted(number, class, spin_up_seconds);
    world.0.event("horde_jobs_made", made);
    world.0.event("horde_group_wanted", wanted);
}

fn linked() -> World {
    let mut world = start();
    world.link(&[1]);
    world
}

#[track_caller]
fn assert_not_sent(world: &mut World, expected: &str) {
    match world.outcome() {
        Outcome::NotSent { reason } => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(world.0.ws_sent().is_empty());
}

#[test]
fn job_of_a_user_needs_a_free_executor() {
    let mut world = linked();
    world.begin(&plans(&[(1, 1), (2, 1)]));
    world.write();
    begin_organic(&mut world, 3, CLASS, 240);
    assert_not_sent(&mut world, "all 2 executors of class spin_up-4min.gpu-24gb");
    world.say(1, "DeclineJob", 1);
    world.over();
    begin_organic(&mut world, 4, CLASS, 240);
    assert!(world.over().is_empty());
    assert_eq!(world.types(), ["V0InitialJobRequest"]);
}

#[test]
fn job_of_a_user_needs_an_executor_of_its_class() {
    let mut world = linked();
    begin_organic(&mut world, 1, FAST, 2);
    assert_not_sent(&mut world, "has no executor of class always_on.gpu-24gb");
    assert_eq!(world.0.unfinished(), 0);
}

#[test]
fn job_of_a_user_has_the_first_step_only() {
    let mut world = linked();
    world.0.logs();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    for message in ["AcceptJob", "ExecutorReady"] {
        world.say(1, message, 1);
        world.write();
    }
    let steps = world.events("horde_job_step");
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0]["step"], "accepted");
    world.0.advance_ms(10);
    world.say(1, "JobFinished", 1);
    assert!(world.over()[0].outcome.is_answer());
    let lines = world.0.logs();
    let of_group = lines.iter().filter(|(_, text)| text.contains("group"));
    assert!(of_group.clone().count() > 1, "{lines:?}");
    assert!(
        of_group.clone().all(|(level, _)| level == "debug"),
        "{lines:?}"
    );
}

#[test]
fn batch_leaves_the_executor_of_a_user_alone() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    world.begin(&plans(&[(2, 1), (3, 1)]));
    let over = world.over();
    assert_eq!(over.len(), 1);
    assert_eq!(over[0].uuid, uuid(3));
    assert!(matches!(over[0].outcome, Outcome::NotSent { .. }));
    // The barrier does not wait for it.
    world.write();
    world.say(1, "AcceptJob", 2);
    world.say(1, "ExecutorReady", 2);
    assert!(world.types().contains(&"V0JobRequest"));
}

#[test]
fn batch_alone_is_not_checked_against_the_manifest() {
    let mut world = linked();
    world.begin(&plans(&[(1, 1), (2, 1), (3, 1)]));
    assert!(world.over().is_empty());
    assert_eq!(world.types(), ["V0InitialJobRequest"; 3]);
}

#[test]
fn user_waits_longer_for_an_executor_than_a_batch() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 2);
    world.write();
    world.0.advance_ms(9_000);
    world.say(1, "AcceptJob", 1);
    world.0.advance_ms(59_999);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    let step = "ready".to_owned();
    assert_eq!(world.outcome(), Outcome::Late { step });
}

#[test]
fn job_of_a_user_is_over_when_its_time_is() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    world.0.advance_ms(5_000);
    world.say(1, "AcceptJob", 1);
    world.0.advance_ms(200_000);
    world.say(1, "ExecutorReady", 1);
    world.write();
    world.0.advance_ms(94_999);
    world.over();
    world.0.advance_ms(1);
    let step = "answer".to_owned();
    assert_eq!(world.outcome(), Outcome::Late { step });
}

#[test]
fn accept_of_a_user_has_its_own_deadline() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    world.0.advance_ms(9_999);
    assert!(world.over().is_empty());
    world.0.advance_ms(1);
    let step = "accept".to_owned();
    assert_eq!(world.outcome(), Outcome::Late { step });
}

/// Later protocol versions have `env`; older miners ignore what they do not know.
#[test]
fn unknown_fields_of_a_request_reach_the_miner() {
    let mut world = linked();
    let (mut made, wanted) = wanted(1, CLASS, 240);
    made["jobs"][0]["request"]["env"] = json!({ "A": "1" });
    world.0.event("horde_jobs_made", made);
    world.0.event("horde_group_wanted", wanted);
    world.write();
    world.say(1, "AcceptJob", 1);
    world.say(1, "ExecutorReady", 1);
    let sent = world.0.ws_sent();
    let request = sent.last().unwrap();
    assert!(matches!(parse(request), ToMiner::Job(_)));
    let frame: Value = serde_json::from_str(&request.text).unwrap();
    assert_eq!(frame["env"], json!({ "A": "1" }));
}

/// What a job prints is its user's affair.
#[test]
fn output_of_a_user_is_in_no_log() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    world.say(1, "AcceptJob", 1);
    world.say(1, "ExecutorReady", 1);
    world.write();
    world.0.advance_ms(1);
    let failed = message("JobFailed", 1).replace("\"out\"", "\"a secret of the user\"");
    world.frame(1, &failed);
    assert!(matches!(world.outcome(), Outcome::Failed { .. }));
    let logs = world.0.logs();
    assert!(
        logs.iter().any(|(_, line)| line.contains("exit code 3")),
        "{logs:?}"
    );
    assert!(
        logs.iter().all(|(_, line)| !line.contains("secret")),
        "{logs:?}"
    );
}

/// Whoever reads the times must not take it for a job of which nothing can have run.
#[test]
fn request_that_is_handed_over_has_its_time() {
    let mut world = linked();
    begin_organic(&mut world, 1, CLASS, 240);
    world.write();
    world.say(1, "AcceptJob", 1);
    world.say(1, "ExecutorReady", 1);
    assert!(world.types().contains(&"V0JobRequest"));
    // The kernel's report is still on its way.
    world.frame(
        1,
        r#"{"message_type":"GenericError","details":"Inactive validator: x"}"#,
    );
    let over = world.over().remove(0);
    assert!(matches!(over.outcome, Outcome::Unreachable { .. }));
    assert!(over.times.run_us.is_some(), "{:?}", over.times);
}
