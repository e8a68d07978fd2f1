//! Tests of the whole extension.

mod delivery;
mod example;
mod failed_handlers;
mod flapping;
mod grouping;
mod restarts;
mod test_command;

use serde_json::{Value, json};
use tig_plugin_api::HttpCall;
use tig_plugin_api::testing::{Harness, TestKey};

use crate::Notifier;

const GROUP_MS: u64 = 5_000;

type Tested = Harness<Notifier>;

/// A notifier with these webhooks.
fn start(webhooks: &Value) -> Tested {
    start_with(json!({ "webhooks": webhooks, "name": "east" }))
}

fn start_with(section: Value) -> Tested {
    let settings = json!({ "name": "notifier", "config": { "notifier": section } });
    let key = TestKey::new("alerts", Vec::new(), |bytes| {
        // Enough of a signature to see what was signed.
        bytes.iter().rev().copied().collect()
    });
    Harness::start_with_keys(settings, vec![key]).unwrap()
}

fn one_webhook() -> Tested {
    start(&json!({ "ops": { "url": "https://hooks.example/secret" } }))
}

fn edge(code: &str, severity: &str) -> Value {
    json!({
        "extension": "job_manager",
        "code": code,
        "subject": "",
        "severity": severity,
        "text": format!("{code} is so"),
        "remedy": "look",
        "since_ms": 1_700_000_000_000_u64,
    })
}

fn raise(notifier: &mut Tested, code: &str) {
    notifier.event("condition_raised", edge(code, "warning"));
}

fn clear(notifier: &mut Tested, code: &str) {
    notifier.event("condition_cleared", edge(code, "warning"));
}

fn body(call: &HttpCall) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

/// The message that is on its way.
fn sent(notifier: &Tested) -> Value {
    match notifier.http_calls() {
        [call] => body(call),
        calls => panic!("{} requests are on their way", calls.len()),
    }
}

fn respond(notifier: &mut Tested, status: u16) {
    let tag = notifier.http_calls()[0].tag.clone();
    notifier.respond(&tag, status, "");
}

fn codes(items: &Value) -> Vec<&str> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| item["code"].as_str().unwrap()).collect()
}
