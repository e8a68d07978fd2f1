//! A pause: what was not sent is dropped, and what was in flight is not sent again.

use tig_plugin_api::RateLimit;

use super::*;

/// Three precommits are ready, and the first is in flight.
fn start_with_three() -> Manager {
    let mut manager = start();
    for number in 0..3 {
        manager.event("precommit_ready", precommit(100, number));
    }
    manager
}

fn pause(manager: &mut Manager) -> Vec<(String, Value)> {
    manager.event("precommits_paused", json!({}));
    manager.emitted()
}

fn assert_nothing_is_sent(manager: &mut Manager) {
    for _ in 0..3 {
        manager.advance_ms(RETRY_MS);
        manager.event("update", json!({}));
    }
    assert_eq!(manager.http_calls().len(), 0);
    assert_eq!(report(manager)["precommits"], json!([]));
}

#[test]
fn pause_drops_precommits_that_wait() {
    let mut manager = start_with_three();
    let call = manager.http_calls()[0].clone();
    let sent: Value = serde_json::from_slice(&call.body).unwrap();
    let events = pause(&mut manager);
    assert_eq!(names(&events), ["precommit_dropped", "precommit_dropped"]);
    assert!(
        events
            .iter()
            .all(|(_, event)| event["settings"] != sent["settings"])
    );
    let events = answer(&mut manager, 200, "{}");
    assert_eq!(
        names(&events),
        ["submit_precommit_success"],
        "the one in flight"
    );
    assert_nothing_is_sent(&mut manager);
}

#[test]
fn paused_precommit_in_flight_is_not_resent() {
    for is_reloaded in [false, true] {
        let mut manager = start_with_three();
        pause(&mut manager);
        if is_reloaded {
            manager.reload();
        }
        let events = fail(&mut manager, HttpFailureKind::Connect);
        let expected = ["submit_precommit_error", "precommit_dropped"];
        assert_eq!(names(&events), expected);
        assert_eq!(events[0].1["will_retry"], false);
        assert_nothing_is_sent(&mut manager);
    }
}

#[test]
fn pause_drops_a_precommit_that_could_not_connect() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(names(&pause(&mut manager)), ["precommit_dropped"]);
    assert_nothing_is_sent(&mut manager);
}

#[test]
fn paused_precommit_that_is_limited_costs_nothing() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    assert_eq!(pause(&mut manager), []);
    let tag = manager.http_calls()[0].tag.clone();
    let limit = RateLimit {
        allowed_per_minute: Some(6),
        wait_ms: 13_000,
    };
    manager.limit(&tag, limit);
    let events = manager.emitted();
    assert!(names(&events).contains(&"precommit_dropped"));
    assert_nothing_is_sent(&mut manager);
}

#[test]
fn pause_keeps_benchmarks_and_later_precommits() {
    let mut manager = start_with_three();
    manager.event("benchmark_ready", benchmark(ID));
    pause(&mut manager);
    answer(&mut manager, 200, "{}");
    let events = answer(&mut manager, 200, "{}");
    assert_eq!(names(&events), ["submit_benchmark_success"]);
    manager.event("precommit_ready", precommit(100, 7));
    assert_eq!(manager.http_calls().len(), 1, "after a resume");
}
