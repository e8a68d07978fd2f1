//! The command `test`.

use serde_json::json;

use super::{body, start, start_with};

#[test]
fn test_message_reaches_all_webhooks() {
    let mut notifier = start(&json!({
        "a": { "url": "https://a.example/" },
        "b": { "url": "https://b.example/" },
    }));
    let ticket = notifier.command("test", &json!({})).unwrap();
    let calls = notifier.http_calls().to_vec();
    assert_eq!(calls.len(), 2);
    assert_eq!(body(&calls[0])["test"], true);
    notifier.respond(&calls[0].tag, 200, "ok");
    assert_eq!(notifier.finished(ticket), None);
    notifier.reload();
    notifier.respond(&calls[1].tag, 500, "");
    let (code, value) = notifier.finished(ticket).unwrap();
    assert_eq!(code, 20);
    assert_eq!(
        value,
        &json!({ "a": "delivered", "b": "not delivered: it answers with status 500" })
    );
}

#[test]
fn test_of_an_unknown_webhook_is_refused() {
    let mut notifier = start(&json!({ "a": { "url": "https://a.example/" } }));
    assert!(
        notifier
            .command("test", &json!({ "webhook": "b" }))
            .is_err()
    );
    let mut none = start_with(json!({}));
    assert!(none.command("test", &json!({})).is_err());
}
