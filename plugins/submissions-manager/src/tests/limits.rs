//! What the host's rate limiter refuses, and how urgent each request is to it.

use tig_plugin_api::{Priority, RateLimit, Turn};

use super::*;

const SIX_A_MINUTE: RateLimit = RateLimit {
    allowed_per_minute: Some(6),
    wait_ms: 13_000,
};

/// Has the host's limiter refuse the oldest open request; returns the events of it.
fn limit(manager: &mut Manager) -> Vec<(String, Value)> {
    let tag = manager.http_calls()[0].tag.clone();
    manager.limit(&tag, SIX_A_MINUTE);
    manager.emitted()
}

#[test]
fn each_kind_has_its_priority() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.event("benchmark_ready", benchmark(ID));
    manager.event("proof_ready", proof(ID));
    let turn = |priority, wait_ms_max| Turn {
        priority,
        wait_ms_max,
    };
    let expected = [
        turn(Priority::Low, Some(0)),
        turn(Priority::Normal, None),
        turn(Priority::High, None),
    ];
    assert_eq!(manager.turns(), expected);
}

#[test]
fn the_extension_has_no_limit_of_its_own() {
    let mut manager = start();
    for number in 0..100 {
        manager.event("precommit_ready", precommit(100, number));
        answer(&mut manager, 200, "{}");
    }
    assert_eq!(
        manager.metric("answers", &[("kind", "precommit"), ("outcome", "accepted")]),
        Some(100.0)
    );
}

#[test]
fn a_limited_precommit_waits_and_is_shown() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.event("precommit_ready", precommit(100, 2));
    let events = limit(&mut manager);
    assert_eq!(names(&events), ["precommits_delayed"], "and no error");
    assert_eq!(events[0].1["allowed_per_minute"], 6);
    assert_eq!(manager.http_calls().len(), 0, "the second is not tried");
    let shown = report(&mut manager);
    for precommit in shown["precommits"].as_array().unwrap() {
        assert_eq!(precommit["waits_for"], "rate_limited");
        assert_eq!(precommit["attempts"], 0);
    }
    let shown = &shown["rate_limited"]["precommits"];
    assert_eq!(shown["allowed_per_minute"], 6);
    assert_eq!(shown["next_in_ms"], 13_000);

    manager.advance_ms(12_999);
    manager.update();
    assert_eq!(manager.http_calls().len(), 0);
    manager.advance_ms(1);
    manager.update();
    assert_eq!(
        names(&answer(&mut manager, 200, "{}")),
        ["submit_precommit_success"]
    );
    assert_eq!(report(&mut manager)["rate_limited"], json!({}));
}

#[test]
fn a_limit_is_logged_once() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.logs();
    let mut warnings = 0;
    for _ in 0..5 {
        limit(&mut manager);
        let logs = manager.logs();
        warnings += logs.iter().filter(|(level, _)| level == "warn").count();
        manager.advance_ms(13_000);
        manager.update();
    }
    assert_eq!(warnings, 1);
}

#[test]
fn a_limited_precommit_ends_with_its_block() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.event("new_block", block(101, "none"));
    let events = limit(&mut manager);
    assert_eq!(names(&events), ["precommits_delayed", "precommit_dropped"]);
    assert_eq!(events[1].1["settings"], precommit(100, 1)["settings"]);
    assert_eq!(report(&mut manager)["precommits"], json!([]));
}

#[test]
fn precommits_that_were_not_taken_are_dropped() {
    let mut manager = start();
    for number in 0..3 {
        manager.event("precommit_ready", precommit(100, number));
    }
    fail(&mut manager, HttpFailureKind::Connect);
    answer(&mut manager, 429, "too many requests");
    limit(&mut manager);
    manager.event("new_block", block(101, "none"));
    let dropped = manager.emitted();
    assert_eq!(names(&dropped), ["precommit_dropped"; 3]);
}

#[test]
fn a_precommit_without_retries_left_is_dropped() {
    let mut manager = start_with(json!(1));
    manager.event("precommit_ready", precommit(100, 1));
    let events = fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(names(&events), ["submit_precommit_error"]);
    manager.advance_ms(RETRY_MS);
    manager.update();
    let events = fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(
        names(&events),
        ["submit_precommit_error", "precommit_dropped"]
    );
    assert_eq!(events[0].1["will_retry"], json!(false));
    assert_eq!(events[1].1["settings"], precommit(100, 1)["settings"]);
}

/// Its status says that it was not taken; a second event would free its slot twice.
#[test]
fn a_precommit_refused_at_last_is_not_dropped() {
    for (max_retries, is_late) in [(json!(null), true), (json!(0), false)] {
        let mut manager = start_with(max_retries);
        manager.event("precommit_ready", precommit(100, 1));
        if is_late {
            manager.event("new_block", block(101, "none"));
        }
        let events = answer(&mut manager, 429, "too many requests");
        assert_eq!(names(&events), ["submit_precommit_error"]);
        assert_eq!(events[0].1["will_retry"], json!(false));
    }
}

#[test]
fn a_precommit_that_may_be_taken_is_not_dropped() {
    for is_lost in [true, false] {
        let mut manager = start();
        manager.event("precommit_ready", precommit(100, 1));
        if is_lost {
            fail(&mut manager, HttpFailureKind::Timeout);
        }
        manager.event("new_block", block(101, "none"));
        assert_eq!(manager.emitted(), []);
    }
}

#[test]
fn a_limit_is_no_failure_of_a_benchmark() {
    let mut manager = start_with(json!(0));
    manager.event("benchmark_ready", benchmark(ID));
    for _ in 0..3 {
        assert_eq!(limit(&mut manager), []);
        manager.advance_ms(13_000);
        manager.update();
    }
    assert_eq!(
        names(&answer(&mut manager, 200, "{}")),
        ["submit_benchmark_success"]
    );
}

#[test]
fn limited_precommits_never_hold_up_proofs() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    limit(&mut manager);
    manager.event("proof_ready", proof(ID));
    manager.event("benchmark_ready", benchmark(ID));
    assert_eq!(manager.http_calls().len(), 2);
}
