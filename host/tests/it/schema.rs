//! `tig-host schema`: what an editor needs to complete a config.

use serde_json::json;

use crate::support::Home;

#[test]
fn schema_has_the_sections_of_all_plugins() {
    let home = Home::new();
    home.install("broken", b"#!/bin/sh");
    let schema = home.tig_host(&["schema", "config.json"]).json();
    assert_eq!(schema["required"], json!(["extensions"]));
    let section = &schema["properties"]["config"]["properties"]["counter"];
    assert_eq!(
        section["properties"]["start"]["type"], "integer",
        "{section}"
    );
}
