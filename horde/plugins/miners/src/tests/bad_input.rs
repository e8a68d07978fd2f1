//! What miners and job kinds send that they should not.

use horde_events::{Outcome, STDOUT_BYTES_MAX};
use serde_json::{Value, json};
use tig_plugin_api::WsEventKind;

use super::world::*;

/// Two miners with a job each: the first one's is to run, the second one's is accepted in a group of its own.
fn two_jobs() -> World {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("running", &[(1, 1)]);
    world.begin_at("accepted", &[(2, 2), (3, 2)]);
    world.0.emitted();
    world.0.ws_sent();
    world.0.logs();
    world
}

/// Nothing but a count and a line in the log comes of it.
fn assert_ignored(world: &mut World, reason: &str) -> String {
    assert!(world.0.emitted().is_empty(), "{reason}");
    assert!(world.0.ws_sent().is_empty(), "{reason}");
    assert_eq!(world.0.unfinished(), 3, "{reason}");
    let count = world.0.metric("ignored_messages", &[("reason", reason)]);
    assert_eq!(count, Some(1.0), "{reason}");
    let mut logs = world.0.logs();
    assert_eq!(logs.len(), 1, "{logs:?}");
    let (level, text) = logs.remove(0);
    assert_eq!(level, "warn");
    assert!(text.contains(&format!("reason=\"{reason}\"")), "{text}");
    text
}

#[test]
fn frame_that_is_not_a_message_is_ignored() {
    for (frame, reason, expected) in [
        ("", "not_json", "the frame cannot be read as JSON: EOF"),
        (
            "{\"a\":\u{1}}",
            "not_json",
            "the frame cannot be read as JSON",
        ),
        ("[]", "not_json", "the frame is a list, not an object"),
        ("{}", "no_type", "`message_type`"),
        (
            r#"{"message_type":"V9"}"#,
            "unknown_type",
            "a newer peer may send it",
        ),
        (
            r#"{"message_type":"V0JobRequest"}"#,
            "unknown_type",
            "V0JobRequest",
        ),
        (
            r#"{"message_type":"V0AcceptJobRequest"}"#,
            "invalid",
            "V0AcceptJobRequest is invalid: `job_uuid` is missing",
        ),
        (
            r#"{"message_type":"V0ExecutorManifestRequest","manifest":7}"#,
            "invalid",
            "`manifest` is",
        ),
    ] {
        let mut world = two_jobs();
        world.frame(1, frame);
        let text = assert_ignored(&mut world, reason);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn uuid_of_nobody_is_ignored_and_escaped() {
    let mut world = two_jobs();
    world.frame(
        1,
        r#"{"message_type":"V0AcceptJobRequest","job_uuid":"a\u0000\n\u001b[2J\ud800"}"#,
    );
    let text = assert_ignored(&mut world, "unknown_job");
    assert!(!text.contains(['\0', '\n', '\u{1b}']), "{text:?}");
    assert!(text.contains("[2J"), "{text}");
}

#[test]
fn uuid_of_another_miner_is_ignored() {
    for kind in [
        "JobFinished",
        "ExecutorReady",
        "DeclineJob",
        "ExecutorFailed",
    ] {
        let mut world = two_jobs();
        world.say(2, kind, 1);
        assert_ignored(&mut world, "other_miner");
    }
}

#[test]
fn second_manifest_is_ignored() {
    let mut world = two_jobs();
    world.frame(1, &manifest().replace("\"count\":2", "\"count\":9"));
    assert_ignored(&mut world, "repeated_manifest");
    world.0.event("horde_links_wanted", links_wanted(&[1, 2]));
    let links = world.events("horde_miner_link");
    assert_eq!(links[0]["state"]["up"]["manifest"][0]["count"], 2);
}

/// It has no uuid: which job it is about, if any, is not known (section 10.5).
#[test]
fn error_message_is_no_end_at_any_step() {
    let error = r#"{"message_type":"GenericError","details":"Unknown job\u0007"}"#;
    for step in ["reserved", "accepted", "ready", "running"] {
        let mut world = start();
        world.link(&[1]);
        world.begin_at(step, &[(1, 1), (2, 1), (3, 1)]);
        world.0.emitted();
        world.0.ws_sent();
        world.0.logs();
        world.frame(1, error);
        let text = assert_ignored(&mut world, "error_message");
        assert!(text.contains("Unknown job\\\\u{7}"), "{text}");
    }
}

#[test]
fn error_before_an_end_names_the_cause() {
    let mut world = start();
    world.0.event("horde_links_wanted", links_wanted(&[1]));
    while let Some(tag) = world.try_tag(1) {
        world.0.ws_accept(&tag);
        world.frame(
            1,
            r#"{"message_type":"GenericError","details":"unsafe volume"}"#,
        );
        world.drop_connection(1);
        world.0.advance_ms(9_000);
    }
    let links = world.events("horde_miner_link");
    let reason = links[0]["state"]["down"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("it had reported: unsafe volume"),
        "{reason}"
    );
}

#[test]
fn error_of_an_earlier_connection_is_not_a_cause() {
    let mut world = start();
    world.link(&[1]);
    world.frame(
        1,
        r#"{"message_type":"GenericError","details":"unsafe volume"}"#,
    );
    world.drop_connection(1);
    while let Some(tag) = world.try_tag(1) {
        world.0.ws_end(&tag, tig_plugin_api::WsCloseClass::Connect);
        world.0.advance_ms(9_000);
    }
    let links = world.events("horde_miner_link");
    let reason = links[0]["state"]["down"]["reason"].as_str().unwrap();
    assert!(!reason.contains("unsafe volume"), "{reason}");
}

#[test]
fn refusal_during_a_batch_ends_that_miners_jobs() {
    let mut world = two_jobs();
    world.frame(
        1,
        r#"{"message_type":"GenericError","details":"Inactive validator: x"}"#,
    );
    let reason = "the miner refuses this validator: Inactive validator: x".to_owned();
    assert_eq!(world.outcome(), Outcome::Unreachable { reason });
    assert_eq!(world.0.unfinished(), 2);
}

#[test]
fn absurd_manifest_is_corrected() {
    let mut world = start();
    world.0.event("horde_links_wanted", links_wanted(&[1, 2]));
    for (number, count, expected) in [(1, "-1", 0), (2, "1000000", 1_000)] {
        world.accept(number);
        world.frame(
            number,
            &manifest().replace("\"count\":2", &format!("\"count\":{count}")),
        );
        let links = world.events("horde_miner_link");
        assert_eq!(links[0]["state"]["up"]["manifest"][0]["count"], expected);
        let logs = world.0.logs();
        assert!(
            logs.iter()
                .any(|(level, text)| level == "warn" && text.contains(count))
        );
    }
}

#[test]
fn manifest_with_an_unknown_class_ends_the_link() {
    let mut world = start();
    world.0.event("horde_links_wanted", links_wanted(&[1]));
    world.accept(1);
    world.frame(1, &manifest().replace(CLASS, "always_on.b200"));
    let links = world.events("horde_miner_link");
    let reason = links[0]["state"]["down"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the miner's manifest is invalid: "),
        "{reason}"
    );
    assert!(reason.contains("always_on.b200"), "{reason}");
}

#[test]
fn any_text_is_passed_on_as_it_is() {
    let mut world = two_jobs();
    let outputs =
        r#""docker_process_stdout":"a\u0000\u001b\ud800b","docker_process_stderr":"\u0007""#;
    let uuid = uuid(1);
    world.frame(
        1,
        &format!(r#"{{"job_uuid":"{uuid}","message_type":"V0JobFailedRequest",{outputs}}}"#),
    );
    let (stdout, stderr) = ("a\0\u{1b}\u{fffd}b".to_owned(), "\u{7}".to_owned());
    assert_eq!(
        world.outcome(),
        Outcome::Failed {
            exit_status: None,
            stdout,
            stderr
        }
    );
    let logs = world.0.logs();
    assert!(
        logs.iter()
            .all(|(_, text)| !text.contains(['\0', '\u{1b}']))
    );
}

#[test]
fn output_of_50_mib_is_cut() {
    let mut world = two_jobs();
    let uuid = uuid(1);
    let stdout = "é".repeat(25 << 20);
    let text = format!(
        r#"{{"job_uuid":"{uuid}","message_type":"V0JobFinishedRequest","docker_process_stdout":"{stdout}","docker_process_stderr":""}}"#
    );
    world.frame(1, &text);
    let Outcome::Finished { stdout, .. } = world.outcome() else {
        panic!("it is an answer");
    };
    assert_eq!(stdout.len(), STDOUT_BYTES_MAX);
}

#[test]
fn frame_that_is_too_long_ends_that_miners_jobs() {
    let mut world = two_jobs();
    let tag = world.tag(2);
    let closed = WsEventKind::Closed {
        code: Some(1009),
        reason: String::new(),
        class: tig_plugin_api::WsCloseClass::TooLarge,
        unsent: 0,
    };
    world.0.try_ws(&tag, closed).unwrap();
    let over = world.over();
    assert_eq!(over.len(), 2);
    let reason = "the miner has sent a frame that is too long (code 1009)".to_owned();
    for over in over {
        assert_eq!(over.hotkey, miner(2));
        let reason = reason.clone();
        assert_eq!(over.outcome, Outcome::Unreachable { reason });
    }
    assert_eq!(world.try_tag(2), None, "not opened again");
    world.say(1, "JobFinished", 1);
    assert!(world.outcome().is_answer());
}

#[test]
fn flood_of_messages_is_counted_and_hardly_logged() {
    let mut world = two_jobs();
    for _ in 0..1_000 {
        world.say(1, "AcceptJob", 77);
    }
    let count = world
        .0
        .metric("ignored_messages", &[("reason", "unknown_job")]);
    assert_eq!(count, Some(1_000.0));
    let logs = world.0.logs();
    assert_eq!(logs.len(), 5);
    assert!(
        logs[4].1.starts_with("message ignored; further ones"),
        "{logs:?}"
    );
}

#[test]
fn specs_of_a_machine_change_nothing() {
    let mut world = two_jobs();
    let uuid = uuid(1);
    world.frame(
        1,
        &format!(r#"{{"job_uuid":"{uuid}","message_type":"V0MachineSpecsRequest","specs":{{"specs":{{}}}}}}"#),
    );
    assert!(world.0.emitted().is_empty());
    assert!(world.0.logs().is_empty(), "every honest miner sends them");
}

/// Times are those of the validator's host; what a miner's clock says is in no message but in a refusal.
#[test]
fn job_kind_that_makes_bad_frames_is_named() {
    let mut world = start();
    world.link(&[1]);
    let mut made = jobs_made(&plans(&[(1, 1), (2, 1), (3, 1)]));
    made["jobs"][0]["request"] = json!([]);
    made["jobs"][1]["reservation"]["job_uuid"] = json!("other");
    made["jobs"][2]["hotkey"] = Value::from(miner(2));
    world.0.logs();
    world.0.event("horde_jobs_made", made);
    let logs = world.0.logs();
    assert_eq!(logs.len(), 2);
    assert!(logs[0].1.contains("kind=\"k\""), "{logs:?}");
    assert!(logs[1].1.contains("uuid of another job"), "{logs:?}");
    let wanted = group_wanted(&plans(&[(1, 1), (2, 1), (3, 1)]));
    world.0.event("horde_group_wanted", wanted);
    let over = world.over();
    assert_eq!(over.len(), 3);
    assert!(over.iter().all(|over| over.outcome == Outcome::Interrupted));
    assert!(world.0.ws_sent().is_empty());
}

#[test]
fn group_of_too_many_jobs_is_an_error() {
    let mut world = start();
    let jobs: Vec<_> = (0..9_001).map(|number| (number, 1)).collect();
    let wanted = group_wanted(&plans(&jobs));
    let error = world.0.try_event("horde_group_wanted", wanted).unwrap_err();
    assert!(
        error.to_string().contains("9001 jobs, more than 9000"),
        "{error}"
    );
    assert_eq!(world.0.restores(), 0);
}
