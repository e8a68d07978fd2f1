//! `compute-horde up`: one command from `.env` to a running host.

use std::fs;
use std::path::Path;
use std::process::Command;

use horde_system_tests::Artifacts;
use serde_json::{Value, json};
use tig_system_tests::{Process, ProcessError, wait_for};

use crate::cli::{WALLET, folder, run, texts, write_private};
use crate::network::WAIT_MAX;

/// Exit code of a host that cannot open its store.
const STORE: i32 = 6;

/// `up` in a folder, once its host listens.
fn up(folder: &Path) -> Process {
    let mut process = begin(folder);
    let listens = process.address();
    listens.unwrap_or_else(|error| panic!("{error}: {}", process.log()));
    process
}

fn begin(folder: &Path) -> Process {
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut command = Command::new(artifacts.program("compute-horde"));
    command.args(["up", "--port", "0"]).current_dir(folder);
    Process::spawn("up", &mut command, folder).unwrap()
}

/// Sends a signal; the exit code.
fn signal(process: &mut Process, name: &str) -> Option<i32> {
    let mut kill = Command::new("kill");
    let kill = kill.args([name, &process.id().to_string()]);
    assert!(kill.status().unwrap().success());
    let ended = wait_for("the end", WAIT_MAX, || process.exit_status());
    ended.unwrap().code()
}

fn config(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap()
}

#[test]
fn up_writes_the_config_and_is_the_host() {
    let home = folder(WALLET);
    let mut first = up(home.path());
    assert!(
        first.log().contains("config.json is written"),
        "{}",
        first.log()
    );
    let extensions = config(home.path())["extensions"].clone();
    assert!(
        extensions
            .as_array()
            .unwrap()
            .contains(&json!("horde_batch"))
    );
    let status = run(home.path(), &["status"]);
    assert!(status.status.success(), "{:?}", texts(&status));
    assert_eq!(signal(&mut first, "-TERM"), Some(0), "{}", first.log());
    // What was written once is not written again.
    let mut second = up(home.path());
    assert_eq!(second.log().matches("is written").count(), 1);
    assert_eq!(signal(&mut second, "-INT"), Some(0), "{}", second.log());
}

#[test]
fn second_host_of_a_folder_is_refused() {
    let home = folder(WALLET);
    let _first = up(home.path());
    let before = fs::read_to_string(home.path().join("config.json")).unwrap();
    write_private(
        &home.path().join(".env"),
        &format!("{WALLET}DEBUG_OVERRIDE_WEIGHTS_VERSION=4\n"),
    );
    let mut second = begin(home.path());
    let Err(ProcessError::Ended { status, .. }) = second.address() else {
        panic!("it listens: {}", second.log())
    };
    assert_eq!(status.code(), Some(STORE), "{}", second.log());
    assert!(
        second.log().contains("is in use by another tig-host"),
        "{}",
        second.log()
    );
    // The first one would take it up.
    let after = fs::read_to_string(home.path().join("config.json")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn config_follows_env_until_it_is_edited() {
    let home = folder(WALLET);
    let version = || config(home.path())["config"]["horde_batch"]["weights_version"].clone();
    let env = |version: u32| {
        let text = format!("{WALLET}DEBUG_OVERRIDE_WEIGHTS_VERSION={version}\n");
        write_private(&home.path().join(".env"), &text);
    };
    signal(&mut up(home.path()), "-TERM");
    env(4);
    let mut process = up(home.path());
    let text = "is written again: .env, this program or the folder has changed since, and nobody has edited it; the differences: config.horde_batch.weights_version is 1; .env gives 4";
    assert!(process.log().contains(text), "{}", process.log());
    assert_eq!(version(), 4);
    signal(&mut process, "-TERM");
    let mut edited = config(home.path());
    edited["config"]["horde_batch"]["weights_version"] = json!(2);
    fs::write(home.path().join("config.json"), edited.to_string()).unwrap();
    env(3);
    let mut process = up(home.path());
    let text = "was edited, or written by an earlier version, and is used as it is; it differs from what .env says: config.horde_batch.weights_version is 2; .env gives 3";
    assert!(process.log().contains(text), "{}", process.log());
    assert_eq!(version(), 2);
    signal(&mut process, "-TERM");
}

/// As after a test: the real network comes next, and nobody thinks of it.
#[test]
fn private_addresses_are_kept_with_a_warning() {
    let home = folder(WALLET);
    let written = run(
        home.path(),
        &["config", "--allow-private", "--output", "config.json"],
    );
    assert!(written.status.success(), "{:?}", texts(&written));
    let mut process = up(home.path());
    let log = process.log();
    assert!(log.contains("as --allow-private has set"), "{log}");
    let miners = &config(home.path())["config"]["horde_miners"];
    assert_eq!(miners["allow_private"], true);
    signal(&mut process, "-TERM");
}

/// The host signs with the key of its config: edits keep its id, and a new secret of it is written.
#[test]
fn secret_follows_env_beside_an_edited_config() {
    let env = |id: &str, secret: &str| {
        format!(
            "{WALLET}PYLON_URL=http://127.0.0.1:1\nBITTENSOR_NETUID=12\nFACILITATOR_URI=ws://127.0.0.1:1/\nSTATS_COLLECTOR_URL=\n\
             S3_BUCKET_NAME_PROMPTS=p-1\nS3_BUCKET_NAME_ANSWERS=a-1\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n\
             AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"
        )
    };
    let home = folder(&env("id", "former"));
    signal(&mut up(home.path()), "-TERM");
    let mut edited = config(home.path());
    edited["drain_seconds"] = json!(1);
    fs::write(home.path().join("config.json"), edited.to_string()).unwrap();
    write_private(&home.path().join(".env"), &env("id", "newer"));
    let mut process = up(home.path());
    let log = process.log();
    assert!(
        log.contains("drain_seconds is 1; .env gives nothing"),
        "{log}"
    );
    assert!(!log.contains("another access key"), "{log}");
    assert!(!log.contains("former") && !log.contains("newer"), "{log}");
    let secret = || fs::read_to_string(home.path().join("s3-secret")).unwrap();
    assert_eq!(secret(), "newer");
    signal(&mut process, "-TERM");
    write_private(&home.path().join(".env"), &env("other", "newest"));
    let mut process = up(home.path());
    let log = process.log();
    assert!(log.contains("another access key"), "{log}");
    assert!(
        log.contains("horde_crossval.access_key_id to the new id"),
        "{log}"
    );
    assert_eq!(secret(), "newer");
    signal(&mut process, "-TERM");
}

#[test]
fn up_without_a_wallet_starts_nothing() {
    let home = folder("");
    let output = run(home.path(), &["up"]);
    let (_, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("BITTENSOR_WALLET_NAME"), "{stderr}");
    assert!(!home.path().join("config.json").exists());
}

/// The rest of the validator works without them.
#[test]
fn buckets_that_fail_do_not_stop_the_host() {
    let home = folder(&format!(
        "{WALLET}S3_BUCKET_NAME_PROMPTS=p-1\nS3_BUCKET_NAME_ANSWERS=a-1\nAWS_ENDPOINT_URL=http://127.0.0.1:1\nAWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=secret\n"
    ));
    let mut process = up(home.path());
    let log = process.log();
    assert!(
        log.contains("FAULT") && log.contains("cannot be reached"),
        "{log}"
    );
    assert_eq!(signal(&mut process, "-TERM"), Some(0), "{log}");
}
