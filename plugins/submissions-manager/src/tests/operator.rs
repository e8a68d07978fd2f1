//! What an operator sees of the submissions: the panel, and conditions that come and go.

use tig_plugin_api::panel::{Panel, Table, Widget};
use tig_plugin_api::{Condition, Severity};

use super::*;

fn codes(manager: &Manager) -> Vec<(&str, &str)> {
    let conditions = manager.conditions().iter();
    conditions
        .map(|condition| (condition.code.as_str(), condition.subject.as_str()))
        .collect()
}

fn panel(manager: &mut Manager, query: &str) -> Panel {
    let path = format!("/operator/panel/submissions{query}");
    let reply = manager.request("GET", &path, &[], "").unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// The tables: pending, last ones.
fn tables(panel: &Panel) -> (&Table, &Table) {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    (tables.next().unwrap(), tables.next().unwrap())
}

#[test]
fn refused_key_is_reported_until_another_answer_comes() {
    for (status, text) in [
        (401, "invalid API key"),
        (400, "wrong submitting player: expected a, got b"),
    ] {
        let mut manager = start();
        manager.event("precommit_ready", precommit(100, 0));
        answer(&mut manager, status, text);
        assert_eq!(codes(&manager), [("api_key_refused", "")]);
        let condition = manager.conditions()[0].clone();
        assert_eq!(condition.severity, Severity::Critical);
        assert!(condition.text.contains(text) && !condition.text.contains(KEY));
        manager.advance_ms(3_600_000);
        manager.update();
        assert_eq!(codes(&manager).len(), 1, "it does not get better by itself");
        manager.event("precommit_ready", precommit(100, 1));
        answer(&mut manager, 200, "{}");
        assert_eq!(codes(&manager), []);
    }
}

#[test]
fn unreachable_api_is_reported_while_posts_fail() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(codes(&manager), [("api_unreachable", "")]);
    assert!(manager.conditions()[0].text.contains("http://api"));
    for status in [503, 429] {
        manager.advance_ms(RETRY_MS);
        manager.update();
        answer(&mut manager, status, "later");
        let code = if status == 429 {
            "rate_limited"
        } else {
            "api_unreachable"
        };
        assert_eq!(codes(&manager), [(code, "")]);
    }
    manager.event("new_block", block(230, "none"));
    manager.event("new_block", block(400, "none"));
    manager.advance_ms(600_000);
    manager.update();
    assert_eq!(codes(&manager), [], "nothing is sent any more");
}

#[test]
fn rejected_benchmark_is_reported_until_it_expires() {
    let mut manager = start();
    manager.event("new_block", block(100, "precommit"));
    manager.event("benchmark_ready", benchmark(ID));
    answer(&mut manager, 400, "invalid nonce 11");
    assert_eq!(codes(&manager), [("submission_rejected", ID)]);
    assert!(manager.conditions()[0].text.contains("invalid nonce 11"));
    manager.restart();
    manager.event("new_block", block(101, "precommit"));
    assert_eq!(codes(&manager), [("submission_rejected", ID)], "a restart");
    manager.event("new_block", block(221, "none"));
    assert_eq!(codes(&manager), []);
}

#[test]
fn late_confirmation_is_reported_until_it_comes() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    answer(&mut manager, 200, r#"{"ok":true}"#);
    for height in 110..=110 + RESEND_AFTER_BLOCKS {
        assert_eq!(codes(&manager), []);
        manager.event("new_block", block(height, "precommit"));
    }
    assert_eq!(codes(&manager), [("confirmation_late", ID)]);
    answer(&mut manager, 400, "already submitted");
    assert_eq!(codes(&manager), [("confirmation_late", ID)]);
    manager.event("new_block", block(120, "benchmark"));
    assert_eq!(codes(&manager), []);
}

#[test]
fn rejected_benchmarks_beyond_the_bound_share_one() {
    let mut manager = start();
    for number in 0..20 {
        manager.event("benchmark_ready", benchmark(&format!("b{number:02}")));
        answer(&mut manager, 400, "no");
    }
    let named = manager.conditions().to_vec();
    for number in 20..30 {
        manager.advance_ms(1_000);
        manager.event("benchmark_ready", benchmark(&format!("a{number:02}")));
        answer(&mut manager, 400, "no");
        let conditions = manager.conditions();
        let is_kept = |it: &Condition| conditions.contains(it);
        assert!(named.iter().all(is_kept), "no false end");
        let rest = conditions.iter().find(|it| it.subject.is_empty()).unwrap();
        let text = format!("and {} more", number - 19);
        assert!(rest.text.starts_with(&text), "{}", rest.text);
    }
}

#[test]
fn panel_shows_pending_and_finished_submissions() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    manager.event("proof_ready", proof("badcafe"));
    manager.event("precommit_ready", precommit(100, 0));
    let begun_ms = manager.now_ms();
    answer(&mut manager, 503, "maintenance");
    let shown = panel(&mut manager, "");
    let (pending, done) = tables(&shown);
    assert_eq!((pending.rows_total, done.rows_total), (3, 0));
    let rows = pending.rows.iter();
    let row = rows.clone().find(|row| row.cells["id"] == ID).unwrap();
    let expected = json!({ "kind": "benchmark", "id": ID, "state": "waiting", "waits_for": "retry_delay",
        "created_ms": begun_ms, "attempts": 1, "next_ms": begun_ms + RETRY_MS, "last_error": "maintenance" });
    assert_eq!(json!(row.cells), expected);
    let waiting = [("kind", "benchmark")];
    assert_eq!(manager.metric("submission_attempts", &waiting), Some(1.0));

    answer(&mut manager, 200, "{}");
    answer(&mut manager, 200, r#"{"benchmark_id":"x"}"#);
    manager.advance_ms(RETRY_MS);
    manager.update();
    answer(&mut manager, 200, "{}");
    manager.event("new_block", block(101, "benchmark"));
    assert_eq!(manager.metric("submissions_waiting", &waiting), Some(0.0));
    manager.reload();
    let shown = panel(&mut manager, "");
    let (pending, done) = tables(&shown);
    let outcomes = done.rows.iter();
    let outcomes = outcomes.map(|row| (row.cells["kind"].clone(), row.cells["outcome"].clone()));
    let expected = [("benchmark", "confirmed"), ("precommit", "accepted")];
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        expected.map(|(kind, outcome)| (json!(kind), json!(outcome)))
    );
    assert_eq!(pending.rows[0].cells["waits_for"], "confirmation");
    let Widget::Figures { figures, .. } = &shown.widgets[0] else {
        panic!("figures come first");
    };
    let benchmarks = figures
        .iter()
        .find(|figure| figure.label == "benchmarks accepted");
    let benchmarks = benchmarks.unwrap();
    assert_eq!(benchmarks.value, 1);
    assert_eq!(benchmarks.note, "0 waiting, 1 retried, 0 failed");
    let of_one = panel(&mut manager, &format!("?id={ID}"));
    let (pending, done) = tables(&of_one);
    assert_eq!((pending.rows.len(), done.rows.len()), (0, 1));
}

#[test]
fn list_of_finished_submissions_is_bounded() {
    let mut manager = start();
    for number in 0..150 {
        manager.event("precommit_ready", precommit(100, number));
        answer(&mut manager, 400, "no");
    }
    let shown = panel(&mut manager, "");
    assert_eq!(tables(&shown).1.rows.len(), 100);
}
