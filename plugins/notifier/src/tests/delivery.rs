//! Webhooks that fail, and what becomes of messages.

use serde_json::json;
use tig_plugin_api::HttpFailureKind;

use super::{GROUP_MS, Tested, body, codes, one_webhook, raise, respond, sent, start};
use crate::limits::MESSAGES_COUNT_MAX;

/// Raises an alert and lets its message go out.
fn send(notifier: &mut Tested, code: &str) {
    raise(notifier, code);
    notifier.advance_ms(GROUP_MS);
}

#[test]
fn failed_message_is_repeated_with_growing_pauses() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    let first = sent(&notifier);
    for pause_ms in [5_000, 10_000, 20_000] {
        respond(&mut notifier, 500);
        notifier.advance_ms(pause_ms - 1);
        assert!(notifier.http_calls().is_empty());
        notifier.advance_ms(1);
        assert_eq!(sent(&notifier)["id"], first["id"]);
    }
    respond(&mut notifier, 204);
    notifier.advance_ms(3_600_000);
    assert!(notifier.http_calls().is_empty());
    assert_eq!(
        notifier.metric(
            "notifications",
            &[("webhook", "ops"), ("outcome", "failed")]
        ),
        Some(3.0)
    );
}

#[test]
fn later_messages_wait_for_earlier_ones() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    send(&mut notifier, "b");
    assert_eq!(codes(&sent(&notifier)["raised"]), ["a"]);
    respond(&mut notifier, 503);
    notifier.advance_ms(5_000);
    assert_eq!(codes(&sent(&notifier)["raised"]), ["a"]);
    respond(&mut notifier, 200);
    assert_eq!(codes(&sent(&notifier)["raised"]), ["b"]);
}

#[test]
fn webhook_may_ask_for_a_pause() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    let tag = notifier.http_calls()[0].tag.clone();
    notifier.respond_with_headers(&tag, 429, &[("Retry-After", "120")], "");
    notifier.advance_ms(119_999);
    assert!(notifier.http_calls().is_empty());
    notifier.advance_ms(1);
    assert_eq!(notifier.http_calls().len(), 1);
}

#[test]
fn failing_webhook_is_a_condition_until_it_works() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    let tag = notifier.http_calls()[0].tag.clone();
    notifier.try_fail(&tag, HttpFailureKind::Timeout).unwrap();
    assert!(notifier.conditions().is_empty(), "once may be chance");
    notifier.advance_ms(5_000);
    respond(&mut notifier, 500);
    let [condition] = notifier.conditions() else {
        panic!("{:?}", notifier.conditions());
    };
    assert_eq!(
        (condition.code.as_str(), condition.subject.as_str()),
        ("webhook_failing", "ops")
    );
    assert!(!condition.text.contains("secret"), "{}", condition.text);
    notifier.advance_ms(10_000);
    respond(&mut notifier, 200);
    assert!(notifier.conditions().is_empty());
}

#[test]
fn other_webhooks_hear_of_a_failing_one() {
    let mut notifier = start(&json!({
        "a": { "url": "https://a.example/" },
        "b": { "url": "https://b.example/" },
    }));
    notifier.event(
        "condition_raised",
        json!({
            "extension": "notifier", "code": "webhook_failing", "subject": "a", "severity": "warning",
            "text": "", "remedy": "", "since_ms": 1,
        }),
    );
    notifier.advance_ms(GROUP_MS);
    let urls: Vec<_> = notifier
        .http_calls()
        .iter()
        .map(|call| call.url.as_str())
        .collect();
    assert_eq!(urls, ["https://b.example/"]);
}

#[test]
fn dropped_messages_are_counted_in_the_next_one() {
    let mut notifier = one_webhook();
    send(&mut notifier, "first");
    let tag = notifier.http_calls()[0].tag.clone();
    notifier.respond_with_headers(&tag, 429, &[("Retry-After", "3600")], "");
    for number in 0..MESSAGES_COUNT_MAX + 3 {
        send(&mut notifier, &format!("code_{number}"));
    }
    notifier.advance_ms(3_600_000);
    // The first one and the three after it; no answer says that what came after them was delivered.
    let open = notifier.http_calls().len();
    let message = body(&notifier.http_calls()[open - 1]);
    assert_eq!(message["dropped"], 4, "{message}");
    assert_eq!(codes(&message["raised"]), ["code_3"]);
    let text = message["text"].as_str().unwrap();
    assert!(
        text.contains("earlier messages could not be delivered"),
        "{text}"
    );
    let tag = notifier.http_calls()[open - 1].tag.clone();
    notifier.respond(&tag, 200, "");
    let last = notifier.http_calls().last().unwrap();
    assert_eq!(body(last)["dropped"], 0, "it was reported");
}

#[test]
fn rejected_message_does_not_block_later_ones() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    send(&mut notifier, "b");
    for _ in 0..5 {
        while notifier.http_calls().is_empty() {
            notifier.advance_ms(60_000);
        }
        respond(&mut notifier, 400);
    }
    while notifier.http_calls().is_empty() {
        notifier.advance_ms(60_000);
    }
    let message = sent(&notifier);
    assert_eq!(codes(&message["raised"]), ["b"]);
    assert_eq!(message["dropped"], 1);
}

#[test]
fn message_of_yesterday_is_dropped_and_counted() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    respond(&mut notifier, 500);
    for _ in 0..400 {
        notifier.advance_ms(300_000);
        if !notifier.http_calls().is_empty() {
            respond(&mut notifier, 500);
        }
    }
    assert!(
        !notifier
            .stored()
            .keys()
            .any(|key| key.starts_with("message/ops/00000000000000000000"))
    );
}

#[test]
fn signature_is_over_time_and_body() {
    let mut notifier = start(&json!({ "ops": { "url": "https://a.example/", "key": "alerts" } }));
    send(&mut notifier, "a");
    let call = &notifier.http_calls()[0];
    let header = |name: &str| {
        let mut headers = call.headers.iter();
        headers
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.clone())
            .unwrap()
    };
    let timestamp = header("X-Tig-Timestamp");
    assert_eq!(timestamp, (notifier.now_ms() / 1_000).to_string());
    let signed = [timestamp.as_bytes(), b".", &call.body].concat();
    let expected: Vec<u8> = signed.into_iter().rev().collect();
    assert_eq!(
        header("X-Tig-Signature"),
        format!("sha256={}", hex::encode(expected))
    );
    assert_eq!(body(call)["test"], false);
}

#[test]
fn address_is_in_no_log_and_no_store() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    for _ in 0..3 {
        respond(&mut notifier, 500);
        notifier.advance_ms(300_000);
    }
    let shown = format!(
        "{:?} {:?} {:?}",
        notifier.logs(),
        notifier.stored(),
        notifier.conditions()
    );
    assert!(!shown.contains("hooks.example"), "{shown}");
}

#[test]
fn answer_that_never_comes_is_given_up() {
    let mut notifier = one_webhook();
    send(&mut notifier, "a");
    notifier.advance_ms(60_000);
    assert_eq!(
        notifier.http_calls().len(),
        2,
        "the message is sent once more"
    );
}
