//! The plugin in the harness, which plays the host, with a clock that the test moves.

use serde_json::{Value, json};
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::Observer;

fn observer() -> Harness<Observer> {
    let section = json!({ "silence_seconds": 60 });
    Harness::start(json!({ "name": "plugin_name", "config": { "plugin_name": section } }))
}

#[test]
fn blocks_are_counted_across_restarts() {
    let mut observer = observer();
    observer.event("new_block", json!({}));
    observer.restart();
    observer.event("new_block", json!({}));
    assert_eq!(observer.stored()["seen"], 2);
    assert_eq!(observer.metric("blocks", &[]), Some(2.0));

    let reply = observer.request("GET", "/operator/panel/plugin_name", &[], "");
    let panel: Value = serde_json::from_slice(&reply.unwrap().body).unwrap();
    assert_eq!(panel["widgets"][0]["figures"][0]["value"], 2);
}

#[test]
fn silence_is_a_condition_until_a_block_comes() {
    let mut observer = observer();
    observer.advance_ms(59_999);
    assert!(observer.conditions().is_empty());
    observer.advance_ms(1);
    assert_eq!(observer.conditions()[0].code, "no_block");
    observer.event("new_block", json!({}));
    assert!(observer.conditions().is_empty());
}

/// The host may refuse any call. The handler must then fail, and the plugin be as if it had not been called.
#[test]
fn refused_call_leaves_no_trace() {
    for refused in 0..=8 {
        check_failed_handlers(observer, &[1, 2, 3], refused, |observer, _| {
            observer.try_event("new_block", json!({}))
        });
    }
}
