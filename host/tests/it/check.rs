//! What can be said without starting a host: `check` and `plugin`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{Home, fixture};

#[test]
fn a_sound_config_is_told_so_with_what_it_would_run() {
    let home = Home::new();
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "config.json: ok\n")
    );
    let shown = home.tig_host(&["check", "config.json", "--json"]).json();
    assert_eq!(
        (
            &shown["ok"],
            &shown["faults"],
            &shown["extensions"][1]["name"]
        ),
        (&json!(true), &json!([]), &json!("recorder"))
    );
    assert!(!home.path("backup").exists(), "nothing was touched");
}

#[test]
fn all_faults_of_a_config_are_told_at_once() {
    let home = Home::new();
    let mut config = home.config();
    config["port"] = json!("5115");
    config["backup_folder"] = json!(["x"]);
    config["verbos"] = json!(true);
    config["extensions"] = json!(["counter", 7]);
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "backup_folder: expected a text, found a list",
            "config.json: 4 faults",
            "extensions[1]: expected a text, found 7",
            "port: expected a whole number, found the text \"5115\"",
            "verbos: unknown key",
        ]
    );
}

#[test]
fn sections_are_checked_by_the_plugins_own_schema() {
    let home = Home::new();
    let mut config = home.config();
    config["config"] = json!({ "counter": { "strat": 1, "start": -1 }, "recordr": {} });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json", "--json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let unlisted = json!({
        "path": "config.recordr",
        "text": "no listed extension has this name; did you mean `recorder`?",
    });
    let unknown =
        json!({ "path": "config.counter.strat", "text": "unknown key; did you mean `start`?" });
    let negative = json!({
        "path": "config.counter.start", "text": "-1 is not between 0 and 18446744073709551615",
    });
    assert_eq!(ran.json()["faults"], json!([unlisted, unknown, negative]));

    config["config"] = json!({ "counter": { "strat": 1, "start": -1 } });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json", "--json"]);
    assert_eq!(ran.json()["faults"], json!([unknown, negative]));
}

/// A fault of the host's own keys hides none of a section or a plugin file, and makes up none.
#[test]
fn faults_of_own_keys_hide_no_others() {
    let home = Home::new();
    home.install("recorder", b"#!/bin/sh");
    let mut config = home.config();
    config["port"] = json!(70_000);
    config["api_key_file"] = json!("nowhere");
    config["config"] = json!({ "counter": { "strat": 1 }, "recorder": { "$file": "nowhere" } });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json", "--json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let found = ran.json();
    let paths = found["faults"].as_array().unwrap().iter();
    let paths: Vec<_> = paths.map(|fault| fault["path"].as_str().unwrap()).collect();
    let expected = [
        "config.recorder",
        "port",
        "api_key_file",
        "config.counter.strat",
        "extensions[1]",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn files_of_sections_are_checked() {
    let home = Home::new();
    let mut config = home.config();
    config["config"] = json!({ "counter": { "$file": "counter.json" } });
    home.write_config(&config);
    let faults = || home.tig_host(&["check", "config.json", "--json"]).json()["faults"].take();
    let missing = faults();
    assert_eq!(missing[0]["path"], "config.counter", "{missing}");
    let text = missing[0]["text"].as_str().unwrap();
    assert!(text.contains("counter.json: No such file"), "{text}");
    for (content, expected) in [
        (r#"{ "start": 1 }"#, json!([])),
        (
            r#"{ "strat": 1 }"#,
            json!([{ "path": "config.counter.strat", "text": "unknown key; did you mean `start`?" }]),
        ),
    ] {
        std::fs::write(home.path("counter.json"), content).unwrap();
        assert_eq!(faults(), expected);
    }
}

#[test]
fn extensions_that_answer_the_same_route_are_refused() {
    let home = Home::new();
    home.install("other", &std::fs::read(fixture("counter")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["counter", "other"]);
    home.write_config(&config);
    let clash = "`other` and `counter` both answer GET /total";
    let ran = home.tig_host(&["check", "config.json"]);
    assert!(ran.code == Some(3) && ran.stdout.contains(clash), "{ran:?}");
    let started = home.tig_host(&["config.json"]);
    assert!(
        started.code == Some(3) && started.stderr.contains(clash),
        "{started:?}"
    );
}

#[test]
fn bad_plugin_files_are_all_named() {
    let home = Home::new();
    home.install("counter", b"#!/bin/sh");
    home.install(
        "recorder",
        &std::fs::read(fixture("of_another_api")).unwrap(),
    );
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    for part in [
        "extensions[0]: ",
        "not a plugin",
        "extensions[1]: ",
        "plugin API 999",
        "2 faults",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {ran:?}");
    }
}

#[test]
fn what_is_allowed_but_not_wise_is_warned_of() {
    let home = Home::new();
    let mut config = home.config();
    config["api_key_file"] = json!("api_key");
    config["bind"] = json!("0.0.0.0");
    home.write_config(&config);
    let file = home.path("api_key");
    std::fs::write(&file, "0123456789abcdef").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [
        "warning: api_key_file: ",
        "mode 644",
        "chmod 600",
        "warning: bind: ",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {ran:?}");
    }
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    config["bind"] = json!("127.0.0.1");
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.stdout, "config.json: ok\n");
}

#[test]
fn what_only_new_can_refuse_is_told_too() {
    let home = Home::new();
    let mut config = home.config();
    config["config"] = json!({ "recorder": { "refuze": true } });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let shown =
        "extensions[1]: cannot start version 0.1.0: config.recorder.refuze: unknown field `refuze`";
    assert!(ran.stdout.contains(shown), "{ran:?}");
    assert!(!home.path("backup").exists(), "nothing was touched");
}

#[test]
fn a_config_that_is_none_ends_with_3() {
    let home = Home::new();
    std::fs::write(home.path("config.json"), "[").unwrap();
    let ran = home.tig_host(&["check", "config.json"]);
    assert!(
        ran.code == Some(3) && ran.stderr.contains("not JSON"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["check", "nowhere.json"]);
    assert!(
        ran.code == Some(3) && ran.stderr.contains("nowhere.json"),
        "{ran:?}"
    );
}

#[test]
fn a_plugin_file_tells_of_itself() {
    let home = Home::new();
    let ran = home.tig_host(&["plugin", "info", "plugins/libcounter.so"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [
        "counter",
        "counted",
        "GET /total, GET /above/*, POST /count/*",
        "start (integer, optional) First total.",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
    let shown = home
        .tig_host(&["plugin", "info", "plugins/libcounter.so", "--json"])
        .json();
    assert_eq!(
        (&shown["emits"], &shown["state_version"]),
        (&json!(["counted"]), &json!(2))
    );
    assert_eq!(shown["config"]["properties"]["start"]["type"], "integer");
}

#[test]
fn plugin_folder_is_listed_with_its_faults() {
    let home = Home::new();
    home.install("broken", b"text");
    let ran = home.tig_host(&["plugin", "list", "config.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines[1].contains("libbroken.so is not a plugin"), "{ran:?}");
    assert!(lines[2].starts_with("counter "), "{ran:?}");
    let shown = home
        .tig_host(&["plugin", "list", "config.json", "--json"])
        .json();
    assert_eq!(shown[2]["name"], "recorder");
}

#[test]
fn unknown_text_key_is_the_only_fault() {
    let home = Home::new();
    let mut config = home.config();
    config["backup_foldr"] = json!("elsewhere");
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(
        ran.stdout,
        "backup_foldr: unknown key; did you mean `backup_folder`?\nconfig.json: 1 fault\n"
    );
    let started = home.tig_host(&["config.json"]);
    assert_eq!(started.code, Some(3), "{started:?}");
}
