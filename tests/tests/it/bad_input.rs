//! What an operator may get wrong: one line that names the thing and the remedy, and a documented exit code.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use tig_system_tests::{MasterOptions, Site, wait_for};

use crate::support::site;

const CONFIG: i32 = 3;
const PLUGIN: i32 = 4;
const LISTENER: i32 = 5;

/// A refusal takes no longer.
const REFUSAL: Duration = Duration::from_secs(20);

/// Runs the host in a folder that `spoil` has made unfit.
fn check(spoil: impl FnOnce(&Site, &mut Value), exit_code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut config = MasterOptions::default().host_config("http://127.0.0.1:9", 0);
    spoil(&site, &mut config);
    if config != Value::Null {
        fs::write(site.config_file(), config.to_string()).unwrap();
    }
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let status = wait_for("the host's refusal", REFUSAL, || host.exit_status());
    let log = host.log();
    let status = status.unwrap_or_else(|error| panic!("{error}\n{log}"));
    assert_eq!(status.code(), Some(exit_code), "{log}");
    let errors: Vec<_> = log
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{log}");
    for word in words {
        assert!(
            errors[0].contains(word),
            "{word:?} is not in {:?}",
            errors[0]
        );
    }
}

#[test]
fn missing_config_is_reported() {
    check(
        |_, config| *config = Value::Null,
        CONFIG,
        &["config.json", "No such file", "give its path"],
    );
}

#[test]
fn config_that_is_not_json_is_reported() {
    check(
        |site, config| {
            fs::write(site.config_file(), "{\"extensions\": [").unwrap();
            *config = Value::Null;
        },
        CONFIG,
        &["config.json", "not JSON", "line 1"],
    );
}

#[test]
fn unknown_key_is_reported_with_a_suggestion() {
    check(
        |_, config| config["plugin_foldr"] = json!("plugins"),
        CONFIG,
        &["plugin_foldr: unknown key", "did you mean `plugin_folder`?"],
    );
}

#[test]
fn extension_without_a_file_is_reported() {
    check(
        |_, config| config["extensions"][0] = json!("data_fetchr"),
        PLUGIN,
        &["`data_fetchr`", "libdata_fetchr.so"],
    );
}

#[test]
fn file_that_is_not_a_plugin_is_reported() {
    check(
        |site, _| fs::write(site.plugin("job_manager"), "text").unwrap(),
        PLUGIN,
        &[
            "`job_manager`",
            "libjob_manager.so",
            "not a 64-bit ELF file",
            "cdylib",
        ],
    );
}

#[test]
fn plugin_of_another_api_version_is_reported() {
    check(
        |site, _| {
            let path = site.plugin("job_manager");
            let mut bytes = fs::read(&path).unwrap();
            let key = br#""api_version":"#;
            let at = bytes
                .windows(key.len())
                .position(|window| window == key)
                .unwrap();
            bytes[at + key.len()] = b'9';
            fs::write(path, bytes).unwrap();
        },
        PLUGIN,
        &["`job_manager`", "plugin API 9", "upgrade the host"],
    );
}

#[test]
fn plugin_that_cannot_start_is_reported_with_reason() {
    check(
        |_, config| config["config"]["job_manager"]["knapsack"]["batch_size"] = json!(7),
        PLUGIN,
        &["`job_manager`", "0.1.0", "7 is not a power of two"],
    );
}

#[test]
fn port_that_is_taken_is_reported() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    check(
        |_, config| config["port"] = json!(address.port()),
        LISTENER,
        &[&address.to_string(), "in use", "`port`"],
    );
}

#[test]
fn wrong_command_line_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut host = site.spawn("tig-host", site.host().arg("--prot=1")).unwrap();
    let status = wait_for("the host's refusal", REFUSAL, || host.exit_status()).unwrap();
    assert_eq!(status.code(), Some(2), "{}", host.log());
    assert!(host.log().contains("--prot"), "{}", host.log());
}
