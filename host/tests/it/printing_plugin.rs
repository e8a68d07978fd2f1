//! A plugin that prints past the host's log.

use serde_json::json;

use crate::support::{Home, fixture};

#[test]
fn plugin_that_prints_much_is_not_taken_as_stuck() {
    let home = Home::new();
    home.install(
        "misbehaving",
        &std::fs::read(fixture("misbehaving")).unwrap(),
    );
    let mut config = home.config();
    config["extensions"] = json!(["misbehaving"]);
    config["config"] = json!({ "misbehaving": { "prints": true } });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(
        (ran.code, &*ran.stdout),
        (Some(0), "config.json: ok\n"),
        "{ran:?}"
    );
}
