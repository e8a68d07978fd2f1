//! Reloads, restarts and kills.

use serde_json::json;

use super::{GROUP_MS, clear, codes, one_webhook, raise, respond, sent, start, start_with};
use crate::limits::RESTART_MS;

#[test]
fn undelivered_message_outlives_a_kill() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    let before = sent(&notifier);
    notifier.kill();
    raise(&mut notifier, "a");
    notifier.advance_ms(1);
    let after = sent(&notifier);
    assert_eq!(after["id"], before["id"], "so that a receiver can tell");
    respond(&mut notifier, 200);
    notifier.advance_ms(GROUP_MS + RESTART_MS);
    assert!(notifier.http_calls().is_empty(), "it was sent already");
}

#[test]
fn alert_before_its_message_outlives_a_kill() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.kill();
    notifier.advance_ms(GROUP_MS);
    assert_eq!(codes(&sent(&notifier)["raised"]), ["a"]);
}

#[test]
fn alert_nobody_reports_after_a_restart_is_over() {
    let mut notifier = one_webhook();
    for code in ["a", "b"] {
        raise(&mut notifier, code);
    }
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    notifier.kill();
    raise(&mut notifier, "b");
    notifier.advance_ms(RESTART_MS + GROUP_MS);
    let message = sent(&notifier);
    assert_eq!(codes(&message["cleared"]), ["a"]);
}

#[test]
fn reload_keeps_the_message_on_its_way() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    notifier.reload();
    notifier.advance_ms(10);
    assert_eq!(notifier.http_calls().len(), 1, "it is not sent twice");
    respond(&mut notifier, 200);
    notifier.advance_ms(RESTART_MS * 2);
    assert!(notifier.http_calls().is_empty(), "the alert still stands");
    clear(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    assert_eq!(codes(&sent(&notifier)["cleared"]), ["a"]);
}

#[test]
fn clock_set_back_delays_no_message() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.set_back_ms(365 * 24 * 3_600_000);
    notifier.kill();
    notifier.advance_ms(GROUP_MS);
    assert_eq!(notifier.http_calls().len(), 1);
}

#[test]
fn removed_webhook_leaves_nothing() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    let stored = notifier.stored();
    let mut other = start(&json!({ "other": { "url": "https://a.example/" } }));
    for (key, value) in stored {
        other.store(&key, value.to_string());
    }
    other.restart();
    let left: Vec<_> = other.stored().into_keys().collect();
    assert!(!left.iter().any(|key| key.contains("ops")), "{left:?}");
}

#[test]
fn damaged_record_is_set_aside() {
    let mut notifier = one_webhook();
    for key in [
        "alert/x/y/",
        "webhook/ops",
        "message/ops/00000000000000000001",
    ] {
        notifier.store(key, "{");
    }
    notifier.restart();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    assert_eq!(codes(&sent(&notifier)["raised"]), ["a"]);
}

#[test]
fn config_that_cannot_work_is_rejected() {
    use tig_plugin_api::testing::Harness;
    let rejected = |webhooks: serde_json::Value| {
        let section = json!({ "webhooks": webhooks });
        let settings = json!({ "name": "notifier", "config": { "notifier": section } });
        let started = Harness::<crate::Notifier>::try_start(settings);
        started.err().unwrap().to_string()
    };
    let url = "ftp://secret.example";
    let text = rejected(json!({ "ops": { "url": url } }));
    assert!(
        text.contains("\"ops\"") && !text.contains("secret"),
        "{text}"
    );
    assert!(rejected(json!({ "a b": { "url": "https://a" } })).contains("name"));
    let text = rejected(json!({ "ops": { "url": "https://a", "key": "other" } }));
    assert!(text.contains("other"), "{text}");
}

#[test]
fn without_webhooks_nothing_is_kept() {
    let mut notifier = start_with(json!({}));
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    assert!(notifier.http_calls().is_empty());
    assert!(notifier.stored().is_empty());
}
