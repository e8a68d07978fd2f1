//! `tig-host schema`: what an editor needs to complete a config.

use serde_json::json;

use crate::support::{Home, fixture};

#[test]
fn schema_has_the_sections_of_all_plugins() {
    let home = Home::new();
    home.install("broken", b"#!/bin/sh");
    let schema = home.tig_host(&["schema", "config.json"]).json();
    assert_eq!(schema["required"], json!(["extensions"]));
    // Each value, and the section itself, may also be the name of a file.
    let section = &schema["properties"]["config"]["properties"]["counter"]["anyOf"];
    let start = &section[1]["properties"]["start"]["anyOf"];
    assert_eq!(start[1]["type"], "integer", "{start}");
    for branches in [section, start] {
        assert_eq!(branches[0]["required"], json!(["$file"]), "{branches}");
    }
}

#[test]
fn identity_key_says_which_rates_its_host_has() {
    let home = Home::new();
    home.install("fetcher", &std::fs::read(fixture("fetcher")).unwrap());
    let schema = home.tig_host(&["schema", "config.json"]).json();
    assert_eq!(
        schema["properties"]["fetch_url"]["description"],
        "A URL whose API host has a rate. Unless `http` says otherwise, 1 GET and HEAD and any number of other requests a minute \
         go to its host."
    );
}
