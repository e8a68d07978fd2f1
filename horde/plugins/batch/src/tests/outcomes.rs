//! What each outcome and verdict is worth.

use horde_events::ClassReport;

use super::*;

/// The line of a miner with one job of this outcome and verdict.
fn row(section: Value, over: &Value, verdict: Option<Value>) -> ClassReport {
    let (mut batches, ticket, jobs) = running_with(start_with(section), 1);
    let mut event = over_event(&batch_name(&batches), &jobs[0], &finished("x"));
    let fields = over.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(fields);
    batches.event("horde_job_over", event);
    if let Some(verdict) = verdict {
        assert_eq!(check_answers(&mut batches, &verdict), 1);
    }
    let (_, report) = end(&batches, ticket);
    report.miners[0].classes[0].clone()
}

fn column(row: &ClassReport) -> &'static str {
    let counts = [
        ("right", row.right),
        ("wrong", row.wrong),
        ("failed", row.failed),
        ("declined", row.declined),
        ("late", row.late),
        ("unreachable", row.unreachable),
        ("excused", row.excused),
        ("interrupted", row.interrupted),
    ];
    let counted: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!((counted.len(), row.jobs), (1, 1));
    counted[0].0
}

#[test]
fn each_outcome_counts_in_one_column_with_its_reason() {
    for (over, expected, reason) in [
        (json!({ "outcome": "declined" }), "declined", "it declined"),
        (
            json!({ "outcome": "executor_failed" }),
            "failed",
            "its executor could not be prepared or refused the job",
        ),
        (
            json!({ "outcome": "out_of_order", "reason": "Ready before Accept" }),
            "failed",
            "out of order: Ready before Accept",
        ),
        (
            json!({ "outcome": "late", "step": "ready" }),
            "late",
            "late: its executor was not ready in time",
        ),
        (
            json!({ "outcome": "unreachable", "reason": "connection reset" }),
            "unreachable",
            "connection reset",
        ),
        (
            json!({ "outcome": "interrupted" }),
            "interrupted",
            "the validator was restarted",
        ),
        (
            json!({ "outcome": "failed", "exit_status": 3, "stdout": "", "stderr": "no GPU\u{7}" }),
            "failed",
            r#"it ended with exit code 3 and printed "no GPU\u{7}""#,
        ),
        (
            json!({ "outcome": "failed", "exit_status": null, "stdout": "no image", "stderr": "" }),
            "failed",
            r#"the executor could not run it: "no image""#,
        ),
    ] {
        let row = row(json!({}), &over, None);
        assert_eq!(column(&row), expected, "{over}");
        assert_eq!(row.reason.as_deref(), Some(reason));
        assert_eq!(row.score, 0.0);
    }
}

#[test]
fn each_verdict_counts_in_one_column_with_its_reason() {
    for (verdict, expected, reason) in [
        (right(), "right", None),
        (
            json!({ "verdict": "wrong", "reason": "it printed 1" }),
            "wrong",
            Some("it printed 1"),
        ),
        (
            json!({ "verdict": "excused", "reason": "no bucket" }),
            "excused",
            Some("no bucket"),
        ),
    ] {
        let row = row(json!({}), &json!({}), Some(verdict));
        assert_eq!((column(&row), row.reason.as_deref()), (expected, reason));
    }
}

fn times(run_us: Option<u64>, answered_us: u64) -> Value {
    json!({ "times": {
        "reserved_us": null, "accepted_us": null, "ready_us": null,
        "run_us": run_us, "answered_us": answered_us,
    } })
}

#[test]
fn right_answer_out_of_time_is_worth_nothing() {
    for (times, expected, reason) in [
        (
            times(Some(5), 5),
            "failed",
            "the answer came 0 s after the request, so before it",
        ),
        (
            times(None, 5),
            "failed",
            "out of order: it answered what it was not asked",
        ),
        (
            times(Some(5), 53_000_006),
            "late",
            "the answer took 53.000001 s of 53 s",
        ),
    ] {
        let row = row(json!({}), &times, Some(right()));
        assert_eq!(column(&row), expected);
        assert_eq!(row.reason.as_deref(), Some(reason));
        assert_eq!((row.score, row.accepted), (0.0, 0));
    }
    assert_eq!(
        column(&row(json!({}), &times(Some(5), 53_000_005), Some(right()))),
        "right"
    );
}

#[test]
fn weights_version_decides_the_score() {
    for (version, score) in [(1, 2.0), (2, 2.0), (3, 1.0), (4, 1.0)] {
        let row = row(
            json!({ "weights_version": version }),
            &json!({}),
            Some(right()),
        );
        assert_eq!(row.score, score, "version {version}");
    }
}

#[test]
fn answer_without_a_verdict_is_excused() {
    let (mut batches, ticket, jobs) = running(1);
    job_over(&mut batches, &jobs[0], &finished("x"));
    batches.advance_ms(59_999);
    assert_eq!(batches.finished(ticket), None);
    batches.advance_ms(1);
    let (code, report) = end(&batches, ticket);
    let row = &report.miners[0].classes[0];
    assert_eq!((code, column(row)), (0, "excused"));
    let reason = row.reason.as_deref();
    assert_eq!(reason, Some("horde_job_hash did not check it within 60 s"));
    assert!(left(&batches).is_empty());
}

#[test]
fn first_outcome_and_verdict_of_a_job_count() {
    let (mut batches, ticket, jobs) = running(2);
    job_over(&mut batches, &jobs[0], &finished("x"));
    job_over(&mut batches, &jobs[0], &json!({ "outcome": "declined" }));
    assert_eq!(check_answers(&mut batches, &right()), 1);
    let batch = batch_name(&batches);
    let wrong = json!({ "verdict": "wrong", "reason": "second" });
    let checked = checked_event(&batch, &jobs[0].uuid, &wrong);
    batches.event("horde_answer_checked", checked);
    job_over(&mut batches, &jobs[1], &json!({ "outcome": "declined" }));
    let (_, report) = end(&batches, ticket);
    let right: u32 = report
        .miners
        .iter()
        .map(|miner| miner.classes[0].right)
        .sum();
    assert_eq!(right, 1);
}

#[test]
fn events_of_other_groups_and_jobs_are_ignored() {
    let (mut batches, ticket, jobs) = running(1);
    let stored = batches.stored();
    let other = over_event("organic", &jobs[0], &finished("x"));
    batches.event("horde_job_over", other);
    let unknown = TestJob {
        uuid: "unknown".to_owned(),
        ..jobs[0].clone()
    };
    job_over(&mut batches, &unknown, &finished("x"));
    batches.event(
        "horde_answer_checked",
        checked_event("organic", &jobs[0].uuid, &right()),
    );
    assert_eq!(batches.stored(), stored);
    assert_eq!(batches.finished(ticket), None);
}

#[test]
fn any_text_of_a_miner_is_stored_and_passed_on() {
    let (mut batches, _, jobs) = running(1);
    let text = "\0\u{1b}[2J\u{fffd}".repeat(1000);
    job_over(&mut batches, &jobs[0], &finished(&text));
    let answers = emitted(&mut batches, "horde_answer_given");
    assert_eq!(answers[0]["stdout"], text);
    assert_eq!(answers[0]["check"], format!("check of {}", jobs[0].uuid));
    let key = format!("answer/{}", jobs[0].uuid);
    assert_eq!(batches.stored()[&key]["stdout"], text);
}
