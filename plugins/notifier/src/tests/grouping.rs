//! Which alerts are in which message.

use serde_json::json;

use super::{GROUP_MS, clear, codes, edge, one_webhook, raise, respond, sent, start, start_with};

#[test]
fn burst_is_one_message() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS / 2);
    raise(&mut notifier, "b");
    assert!(notifier.http_calls().is_empty());
    notifier.advance_ms(GROUP_MS / 2);
    let message = sent(&notifier);
    assert_eq!(codes(&message["raised"]), ["a", "b"]);
    assert_eq!(message["host"], "east");
    let text = message["text"].as_str().unwrap();
    assert!(
        text.starts_with("east: 2 raised\nWarning: job_manager a: a is so To do: look"),
        "{text}"
    );
}

#[test]
fn end_is_sent_after_the_beginning() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    clear(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    let message = sent(&notifier);
    assert_eq!(codes(&message["cleared"]), ["a"]);
    assert_eq!(message["raised"], json!([]));
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("Cleared after 5 s: job_manager a"), "{text}");
}

#[test]
fn alert_that_is_over_at_once_is_not_sent() {
    let mut notifier = one_webhook();
    raise(&mut notifier, "a");
    clear(&mut notifier, "a");
    notifier.advance_ms(24 * 3_600_000);
    assert!(notifier.http_calls().is_empty());
    let stored = notifier.stored();
    assert!(
        !stored.keys().any(|key| key.starts_with("alert/")),
        "{stored:?}"
    );
}

#[test]
fn each_webhook_gets_its_severities() {
    let mut notifier = start(&json!({
        "pager": { "url": "https://a.example/", "severity": "critical" },
        "chat": { "url": "https://b.example/" },
    }));
    raise(&mut notifier, "minor");
    notifier.event("condition_raised", edge("major", "critical"));
    notifier.event("condition_raised", edge("reason", "info"));
    notifier.advance_ms(GROUP_MS);
    let messages: Vec<_> = notifier.http_calls().iter().map(super::body).collect();
    assert_eq!(codes(&messages[0]["raised"]), ["major", "minor"]);
    assert_eq!(codes(&messages[1]["raised"]), ["major"]);
}

#[test]
fn end_reaches_whoever_got_the_worse_severity() {
    let mut notifier =
        start(&json!({ "pager": { "url": "https://a.example/", "severity": "critical" } }));
    notifier.event("condition_raised", edge("a", "critical"));
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    notifier.event("condition_raised", edge("a", "warning"));
    notifier.advance_ms(GROUP_MS);
    let message = sent(&notifier);
    assert_eq!(message["raised"][0]["severity"], "warning");
}

#[test]
fn end_of_a_milder_alert_reaches_the_pager() {
    let mut notifier =
        start(&json!({ "pager": { "url": "https://a.example/", "severity": "critical" } }));
    for severity in ["critical", "warning", "info"] {
        notifier.event("condition_raised", edge("a", severity));
        notifier.advance_ms(GROUP_MS);
        assert_eq!(sent(&notifier)["raised"][0]["severity"], severity);
        respond(&mut notifier, 200);
        notifier.reload();
    }
    clear(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    assert_eq!(codes(&sent(&notifier)["cleared"]), ["a"]);
    respond(&mut notifier, 200);

    // It is another alert when it comes again.
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    assert!(notifier.http_calls().is_empty());
}

#[test]
fn alert_that_lasts_is_sent_again() {
    let mut notifier = start_with(json!({
        "webhooks": { "ops": { "url": "https://a.example/" } },
        "repeat_ms": 60_000,
    }));
    raise(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    notifier.advance_ms(59_999);
    assert!(notifier.http_calls().is_empty());
    notifier.advance_ms(1);
    let message = sent(&notifier);
    assert_eq!(codes(&message["lasting"]), ["a"]);
    respond(&mut notifier, 200);
    clear(&mut notifier, "a");
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    notifier.advance_ms(600_000);
    assert!(notifier.http_calls().is_empty(), "it is over");
}

#[test]
fn many_alerts_make_a_bounded_message() {
    let mut notifier = one_webhook();
    for number in 0..200 {
        raise(&mut notifier, &format!("code_{number}"));
    }
    notifier.advance_ms(GROUP_MS);
    let message = sent(&notifier);
    assert_eq!(message["raised"].as_array().unwrap().len(), 50);
    assert_eq!(message["left_out"], 150);
    let text = message["text"].as_str().unwrap();
    assert!(text.lines().count() < 25, "{text}");
    assert!(text.ends_with("... and 181 more"), "{text}");
}

#[test]
fn hostile_names_reach_no_terminal_and_mention_nobody() {
    let mut notifier = one_webhook();
    let mut hostile = edge("a", "warning");
    hostile["subject"] = json!("<!channel> @here\u{1b}[2J\n\u{202e}");
    hostile["text"] = json!("x\r\ny\u{7}");
    notifier.event("condition_raised", hostile);
    notifier.advance_ms(GROUP_MS);
    let message = sent(&notifier);
    let text = message["text"].as_str().unwrap();
    let is_unseen = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(is_unseen), "{text:?}");
    assert!(!text.contains(['<', '@', '\u{202e}']), "{text:?}");
    assert_eq!(text.lines().count(), 2, "{text:?}");
    let subject = message["raised"][0]["subject"].as_str().unwrap();
    assert!(!subject.contains(char::is_control), "{subject:?}");
}
