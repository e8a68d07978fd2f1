//! The statistics collector: what it is sent, and what of its answers counts.

use horde_proto::Payload;
use horde_proto::collector::CollectorPayload;
use tig_plugin_api::HttpFailureKind;

use super::*;

fn header(report: &Report, name: &str) -> String {
    let call = &report.http_calls()[0];
    let mut headers = call.headers.iter();
    let found = headers.find(|(header, _)| header == name);
    found.expect("the header is there").1.clone()
}

#[test]
fn events_are_posted_with_signed_headers() {
    let mut report = start_sending();
    applied(&mut report, 722);
    assert!(
        report.http_calls().is_empty(),
        "not before the interval is over"
    );
    report.advance_ms(INTERVAL_MS);
    let call = &report.http_calls()[0];
    let expected = format!("http://collector/v0/validator/{}/system_events", hotkey());
    assert_eq!((call.method, &call.url), (Method::Post, &expected));
    assert_eq!(sent_events(&report), stored_events(&report));
    let payload = CollectorPayload {
        signing_timestamp: header(&report, "Validator-Signing-Timestamp")
            .parse()
            .unwrap(),
        validator_ss58_address: hotkey(),
    };
    assert_eq!(payload.signing_timestamp as u64, report.now_ms() / 1_000);
    let signature = header(&report, "Validator-Signature");
    payload.verify(&signature, &hotkey()).unwrap();
}

#[test]
fn taken_events_are_dropped() {
    let mut report = start_sending();
    applied(&mut report, 722);
    report.advance_ms(INTERVAL_MS);
    applied(&mut report, 1444);
    collector_answers(&mut report, 201);
    // What came meanwhile was not in the request, and goes at once.
    assert_eq!(stored_events(&report).len(), 1);
    assert_eq!(sent_events(&report)[0]["data"]["cycle_start"], 1444);
    collector_answers(&mut report, 201);
    assert!(stored_events(&report).is_empty() && report.http_calls().is_empty());
    assert_eq!(report.metric("system_events_sent", &[]), Some(2.0));
    assert_eq!(report.metric("system_events_waiting", &[]), Some(0.0));
    let status = &status(&mut report)["system_events"];
    assert_eq!(
        (&status["waiting"], &status["lost"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(status["taken_ms"], report.now_ms());
}

#[test]
fn only_201_means_taken() {
    let mut report = start_sending();
    applied(&mut report, 722);
    for status in [200, 204, 301, 400, 401, 404, 429, 500, 503] {
        report.advance_ms(INTERVAL_MS);
        collector_answers(&mut report, status);
        assert_eq!(stored_events(&report).len(), 1, "{status}");
        assert!(report.http_calls().is_empty(), "it waits for the interval");
    }
    assert_eq!(report.metric("system_events_failures", &[]), Some(9.0));
}

#[test]
fn slow_or_absent_collector_is_tried_again() {
    let mut report = start_sending();
    applied(&mut report, 722);
    for kind in [HttpFailureKind::Timeout, HttpFailureKind::Connect] {
        report.advance_ms(INTERVAL_MS);
        let tag = open_tag(&report, "send/").unwrap();
        report.fail(&tag, kind);
    }
    report.advance_ms(INTERVAL_MS);
    collector_answers(&mut report, 201);
    assert!(stored_events(&report).is_empty());
}

#[test]
fn same_failure_is_logged_once() {
    let mut report = start_sending();
    applied(&mut report, 722);
    report.logs();
    for (status, warnings) in [(500, 1), (500, 0), (503, 1), (500, 1)] {
        report.advance_ms(INTERVAL_MS);
        collector_answers(&mut report, status);
        assert_eq!(logs(&mut report, "warn").len(), warnings, "{status}");
    }
    let status = &status(&mut report)["system_events"];
    assert_eq!(status["reason"], "status 500");
    assert_eq!(status["failed_ms"], report.now_ms());
}

/// The host answers each request; should it not, nothing waits for ever.
#[test]
fn answer_that_never_comes_does_not_block() {
    let mut report = start_with(json!({ "stats_collector_url": COLLECTOR, "interval_ms": 30_000 }));
    applied(&mut report, 722);
    report.advance_ms(100);
    for open in [1, 1, 2] {
        report.advance_ms(30_000);
        assert_eq!(report.http_calls().len(), open);
    }
    let late = report.http_calls()[0].tag.clone();
    report.respond(&late, 201, "");
    assert_eq!(
        stored_events(&report).len(),
        1,
        "of a request that was given up"
    );
    collector_answers(&mut report, 201);
    assert!(stored_events(&report).is_empty());
}

#[test]
fn requests_are_bounded() {
    let mut report = start_sending();
    let jobs: Vec<_> = (0..2_500).map(|n| job(&format!("5M{n}"), "late")).collect();
    report.event("horde_batch_over", batch_over("b", &jobs));
    report.advance_ms(INTERVAL_MS);
    for count in [1_000, 1_000, 501] {
        assert_eq!(sent_events(&report).len(), count);
        collector_answers(&mut report, 201);
    }
    assert!(report.http_calls().is_empty());
}

#[test]
fn bytes_of_a_request_are_bounded() {
    let mut report = start_sending();
    // Fields of other extensions are not cut, so an event may be long.
    let class = "c".repeat(200_000);
    let jobs: Vec<_> = (0..8)
        .map(|n| {
            let mut job = job(&format!("5M{n}"), "late");
            job["executor_class"] = json!(class);
            job
        })
        .collect();
    report.event("horde_batch_over", batch_over("b", &jobs));
    report.advance_ms(INTERVAL_MS);
    let mut requests = 0;
    while open_tag(&report, "send/").is_some() {
        assert!(report.http_calls()[0].body.len() <= 1 << 20);
        collector_answers(&mut report, 201);
        requests += 1;
    }
    assert_eq!(requests, 2);
}

#[test]
fn without_a_collector_nothing_is_sent() {
    // No key is asked for either.
    let settings = json!({ "name": "horde_report", "config": { "horde_report": {} } });
    let mut report = Report::start(settings);
    applied(&mut report, 722);
    report.advance_ms(INTERVAL_MS + 100);
    assert!(report.http_calls().is_empty());
    assert_eq!(status(&mut report)["system_events"]["waiting"], 1);
}

#[test]
fn key_of_another_kind_is_refused() {
    let key = tig_plugin_api::testing::TestKey::new("hotkey", [1; 33], |_| Vec::new());
    let settings = json!({ "name": "horde_report", "config": { "horde_report": { "stats_collector_url": COLLECTOR } } });
    let error = Report::start_with_keys(settings, vec![key]).map(drop);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("its kind must be sr25519"), "{text}");
}

#[test]
fn reload_takes_over_what_is_under_way() {
    let mut report = start_sending();
    applied(&mut report, 722);
    report.advance_ms(INTERVAL_MS);
    report.reload();
    report.advance_ms(1_000);
    assert_eq!(report.http_calls().len(), 1, "not sent twice");
    collector_answers(&mut report, 201);
    assert!(stored_events(&report).is_empty());
}

#[test]
fn damaged_row_does_not_hold_the_others_up() {
    let mut report = start_sending();
    for cycle in [1, 2, 3] {
        applied(&mut report, cycle);
    }
    report.store("events/row/0000000000000001", "{");
    report.advance_ms(INTERVAL_MS);
    assert_eq!(sent_events(&report).len(), 2);
    collector_answers(&mut report, 201);
    assert!(stored_events(&report).is_empty());
}

#[test]
fn damaged_head_is_made_from_the_rows() {
    let mut report = start_sending();
    for cycle in [1, 2, 3] {
        applied(&mut report, cycle);
    }
    report.advance_ms(INTERVAL_MS);
    collector_answers(&mut report, 201);
    applied(&mut report, 4);
    applied(&mut report, 5);
    report.store("events/head", "{");
    report.kill();
    applied(&mut report, 6);
    report.advance_ms(100);
    let cycles: Vec<_> = sent_events(&report)
        .iter()
        .map(|event| event["data"]["cycle_start"].as_u64().unwrap())
        .collect();
    assert_eq!(cycles, [4, 5, 6]);
}
