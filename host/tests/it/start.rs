//! A host that cannot start says why on one line and ends with a documented code.

use std::net::TcpListener;

use serde_json::json;

use crate::support::{Home, fixture};

/// The host's last word and its exit code.
fn refusal(home: &Home) -> (Option<i32>, String) {
    let output = home.run();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "one line: {stderr}");
    (output.status.code(), errors[0].to_owned())
}

fn check(home: &Home, code: i32, parts: &[&str]) {
    let (status, line) = refusal(home);
    assert_eq!(status, Some(code), "{line}");
    for part in parts {
        assert!(line.contains(part), "no {part:?} in: {line}");
    }
}

#[test]
fn config_faults_end_with_3() {
    let home = Home::new();
    std::fs::remove_file(home.path("config.json")).unwrap();
    check(
        &home,
        3,
        &["config.json", "No such file", "tig-host config.json"],
    );

    std::fs::write(home.path("config.json"), "{ extensions").unwrap();
    check(&home, 3, &["config.json", "not JSON", "line 1 column 3"]);

    let mut config = home.config();
    config["plugin_foldr"] = json!("x");
    home.write_config(&config);
    check(
        &home,
        3,
        &["plugin_foldr: unknown key", "did you mean `plugin_folder`?"],
    );
}

#[test]
fn plugin_faults_end_with_4() {
    let home = Home::new();
    let mut config = home.config();
    config["extensions"] = json!(["countr"]);
    home.write_config(&config);
    check(
        &home,
        4,
        &["`countr`", "libcountr.so", "did you mean `counter`?"],
    );

    home.write_config(&home.config());
    home.install("counter", b"#!/bin/sh");
    check(
        &home,
        4,
        &[
            "`counter`",
            "libcounter.so is not a plugin",
            "not a 64-bit ELF file",
        ],
    );

    home.install(
        "counter",
        &std::fs::read(env!("CARGO_BIN_EXE_tig-host")).unwrap(),
    );
    check(&home, 4, &["`counter`", "no manifest"]);

    home.install(
        "counter",
        &std::fs::read(fixture("of_another_api")).unwrap(),
    );
    check(
        &home,
        4,
        &[
            "`counter`",
            "plugin API 999, this host has 1",
            "upgrade the host",
        ],
    );

    home.install("counter", &std::fs::read(fixture("counter")).unwrap());
    config = home.config();
    config["config"] = json!({ "counter": { "strt": 1 } });
    home.write_config(&config);
    check(
        &home,
        3,
        &["config.counter.strt: unknown key; did you mean `start`?"],
    );

    // The recorder does not describe its section, so that only its `new` can refuse it.
    config = home.config();
    config["config"] = json!({ "recorder": { "refuze": true } });
    home.write_config(&config);
    check(
        &home,
        4,
        &[
            "`recorder`",
            "cannot start version 0.1.0",
            "config.recorder.refuze",
        ],
    );
}

#[test]
fn a_taken_port_ends_with_5() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let home = Home::new();
    let mut config = home.config();
    config["port"] = json!(address.port());
    home.write_config(&config);
    check(&home, 5, &[&address.to_string(), "in use", "set `port`"]);
    assert!(!home.path("backup").exists(), "nothing was touched");
}

#[test]
fn a_store_that_is_not_ours_ends_with_6() {
    let home = Home::new();
    drop(home.start());
    let mut config = home.config();
    config["identity"]["account"] = json!("another");
    home.write_config(&config);
    check(
        &home,
        6,
        &["belongs to account `ours`, not `another`", "backup_folder"],
    );

    home.write_config(&home.config());
    let _running = home.start();
    check(&home, 6, &["in use by another tig-host"]);
}

/// Otherwise the service of the folder's owner could not open the store that root has made.
#[test]
fn root_in_folder_of_a_service_ends_with_6() {
    let home = Home::new();
    if std::os::unix::fs::chown(home.path(""), Some(1), None).is_err() {
        // Not root.
        return;
    }
    check(
        &home,
        6,
        &[
            "belongs to the user ",
            "run the same command with `sudo -u ",
        ],
    );
    assert!(!home.path("backup").exists(), "nothing was touched");
}

#[test]
fn the_earlier_masters_command_line_works_and_warns() {
    let home = Home::new();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tig-host"))
        .args(["someone", "0123456789abcdef"])
        .arg(home.path("config.json"))
        .args([
            "--api",
            "http://127.0.0.1:1",
            "--port",
            "0",
            "--exit-with-parent",
        ])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("use `api_key_file`"), "{stderr}");
    assert!(
        !stderr.contains("0123456789abcdef"),
        "the key is not logged: {stderr}"
    );
}
