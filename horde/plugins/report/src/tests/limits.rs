//! What is old or too much is dropped, and counted.

use super::*;

const HOUR_MS: u64 = 3_600_000;
const TWO_DAYS_MS: u64 = 48 * HOUR_MS;

#[test]
fn events_are_dropped_and_counted_after_two_days() {
    let mut report = start_sending();
    applied(&mut report, 1);
    report.advance_ms(TWO_DAYS_MS - INTERVAL_MS);
    applied(&mut report, 2);
    assert_eq!(stored_events(&report).len(), 2);
    report.logs();
    report.advance_ms(2 * INTERVAL_MS);
    assert_eq!(stored_events(&report).len(), 1);
    let lost = report.metric("system_events_lost", &[("reason", "age")]);
    assert_eq!(lost, Some(1.0));
    assert_eq!(status(&mut report)["system_events"]["lost"], 1);
    let warnings = logs(&mut report, "warn");
    assert!(warnings[0].contains("were dropped") && warnings[0].contains("count=1"));
    report.kill();
    assert_eq!(status(&mut report)["system_events"]["lost"], 1);
}

/// An event grows old between its request and the answer.
#[test]
fn event_dropped_while_sent_harms_no_later_one() {
    let mut report = start_sending();
    report.advance_ms(100);
    applied(&mut report, 1);
    report.advance_ms(TWO_DAYS_MS - 100);
    let tag = report.http_calls().last().unwrap().tag.clone();
    assert!(evict(&mut report)["system_events"] == 0);
    report.advance_ms(100);
    assert_eq!(evict(&mut report)["system_events"], 1);
    applied(&mut report, 2);
    report.respond(&tag, 201, "");
    let left = stored_events(&report);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["data"]["cycle_start"], 2);
}

fn evict(report: &mut Report) -> Value {
    call(report, "evict_old_data", &json!({})).unwrap()
}

#[test]
fn command_drops_what_is_old_now() {
    let mut report = start_with(json!({ "interval_ms": HOUR_MS }));
    // The timers come at 100 ms past the hour.
    report.advance_ms(200);
    applied(&mut report, 1);
    report.event("horde_job_status", job_status(1, "failed"));
    let counts = |events: u64, jobs: u64, miners: u64| json!({ "system_events": events, "jobs": jobs, "miners": miners });
    report.advance_ms(HOUR_MS - 1);
    assert_eq!(evict(&mut report), counts(0, 0, 0));
    report.advance_ms(1);
    assert_eq!(evict(&mut report), counts(0, 1, 0));
    report.advance_ms(TWO_DAYS_MS - HOUR_MS);
    assert_eq!(evict(&mut report), counts(2, 0, 1));
    let left = report.stored().into_keys();
    let left: Vec<_> = left.filter(|key| !key.starts_with("dynamic/")).collect();
    assert_eq!(left, ["events/head", "status/weights/0000000000000001"]);
}

#[test]
fn too_many_events_lose_the_oldest() {
    let mut report = start_with(json!({}));
    applied(&mut report, 1);
    applied(&mut report, 2);
    // The rows between need not be there.
    let head = json!({ "first": 0, "next": 49_999, "lost": 3 });
    report.store("events/head", head.to_string());
    report.kill();
    applied(&mut report, 3);
    let full = [("reason", "full")];
    assert_eq!(report.metric("system_events_lost", &full), None);
    applied(&mut report, 4);
    assert_eq!(report.metric("system_events_lost", &full), Some(1.0));
    let status = &status(&mut report)["system_events"];
    assert_eq!(
        (&status["waiting"], &status["lost"]),
        (&json!(50_000), &json!(4))
    );
    let stored = stored_events(&report);
    let cycles = stored
        .iter()
        .map(|event| event["data"]["cycle_start"].as_u64());
    assert!(
        cycles.eq([Some(2), Some(3), Some(4)]),
        "the oldest one is gone"
    );
}

#[test]
fn miners_are_bounded() {
    let mut report = start_with(json!({}));
    report.event(
        "horde_batch_over",
        batch_over("a", &[job("5Oldest", "late")]),
    );
    report.advance_ms(1_000);
    let jobs: Vec<_> = (0..1_024).map(|n| job(&format!("5M{n}"), "late")).collect();
    report.event("horde_batch_over", batch_over("b", &jobs));
    let status = status(&mut report);
    assert_eq!(status["miners"].as_object().unwrap().len(), 1_024);
    assert_eq!(status["miners"].get("5Oldest"), None);
    assert!(!report.stored().contains_key("status/miner/5Oldest"));
}

#[test]
fn jobs_are_bounded() {
    let mut report = start_with(json!({}));
    for number in 0..10_001 {
        report.event("horde_job_status", job_status(number, "accepted"));
    }
    let counts = &status(&mut report)["jobs_last_hour"];
    assert_eq!(counts["accepted"], 10_000);
}

#[test]
fn cycles_are_bounded() {
    let mut report = start_with(json!({}));
    for cycle in 0..40 {
        applied(&mut report, cycle * 722);
    }
    // An old one comes again.
    applied(&mut report, 0);
    let status = status(&mut report);
    let weights = status["weights"].as_array().unwrap();
    assert_eq!(weights.len(), 32);
    assert_eq!(weights[0]["cycle_start"], 39 * 722);
    assert_eq!(weights[31]["cycle_start"], 8 * 722);
}

/// Nothing is dropped because the clock was set back, and nothing waits for more than that day longer.
#[test]
fn clock_set_back_a_day_keeps_the_events() {
    let mut report = start_with(json!({}));
    applied(&mut report, 1);
    report.event("horde_job_status", job_status(1, "failed"));
    report.set_back_ms(24 * HOUR_MS);
    report.kill();
    report.advance_ms(TWO_DAYS_MS);
    assert_eq!(stored_events(&report).len(), 2);
    report.advance_ms(24 * HOUR_MS + INTERVAL_MS);
    assert!(stored_events(&report).is_empty());
    assert!(
        report
            .stored()
            .keys()
            .all(|key| !key.starts_with("status/job/"))
    );
}

/// Without a collector nobody takes events, so their age is nothing to act on.
#[test]
fn events_for_no_collector_are_dropped_quietly() {
    let mut report = start_with(json!({}));
    applied(&mut report, 1);
    report.advance_ms(TWO_DAYS_MS + INTERVAL_MS);
    assert!(stored_events(&report).is_empty());
    assert_eq!(status(&mut report)["system_events"]["lost"], 1);
    assert_eq!(logs(&mut report, "warn"), [""; 0]);
}
