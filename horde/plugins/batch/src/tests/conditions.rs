//! Conditions of the last batch, until the next one.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, Severity};

use super::*;

/// Code, subject and severity of all conditions.
fn codes(batches: &Batches) -> Vec<(&str, &str, Severity)> {
    let conditions = batches.conditions().iter();
    let named = conditions.map(|it| (it.code.as_str(), it.subject.as_str(), it.severity));
    named.collect()
}

/// The one condition that there is.
fn the_one(batches: &Batches) -> &Condition {
    let [condition] = batches.conditions() else {
        panic!("{:?}", batches.conditions());
    };
    assert!(!condition.remedy.is_empty());
    condition
}

fn declined() -> Value {
    json!({ "outcome": "declined" })
}

/// A batch of one miner with one executor for each outcome; all answers get the same verdict.
fn run_to_end(batches: &mut Batches, outcomes: &[Value], verdict: &Value) {
    run_batch(batches, 1);
    batches.emitted();
    let count = u32::try_from(outcomes.len()).unwrap();
    link_up(batches, 0, &[(SPIN_UP, count)]);
    let jobs = answer_asks(batches);
    for (job, outcome) in jobs.iter().zip(outcomes) {
        job_over(batches, job, outcome);
    }
    if batches.extension().current.is_some() {
        check_answers(batches, verdict);
    }
    assert!(batches.extension().current.is_none());
}

/// Ends all conditions of the batch before.
fn run_well(batches: &mut Batches) {
    run_to_end(batches, &[finished("x")], &right());
    assert_eq!(codes(batches), []);
}

#[test]
fn batch_without_a_right_answer_is_a_condition() {
    let mut batches = start();
    let wrong = json!({ "verdict": "wrong", "reason": "it printed 1" });
    let late = json!({ "outcome": "late", "step": "ready" });
    let unreachable = json!({ "outcome": "unreachable", "reason": "reset" });
    let executor_failed = json!({ "outcome": "executor_failed" });
    for (most, outcomes) in [
        ("wrong", [finished("x"), finished("x"), declined()]),
        ("declined", [finished("x"), declined(), declined()]),
        ("late", [late.clone(), late.clone(), declined()]),
        (
            "failed",
            [executor_failed.clone(), executor_failed, declined()],
        ),
        (
            "without a connection",
            [unreachable.clone(), unreachable, late],
        ),
    ] {
        run_to_end(&mut batches, &outcomes, &wrong);
        let expected = [("no_miner_was_right", "", Severity::Warning)];
        assert_eq!(codes(&batches), expected, "{most}");
        let text = &the_one(&batches).text;
        let end = format!("no miner was right in the last whole batch: most jobs were {most}");
        assert_eq!(*text, end);
    }
    // A batch that is not whole says nothing of it.
    run_batch(&mut batches, 1);
    link_down(&mut batches, 0, "refused");
    let is_right = batches
        .conditions()
        .iter()
        .any(|it| it.code == "no_miner_was_right");
    assert!(is_right);
    run_to_end(&mut batches, &[finished("x")], &right());
    assert_eq!(codes(&batches), []);
    run_to_end(&mut batches, &[declined(), finished("x")], &right());
    assert_eq!(codes(&batches), [], "one is right");
}

#[test]
fn answers_without_a_verdict_are_a_condition() {
    let mut batches = start();
    let excused = json!({ "verdict": "excused", "reason": "no\u{1b}bucket" });
    run_to_end(&mut batches, &[finished("x"), finished("x")], &excused);
    let expected = [("answers_unchecked", SPIN_UP, Severity::Warning)];
    assert_eq!(codes(&batches), expected, "no miner is to blame");
    let text = &the_one(&batches).text;
    assert!(
        text.ends_with("count for nothing: no\\u{1b}bucket"),
        "{text}"
    );
    assert!(the_one(&batches).remedy.contains(HASH));
    // The line of the miner has the reason of another job.
    run_to_end(
        &mut batches,
        &[declined(), finished("x"), declined()],
        &excused,
    );
    let expected = [
        ("answers_unchecked", SPIN_UP, Severity::Warning),
        ("no_miner_was_right", "", Severity::Warning),
    ];
    assert_eq!(codes(&batches), expected);
    let text = &batches.conditions()[0].text;
    assert!(text.ends_with("GET /horde/batch has the reasons"), "{text}");
    run_well(&mut batches);
}

#[test]
fn batch_that_was_cut_is_a_condition() {
    let (mut batches, _, _) = running(1);
    batches.advance_ms(20 * 60_000);
    let expected = [("batch_interrupted", "", Severity::Warning)];
    assert_eq!(codes(&batches), expected);
    assert!(the_one(&batches).text.contains("cut after 20 minutes"));
    run_well(&mut batches);

    let (mut batches, _, _) = running(1);
    batches.store("jobs/0000", "[");
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    assert_eq!(codes(&batches), expected);
    assert!(
        the_one(&batches)
            .text
            .contains("could not be read after a restart")
    );
    run_well(&mut batches);
}

#[test]
fn interrupted_job_raises_no_alert() {
    let mut batches = start();
    let interrupted = json!({ "outcome": "interrupted" });
    run_to_end(&mut batches, &[interrupted, finished("x")], &right());
    let expected = [("batch_interrupted", "", Severity::Info)];
    assert_eq!(codes(&batches), expected);
    run_well(&mut batches);
}

#[test]
fn batch_without_jobs_is_a_condition() {
    let mut batches = start();
    let expected = [("no_miner_was_tested", "", Severity::Warning)];
    run_batch(&mut batches, 2);
    link_down(&mut batches, 0, "refused\n");
    link_down(&mut batches, 1, "timed out");
    assert_eq!(codes(&batches), expected);
    let text = &the_one(&batches).text;
    assert!(
        text.ends_with("the first one for this reason: refused\\n"),
        "{text}"
    );
    run_well(&mut batches);

    let due = due_event(722, batches.now_ms() + 1, 0);
    batches.event("horde_batch_due", due);
    assert_eq!(codes(&batches), expected);
    assert!(
        the_one(&batches)
            .text
            .ends_with("there is no miner on the subnet")
    );
    run_well(&mut batches);

    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 0)]);
    assert_eq!(codes(&batches), expected);
    let text = &the_one(&batches).text;
    assert!(text.ends_with("no executor that could be tested"), "{text}");
    run_well(&mut batches);

    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    batches.advance_ms(60_000);
    let expected = [
        ("job_kind_missing", SPIN_UP, Severity::Warning),
        ("no_miner_was_tested", "", Severity::Warning),
    ];
    assert_eq!(codes(&batches), expected);
    run_well(&mut batches);
}

/// By default a class has no job kind: that is as the config wants it.
#[test]
fn class_without_a_job_kind_raises_no_alert() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1), (LLM, 1)]);
    let jobs = answer_asks(&mut batches);
    let expected = [("job_kind_missing", LLM, Severity::Info)];
    assert_eq!(codes(&batches), expected, "while the batch runs");
    job_over(&mut batches, &jobs[0], &finished("x"));
    check_answers(&mut batches, &right());
    assert_eq!(codes(&batches), expected);
    // A batch that does not get so far says nothing of job kinds.
    run_batch(&mut batches, 1);
    link_down(&mut batches, 0, "refused");
    assert!(codes(&batches).contains(&expected[0]));
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    let mut head = batches.stored()["batch"].clone();
    head["started_ms"] = json!(head["started_ms"].as_u64().unwrap() - 20 * 60_000);
    batches.store("batch", head.to_string());
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    let cut = ("batch_interrupted", "", Severity::Warning);
    assert_eq!(codes(&batches), [cut, expected[0]]);
    run_well(&mut batches);
}

/// A command names kinds of its own, so that a class is without one that has one in the config.
#[test]
fn job_kind_of_the_config_is_not_missing() {
    let mut batches = start();
    let mut arguments = arguments(1);
    arguments["kinds"] = json!({ LLM: "mine" });
    batches.command("run_batch", &arguments).unwrap();
    link_up(&mut batches, 0, &[(SPIN_UP, 1), (LLM, 1)]);
    let jobs = answer_asks(&mut batches);
    assert_eq!(
        batches.stored()["batch"]["notes"].as_array().unwrap().len(),
        1
    );
    job_over(&mut batches, &jobs[0], &finished("x"));
    check_answers(&mut batches, &right());
    assert_eq!(codes(&batches), []);
}

#[test]
fn silent_job_kind_is_reported_at_its_deadline() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 100), (ALWAYS_ON, 1)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted");
    let echo = wanted.iter().find(|wanted| wanted["kind"] == ECHO);
    let (made, jobs) = jobs_made(echo.unwrap());
    batches.event("horde_jobs_made", made);
    batches.advance_ms(59_999);
    assert_eq!(codes(&batches), []);
    batches.advance_ms(1);
    let expected = [("job_kind_missing", SPIN_UP, Severity::Warning)];
    assert_eq!(
        codes(&batches),
        expected,
        "in two pieces, and reported once"
    );
    let text = &the_one(&batches).text;
    assert!(
        text.contains("job kind horde_job_hash did not answer within 60 s"),
        "{text}"
    );
    job_over(&mut batches, &jobs[0], &finished("x"));
    check_answers(&mut batches, &right());
    assert_eq!(codes(&batches), expected);
    run_well(&mut batches);
}

#[test]
fn shortage_with_some_jobs_is_info() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 3)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted").remove(0);
    let (mut made, jobs) = jobs_made(&wanted);
    made["jobs"].as_array_mut().unwrap().truncate(1);
    made["shortage"] = json!("no\nprompts");
    batches.event("horde_jobs_made", made);
    let expected = [("jobs_short", SPIN_UP, Severity::Info)];
    assert_eq!(codes(&batches), expected);
    let text =
        format!("some executors of class {SPIN_UP} got no job in the last batch: no\\nprompts");
    let of_running = the_one(&batches).clone();
    assert_eq!(of_running.text, text);
    assert!(of_running.remedy.starts_with("nothing, while"));
    job_over(&mut batches, &jobs[0], &finished("x"));
    check_answers(&mut batches, &right());
    assert_eq!(*the_one(&batches), of_running, "the end changes nothing");
    run_well(&mut batches);

    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 100)]);
    for (number, wanted) in emitted(&mut batches, "horde_jobs_wanted")
        .iter()
        .enumerate()
    {
        let (mut made, _) = jobs_made(wanted);
        made["jobs"].as_array_mut().unwrap().truncate(1);
        made["shortage"] = json!(format!("no prompts for piece {number}"));
        batches.event("horde_jobs_made", made);
    }
    let notes = batches.stored()["batch"]["notes"].as_array().unwrap().len();
    assert_eq!((notes, codes(&batches)), (2, expected.to_vec()));
}

/// Another class has a job: only the class of the shortage counts.
#[test]
fn shortage_without_any_job_is_a_warning() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 2), (ALWAYS_ON, 1)]);
    let mut jobs = Vec::new();
    for wanted in emitted(&mut batches, "horde_jobs_wanted") {
        let (mut made, of_ask) = jobs_made(&wanted);
        if wanted["executor_class"] == SPIN_UP {
            made["jobs"] = json!([]);
            made["shortage"] = json!("no prompts");
        } else {
            jobs.extend(of_ask);
        }
        batches.event("horde_jobs_made", made);
    }
    let expected = [("jobs_short", SPIN_UP, Severity::Warning)];
    assert_eq!(codes(&batches), expected);
    let text = format!("no executor of class {SPIN_UP} got a job in the last batch: no prompts");
    let of_running = the_one(&batches).clone();
    assert_eq!(of_running.text, text);
    assert!(of_running.remedy.ends_with("earn nothing"));
    let [job] = &jobs[..] else {
        panic!("{jobs:?}");
    };
    job_over(&mut batches, job, &finished("x"));
    check_answers(&mut batches, &right());
    assert!(batches.extension().current.is_none());
    assert_eq!(*the_one(&batches), of_running, "the end changes nothing");
}

/// That users have executors is as it should be, and their number differs each time.
#[test]
fn executors_of_users_raise_no_condition() {
    let mut batches = start();
    let job = json!({ "uuid": "a", "hotkey": hotkey(0), "executor_class": SPIN_UP, "timeout_seconds": 300, "spin_up_seconds": 240 });
    let group = json!({ "group": "g", "jobs": [job], "is_organic": true });
    batches.event("horde_group_wanted", group);
    run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 2)]);
    let jobs = answer_asks(&mut batches);
    assert_eq!(jobs.len(), 1);
    assert_eq!(codes(&batches), []);
    job_over(&mut batches, &jobs[0], &finished("x"));
    check_answers(&mut batches, &right());
    assert_eq!(codes(&batches), []);
}

/// The reports that were refused since the last call: each leaves a warning.
fn refused(batches: &mut Batches) -> usize {
    let logs = batches.logs().into_iter();
    let refused = logs.filter(|(_, text)| text.contains("refused by the test"));
    refused.count()
}

#[test]
fn conditions_are_reported_when_they_change() {
    let mut batches = start();
    batches.logs();
    batches.fail_every(CallKind::Conditions);
    for _ in 0..3 {
        run_to_end(&mut batches, &[declined(), declined()], &right());
    }
    assert_eq!(refused(&mut batches), 1);
    run_to_end(&mut batches, &[finished("x")], &right());
    assert_eq!(refused(&mut batches), 1);
}

/// No timer and no event may follow for an hour.
#[test]
fn new_instance_reports_what_is_stored() {
    let mut batches = start();
    run_to_end(&mut batches, &[declined()], &right());
    batches.logs();
    for ending in ["kill", "restart", "reload"] {
        batches.fail_every(CallKind::Conditions);
        match ending {
            "kill" => batches.kill(),
            "restart" => batches.restart(),
            _ => batches.reload(),
        }
        assert_eq!(refused(&mut batches), 1, "{ending}");
        batches.stop_failing();
        batches.kill();
        assert_eq!(
            codes(&batches),
            [("no_miner_was_right", "", Severity::Warning)]
        );
    }
}
