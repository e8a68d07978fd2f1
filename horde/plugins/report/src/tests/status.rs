//! `GET /horde/status`.

use super::*;

#[test]
fn status_before_any_event_has_no_numbers() {
    let mut report = start_with(json!({}));
    let status = status(&mut report);
    for key in ["block", "chain", "slot", "last_batch"] {
        assert_eq!(status[key], Value::Null, "{key}");
    }
    assert_eq!(status["at_ms"], report.now_ms());
    assert_eq!(status["weights"], json!([]));
    assert_eq!(status["miners"], json!({}));
    assert_eq!(status["jobs_last_hour"]["completed"], 0);
    assert_eq!(status["dynamic_config"]["profile"], "reference");
}

#[test]
fn last_batch_is_shown_by_class() {
    let mut report = start_with(json!({}));
    let jobs = [job("5A", "right"), job("5A", "right"), job("5B", "wrong")];
    report.event("horde_batch_over", batch_over("b", &jobs));
    let expected = json!({
        "batch": "b", "cycle_start": 722, "is_whole": true, "at_ms": report.now_ms(),
        "classes": { CLASS: { "right": 2, "wrong": 1 } },
    });
    assert_eq!(status(&mut report)["last_batch"], expected);
}

#[test]
fn slot_is_due_then_missed() {
    let mut report = start_with(json!({}));
    let due = json!({ "cycle_start": 722, "block": 746, "until_ms": 1, "miners": [] });
    report.event("horde_batch_due", due.clone());
    let slot = status(&mut report)["slot"].clone();
    assert_eq!(
        (&slot["state"], &slot["block"]),
        (&json!("due"), &json!(746))
    );
    let missed =
        json!({ "cycle_start": 722, "block": 746, "code": "busy", "reason": "another batch" });
    report.event("horde_batch_missed", missed.clone());
    let slot = status(&mut report)["slot"].clone();
    assert_eq!(
        (&slot["state"], &slot["code"]),
        (&json!("missed"), &json!("busy"))
    );
    assert_eq!(slot["at_ms"], report.now_ms());
    // The next cycle is not undone by an event of this one.
    report.event(
        "horde_batch_due",
        json!({ "cycle_start": 1444, "block": 1500, "until_ms": 1, "miners": [] }),
    );
    report.event("horde_batch_due", due);
    report.event("horde_batch_missed", missed);
    assert_eq!(status(&mut report)["slot"]["cycle_start"], 1444);
}

#[test]
fn users_jobs_are_counted_for_an_hour() {
    let mut report = start_with(json!({}));
    for (number, status) in ["completed", "completed", "failed", "rejected", "accepted"]
        .iter()
        .enumerate()
    {
        report.event("horde_job_status", job_status(number, status));
    }
    report.event("horde_job_status", job_status(9, "accepted"));
    report.event("horde_job_status", job_status(9, "completed"));
    let counts = status(&mut report)["jobs_last_hour"].clone();
    assert_eq!(
        counts,
        json!({
            "since_ms": report.now_ms() - 3_600_000, "until_ms": report.now_ms(),
            "accepted": 1, "rejected": 1, "failed": 1, "completed": 3,
        })
    );
    report.advance_ms(3_600_000);
    let counts = status(&mut report)["jobs_last_hour"].clone();
    assert_eq!(
        (&counts["completed"], &counts["accepted"]),
        (&json!(0), &json!(0))
    );
}

/// A status that is over is not undone by a late one.
#[test]
fn terminal_status_stays() {
    let mut report = start_with(json!({}));
    report.event("horde_job_status", job_status(1, "completed"));
    report.event("horde_job_status", job_status(1, "accepted"));
    report.event("horde_job_status", job_status(1, "failed"));
    let counts = status(&mut report)["jobs_last_hour"].clone();
    assert_eq!(
        (&counts["completed"], &counts["failed"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(stored_events(&report).len(), 1);
}

#[test]
fn failures_of_miners_are_counted_with_their_times() {
    let mut report = start_with(json!({}));
    let first_ms = report.now_ms();
    let jobs = [
        job("5A", "late"),
        job("5A", "late"),
        job("5A", "wrong"),
        job("5B", "right"),
        job("5C", "excused"),
        job("5D", "interrupted"),
    ];
    report.event("horde_batch_over", batch_over("b", &jobs));
    report.advance_ms(7);
    let mut failed = job_status(1, "failed");
    failed["hotkey"] = json!("5A");
    report.event("horde_job_status", failed);
    let expected = json!({
        "5A": {
            "since_ms": first_ms,
            "failures": {
                "late": { "count": 2, "last_ms": first_ms },
                "wrong": { "count": 1, "last_ms": first_ms },
                "user_job": { "count": 1, "last_ms": first_ms + 7 },
            },
            "no_link": null,
        },
    });
    assert_eq!(status(&mut report)["miners"], expected);
}

#[test]
fn hotkey_that_is_not_a_name_becomes_no_key() {
    let mut report = start_with(json!({}));
    let jobs = [
        job("../x", "late"),
        job(&"5".repeat(65), "late"),
        job("", "late"),
    ];
    report.event("horde_batch_over", batch_over("b", &jobs));
    report.event(
        "horde_miner_link",
        json!({ "hotkey": "a b", "state": { "down": { "reason": "r" } } }),
    );
    let mut status_of = job_status(1, "failed");
    status_of["uuid"] = json!("a/b");
    report.event("horde_job_status", status_of);
    assert_eq!(status(&mut report)["miners"], json!({}));
}

#[test]
fn restart_forgets_no_number() {
    let mut report = start_with(json!({}));
    let jobs = [job("5A", "late"), job("5B", "right")];
    report.event("horde_batch_over", batch_over("b", &jobs));
    report.event(
        "horde_batch_due",
        json!({ "cycle_start": 722, "block": 746, "until_ms": 1, "miners": [] }),
    );
    report.event(
        "horde_chain_state",
        json!({ "condition": "following", "since_ms": 5 }),
    );
    report.event("horde_job_status", job_status(1, "completed"));
    applied(&mut report, 722);
    let before = status(&mut report);
    report.kill();
    assert_eq!(status(&mut report), before);
    report.reload();
    assert_eq!(status(&mut report), before);
}

#[test]
fn newest_block_is_shown_with_its_time() {
    let mut report = start_with(json!({}));
    let block = json!({ "number": 9, "hash": "0x00", "seen_ms": 3 });
    report.event("horde_block", block.clone());
    assert_eq!(status(&mut report)["block"], block);
    // It comes anew within seconds; an old one would not be the newest.
    report.kill();
    assert_eq!(status(&mut report)["block"], Value::Null);
}

#[test]
fn damaged_rows_are_set_aside() {
    let mut report = start_with(json!({}));
    report.event("horde_batch_over", batch_over("b", &[job("5A", "late")]));
    report.event("horde_job_status", job_status(1, "completed"));
    applied(&mut report, 722);
    for key in report
        .stored()
        .into_keys()
        .filter(|key| key.starts_with("status/"))
    {
        report.store(&key, "{");
    }
    report.kill();
    let status = status(&mut report);
    assert_eq!(status["last_batch"], Value::Null);
    assert_eq!(status["weights"], json!([]));
}

/// Passwords in URLs and outputs of users' jobs.
#[test]
fn secrets_are_not_shown() {
    let mut report = start_with(json!({
        "source": "url", "url_validator": "http://u:s3cret@files/v.json", "url_common": "",
        "stats_collector_url": "http://u:s3cret@collector/",
    }));
    report.advance_ms(100);
    report.event(
        "horde_job_status",
        answered_job(1, "completed", "V0JobFinishedRequest"),
    );
    for _ in 0..3 {
        report.advance_ms(INTERVAL_MS);
        let fetch = open_tag(&report, "fetch/").unwrap();
        report.respond(&fetch, 500, "s3cret");
        collector_answers(&mut report, 500);
        let events = serde_json::to_string(&report.emitted()).unwrap();
        let seen = [
            status(&mut report).to_string(),
            format!("{:?}", report.logs()),
            format!("{:?}", stored_events(&report)),
            events,
        ];
        assert!(seen.iter().all(|text| !text.contains("s3cret")), "{seen:?}");
    }
}
