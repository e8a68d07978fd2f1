//! `tig-host init` without a terminal.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Home, fixture};

const USAGE: i32 = 2;
const CONFIG: i32 = 3;
const PLUGIN: i32 = 4;

/// Runs init in `home` with a key on standard input.
fn init(home: &Home, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tig-host"))
        .args(["init", "new", "--yes", "--plugins", "plugins"])
        .args(arguments)
        .current_dir(home.folder.path())
        .env_remove("TIG_HOST_API_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A refusal may come before it is read.
    let _ = stdin.write_all(b"0123456789abcdef\n");
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn refused(output: &Output, code: i32, piece: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(
        text.starts_with("error: ") && text.contains(piece),
        "no {piece:?} in {text}"
    );
}

fn read(home: &Home, name: &str) -> String {
    fs::read_to_string(home.path("new").join(name)).unwrap()
}

fn mode(home: &Home, name: &str) -> u32 {
    let metadata = fs::metadata(home.path("new").join(name)).unwrap();
    metadata.permissions().mode() & 0o777
}

/// Has a plugin with an identity, and a template.
fn home() -> Home {
    let home = Home::new();
    home.install("fetcher", &fs::read(fixture("fetcher")).unwrap());
    let template = json!({
        "extensions": ["counter", "recorder"],
        "config": { "counter": { "start": 7 } },
        "account": "an example", "api_key_file": null, "port": 1234, "tls": null,
    });
    fs::write(home.path("template.json"), template.to_string()).unwrap();
    home
}

const SOUND: [&str; 5] = [
    "--template",
    "template.json",
    "--account",
    "http://a",
    "--key-stdin",
];

#[test]
fn init_writes_a_config_that_starts() {
    let home = home();
    let output = init(
        &home,
        &[&SOUND[..], &["--set", "drain_seconds=3", "--port", "0"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let config: Value = serde_json::from_str(&read(&home, "config.json")).unwrap();
    assert_eq!(config["extensions"], json!(["counter", "recorder"]));
    assert_eq!(config["config"]["counter"]["start"], 7);
    assert_eq!(
        (&config["account"], &config["drain_seconds"]),
        (&json!("http://a"), &json!(3))
    );
    assert_eq!((&config["port"], &config["tls"]), (&json!(0), &Value::Null));
    assert_eq!(read(&home, "api_key"), "0123456789abcdef\n");
    assert_eq!(
        (mode(&home, "api_key"), mode(&home, "operator_token")),
        (0o600, 0o600)
    );
    assert_eq!(read(&home, "operator_token").trim().len(), 64);
    let guide = read(&home, "config.md");
    assert!(
        guide.contains("- `config.counter.start` * (integer, optional) First total."),
        "{guide}"
    );
    assert!(
        guide.contains("- `metrics.allow` (array, optional) Networks that may"),
        "{guide}"
    );
    let ran = home.tig_host(&["check", "new/config.json"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "new/config.json: ok\n"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["doctor", "new/config.json", "--offline"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names: Vec<_> = fs::read_dir(home.path("new")).unwrap().collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn init_replaces_nothing_unless_it_is_forced() {
    let home = home();
    assert_eq!(init(&home, &SOUND).status.code(), Some(0));
    let token = read(&home, "operator_token");
    refused(
        &init(&home, &SOUND),
        CONFIG,
        "new/config.json, new/config.md, new/api_key",
    );
    let again = ["--template", "template.json", "--account", "http://b"];
    refused(
        &init(&home, &again),
        CONFIG,
        "would be replaced; give --force",
    );
    let output = init(&home, &[&again[..], &["--force"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let config: Value = serde_json::from_str(&read(&home, "config.json")).unwrap();
    assert_eq!(
        (&config["account"], &config["api_key_file"]),
        (&json!("http://b"), &json!("api_key"))
    );
    assert_eq!(read(&home, "operator_token"), token, "the token stays");
    assert_eq!(
        read(&home, "api_key"),
        "0123456789abcdef\n",
        "the key stays"
    );
}

#[test]
fn init_takes_the_template_beside_the_plugins() {
    let home = home();
    let beside = home.path("plugins/config.example.json");
    fs::rename(home.path("template.json"), beside).unwrap();
    let output = init(&home, &["--account", "http://a"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let config: Value = serde_json::from_str(&read(&home, "config.json")).unwrap();
    assert_eq!(config["extensions"], json!(["counter", "recorder"]));
    assert_eq!(config.get("api_key_file"), None);
}

#[test]
fn init_without_a_template_takes_all_plugins() {
    let home = home();
    let output = init(
        &home,
        &["--account", "http://a", "--set", "fetch_url=http://f"],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let config: Value = serde_json::from_str(&read(&home, "config.json")).unwrap();
    assert_eq!(
        config["extensions"],
        json!(["counter", "fetcher", "recorder"])
    );
}

#[test]
fn init_that_is_refused_leaves_nothing() {
    let home = home();
    let with = |arguments: &[&str]| init(&home, &[&SOUND[..], arguments].concat());
    refused(
        &init(&home, &SOUND[..2]),
        USAGE,
        "--set account=..: Who counts.",
    );
    refused(
        &with(&["--set", "port=x"]),
        CONFIG,
        "port: expected a whole number",
    );
    refused(
        &with(&["--set", "config.counter.strat=1"]),
        CONFIG,
        "did you mean `start`?",
    );
    refused(&with(&["--set", "port"]), USAGE, "give KEY=VALUE");
    refused(&with(&["--set", "port.x=1"]), USAGE, "give KEY=VALUE");
    refused(&with(&["--bind", "here"]), CONFIG, "is not an IP address");
    refused(
        &with(&["--plugins", "."]),
        USAGE,
        "cannot be used multiple times",
    );
    fs::write(home.path("template.json"), r#"{"extensions":["absent"]}"#).unwrap();
    refused(&with(&[]), CONFIG, "not in the plugin folder: absent");
    fs::write(home.path("template.json"), "{").unwrap();
    refused(&with(&[]), CONFIG, "is not JSON");
    fs::remove_file(home.path("template.json")).unwrap();
    refused(&with(&[]), CONFIG, "cannot read the template");
    for name in ["counter", "recorder", "fetcher"] {
        fs::remove_file(home.path("plugins").join(format!("lib{name}.so"))).unwrap();
    }
    refused(&with(&[]), PLUGIN, "no plugin lies in plugins");
    assert!(!home.path("new").exists(), "nothing is left");
    let ran = home.tig_host(&["init", "new"]);
    assert_eq!(ran.code, Some(USAGE), "{ran:?}");
    assert!(ran.stderr.contains("not a terminal: give --yes"), "{ran:?}");
}

#[test]
fn init_on_a_full_disk_leaves_no_config() {
    let home = home();
    // 512 bytes each: room for the key and the token, not for the guide.
    let script = r#"trap "" XFSZ; ulimit -f 2; exec "$@""#;
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_tig-host")])
        .args([
            "init",
            "new",
            "--yes",
            "--plugins",
            "plugins",
            "--template",
            "template.json",
        ])
        .args(["--account", "http://a"])
        .current_dir(home.folder.path())
        .output()
        .unwrap();
    refused(&output, 1, "cannot write");
    assert!(!home.path("new").exists(), "{output:?}");
}
