//! `tig-host support-bundle`: what is in it, and that no secret is.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::edge::new_certificate;
use crate::support::{Home, HostProcess, fixture};

/// Secrets, each in another place.
const IN_KEY_FILE: &str = "key-file-s3cret-0001";
const IN_TOKEN_FILE: &str = "token-file-s3cret-0002";
const IN_SIGNING_KEY: &str = "signing-key-s3cret-0003";
const IN_SECTION: &str = "section-s3cret-0004";
const IN_WEBHOOK: &str = "T0005B0005s3cretXyz";
const IN_URL: &str = "url-s3cret-0006";
const IN_QUERY: &str = "query-s3cret-0007";
const IN_VARIABLE: &str = "variable-s3cret-0008";
const IN_PROXY: &str = "proxy-s3cret-0009";
const IN_PAYLOAD: &str = "payload-s3cret-0010";
const IN_HEADER: &str = "header-s3cret-0011";
const IN_PANEL: &str = "panel-s3cret-0012";
const IN_CONDITION: &str = "condition-s3cret-0013";
const IN_LOG: &str = "log-s3cret-0014";
const IN_LEDGER: &str = "named-variable-s3cret-0015";

const IN_BARE_PROXY: &str = "bare-proxy-s3cret-0016";
/// Short, so that nothing but its place shows that it is one.
const IN_SLASHED_PROXY: &str = "sl/sh";

const SECRETS: [&str; 17] = [
    IN_KEY_FILE,
    IN_TOKEN_FILE,
    IN_SIGNING_KEY,
    IN_SECTION,
    IN_WEBHOOK,
    IN_URL,
    IN_QUERY,
    IN_VARIABLE,
    IN_PROXY,
    IN_PAYLOAD,
    IN_HEADER,
    IN_PANEL,
    IN_CONDITION,
    IN_LOG,
    IN_LEDGER,
    IN_BARE_PROXY,
    IN_SLASHED_PROXY,
];

/// A home with a secret in every place that there is.
fn home() -> Home {
    let home = Home::new();
    home.install("patient", &fs::read(fixture("patient")).unwrap());
    for (name, secret) in [
        ("api_key", IN_KEY_FILE),
        ("token", IN_TOKEN_FILE),
        ("signing", IN_SIGNING_KEY),
    ] {
        fs::write(home.path(name), format!("{secret}\n")).unwrap();
        fs::set_permissions(home.path(name), Permissions::from_mode(0o600)).unwrap();
    }
    let payload = json!({
        "password": IN_PAYLOAD,
        "headers": [["X-Api-Key", IN_HEADER], ["Accept", "text"]],
        "text": format!("sent {IN_KEY_FILE} with Authorization: Bearer {IN_HEADER}"),
        "within": json!({ "token": IN_PAYLOAD, "n": 1 }).to_string(),
        "harmless": "a word that stays",
    });
    let condition = json!({
        "code": "leaks", "severity": "warning",
        "text": format!("cannot reach https://me:{IN_URL}@api/x?sig={IN_QUERY} (password={IN_CONDITION})"),
    });
    let mut config = home.config();
    config["extensions"] = json!(["patient"]);
    config["identity"] =
        json!({ "api_url": format!("http://me:{IN_URL}@127.0.0.1:1/v1?key={IN_QUERY}") });
    config["api_key_file"] = json!("api_key");
    config["operator"] = json!({ "token_file": "token" });
    config["access"] = json!({ "token_env": "LEDGER_OF_ACCESS" });
    config["keys"] =
        json!({ "k": { "kind": "hmac-sha256", "file": "signing", "extensions": ["patient"] } });
    config["config"] = json!({ "patient": {
        "token": IN_SECTION,
        "webhook": format!("https://hooks.example.com/services/{IN_WEBHOOK}"),
        "emits": payload,
        "conditions": [condition],
        "text": format!("password: {IN_PANEL}, {IN_SIGNING_KEY}, {IN_TOKEN_FILE}, {IN_VARIABLE}"),
    } });
    home.write_config(&config);
    let log = format!(
        "2026-01-01 INFO started\n2026-01-01 ERROR api_key={IN_LOG} was refused by http://a?x={IN_LOG}\n2026-01-01 INFO a word: {IN_BARE_PROXY}\nthe last line\n"
    );
    fs::write(home.path("host.log"), log).unwrap();
    home
}

fn with_variables(command: &mut Command) -> &mut Command {
    command
        .env("PLANTED_API_KEY", IN_VARIABLE)
        .env("LEDGER_OF_ACCESS", IN_LEDGER)
        .env("HTTP_PROXY", format!("http://me:{IN_PROXY}@127.0.0.1:1"))
        .env("HTTPS_PROXY", format!("me:{IN_BARE_PROXY}@127.0.0.1:1"))
        .env("ALL_PROXY", format!("me:{IN_SLASHED_PROXY}@127.0.0.1:1"))
}

fn bundle(home: &Home, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
    command
        .args([
            "support-bundle",
            "--log",
            "host.log",
            "--output",
            "out.tar.gz",
        ])
        .args(arguments)
        .current_dir(home.folder.path())
        .stdin(Stdio::null());
    with_variables(&mut command).output().unwrap()
}

/// Name and text of each file in a bundle.
fn unpack(path: &Path) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).unwrap()));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        assert_eq!(entry.header().mode().unwrap(), 0o600, "{name}");
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let name = name.strip_prefix("tig-host-support/").unwrap();
        files.push((name.to_owned(), text));
    }
    files
}

#[track_caller]
fn holds_no_secret(files: &[(String, String)], output: &Output) {
    let shown = format!("{output:?}");
    for secret in SECRETS {
        for (name, text) in files {
            assert!(!text.contains(secret), "{secret} is in {name}: {text}");
            assert!(!name.contains(secret), "{secret} is in a name");
        }
        assert!(!shown.contains(secret), "{secret} is printed: {shown}");
    }
}

fn text<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    let found = files.iter().find(|(known, _)| known == name);
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    &found.unwrap_or_else(|| panic!("no {name} in {names:?}")).1
}

fn json_of(files: &[(String, String)], name: &str) -> Value {
    serde_json::from_str(text(files, name)).unwrap()
}

/// Starts the host of `home` with the variables.
fn start(home: &Home) -> HostProcess {
    home.start_with_variables(&[("LEDGER_OF_ACCESS", IN_LEDGER)])
}

#[test]
fn bundle_of_a_running_host_holds_no_secret() {
    let home = home();
    let host = start(&home);
    let output = bundle(&home, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let files = unpack(&home.path("out.tar.gz"));
    holds_no_secret(&files, &output);
    let mode = fs::metadata(home.path("out.tar.gz"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // What is of use is there.
    let config = json_of(&files, "config.json");
    assert_eq!(config["extensions"], json!(["patient"]));
    assert_eq!(config["api_key_file"], "api_key");
    assert_eq!(config["config"]["patient"]["token"], "[removed]");
    assert_eq!(
        config["config"]["patient"]["webhook"],
        "https://hooks.example.com/services/[removed]"
    );
    let status = json_of(&files, "status.json");
    assert_eq!(status["extensions"][0]["name"], "patient");
    let conditions = json_of(&files, "conditions.json");
    assert_eq!(conditions["conditions"][0]["code"], "leaks", "{conditions}");
    let events = json_of(&files, "events.json").to_string();
    assert!(
        events.contains("suffered") && events.contains("a word that stays"),
        "{events}"
    );
    let panel = text(&files, "panels/patient.json");
    assert!(panel.contains("password: [removed]"), "{panel}");
    assert!(
        text(&files, "metrics.txt").contains("tig_host"),
        "{files:?}"
    );
    assert_eq!(json_of(&files, "plugins.json")[1]["name"], "patient");
    assert!(json_of(&files, "files.json")["tig-host.redb"].is_number());
    assert!(text(&files, "log-0.txt").ends_with("the last line\n"));
    assert_eq!(json_of(&files, "version.json")["plugin_api"], 1);
    let environment = &json_of(&files, "machine.json")["environment"];
    assert_eq!(environment["HTTPS_PROXY"], "http://[removed]@127.0.0.1:1");
    let listed = json_of(&files, "contents.json");
    assert_eq!(listed["entries"][0]["name"], "version.json");
    let printed = String::from_utf8_lossy(&output.stdout);
    for (name, _) in &files {
        assert!(
            printed.contains(name.as_str()),
            "{name} is not listed: {printed}"
        );
    }
    drop(host);
}

/// What keeps a collector of this machine from the metrics must not keep a bundle from them.
#[test]
fn bundle_of_a_closed_listener_has_its_metrics() {
    let home = home();
    new_certificate(&home);
    let config = fs::read(home.path("config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    config["access"]["allow"] = json!(["10.0.0.0/8"]);
    config["metrics"] = json!({ "allow": ["10.0.0.0/8"] });
    home.write_config(&config);
    let host = start(&home);
    let output = bundle(&home, &[]);
    let files = unpack(&home.path("out.tar.gz"));
    holds_no_secret(&files, &output);
    let metrics = text(&files, "metrics.txt");
    assert!(metrics.contains("tig_host"), "{metrics}");
    let history = json_of(&files, "history.json");
    assert!(!history.as_array().unwrap().is_empty(), "{history}");
    drop(host);
}

#[test]
fn bundle_of_a_stopped_host_shows_store_sizes() {
    let home = home();
    start(&home).kill();
    let output = bundle(&home, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let files = unpack(&home.path("out.tar.gz"));
    holds_no_secret(&files, &output);
    let store = json_of(&files, "store.json");
    assert_eq!(
        (&store[0]["extension"], &store[0]["keys"]),
        (&json!("patient"), &json!(1)),
        "{store}"
    );
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["file"], "out.tar.gz");
    let missing = |name: &str| {
        printed["missing"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["name"] == name)
    };
    assert!(missing("status.json"), "{printed}");
    let findings = json_of(&files, "doctor.json").to_string();
    assert!(findings.contains("left over from process"), "{findings}");
}

#[test]
fn bundle_without_a_config_says_what_is_missing() {
    let home = Home::new();
    fs::remove_file(home.path("config.json")).unwrap();
    let ran = home.tig_host(&[
        "support-bundle",
        "--output",
        "out.tar.gz",
        "--log",
        "nowhere",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for piece in [
        "not in it  config.json",
        "not in it  log-0.txt: nowhere",
        "look through it",
    ] {
        assert!(ran.stdout.contains(piece), "no {piece:?} in {ran:?}");
    }
    assert!(text(&unpack(&home.path("out.tar.gz")), "machine.json").contains("kernel"));
}

#[test]
fn bundle_replaces_no_file() {
    let home = Home::new();
    fs::write(home.path("out.tar.gz"), "mine").unwrap();
    let ran = home.tig_host(&["support-bundle", "--output", "out.tar.gz"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("name another file by --output"),
        "{ran:?}"
    );
    assert_eq!(fs::read_to_string(home.path("out.tar.gz")).unwrap(), "mine");
}

#[test]
fn bundle_on_a_full_disk_leaves_no_file() {
    let home = Home::new();
    let output = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 1; exec "$@""#, "sh"])
        .arg(env!("CARGO_BIN_EXE_tig-host"))
        .args(["support-bundle", "--output", "out.tar.gz"])
        .current_dir(home.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("cannot write the bundle: out.tar.gz"),
        "{text}"
    );
    let mut names = fs::read_dir(home.folder.path()).unwrap();
    let is_left = |name: &str| name.contains("support") || name == "out.tar.gz";
    assert!(!names.any(|entry| is_left(&entry.unwrap().file_name().to_string_lossy())));
}

#[test]
fn bundle_takes_the_end_of_a_long_log() {
    let home = Home::new();
    let mut log = File::create(home.path("host.log")).unwrap();
    writeln!(log, "the first line").unwrap();
    for number in 0..40_000 {
        writeln!(log, "a line of the log, number {number}").unwrap();
    }
    let ran = home.tig_host(&[
        "support-bundle",
        "--output",
        "out.tar.gz",
        "--log",
        "host.log",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let files = unpack(&home.path("out.tar.gz"));
    let shown = text(&files, "log-0.txt");
    assert!(shown.starts_with("a line of") && shown.ends_with("number 39999\n"));
    assert!(shown.len() <= 512 << 10);
}
