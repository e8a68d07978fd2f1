//! The plugin in the harness, which plays the host.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::Plugin;

fn settings(section: Value) -> Value {
    json!({ "name": "plugin_name", "config": { "plugin_name": section } })
}

#[test]
fn each_block_is_logged_and_stored() {
    let mut plugin = Harness::<Plugin>::start(settings(json!({ "greeting": "hello" })));
    plugin.event(
        "new_block",
        json!({ "block": { "details": { "height": 7 } } }),
    );
    let expected = ("info".to_owned(), "hello height=7".to_owned());
    assert_eq!(plugin.logs(), [expected]);
    assert_eq!(plugin.stored()["height"], 7);
}

#[test]
fn unknown_key_is_refused() {
    let started = Harness::<Plugin>::try_start(settings(json!({ "greting": "hello" })));
    let error = started.err().unwrap().to_string();
    assert!(error.contains("greting"), "{error}");
}
