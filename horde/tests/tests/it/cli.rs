//! `compute-horde` as a person types it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use horde_system_tests::{Artifacts, HostOptions, Miners};
use tempfile::TempDir;

use crate::support::{Running, miners};

/// The variables of a validator without its miner.
pub(crate) const WALLET: &str = "BITTENSOR_WALLET_DIRECTORY=wallets
BITTENSOR_WALLET_NAME=w
BITTENSOR_WALLET_HOTKEY_NAME=h
";

/// A folder with a wallet and this `.env`.
pub(crate) fn folder(env: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let hotkeys = folder.path().join("wallets/w/hotkeys");
    fs::create_dir_all(&hotkeys).unwrap();
    let seed = format!("{{\"secretSeed\": \"0x{}\"}}", "01".repeat(32));
    write_private(&hotkeys.join("h"), &seed);
    write_private(&folder.path().join(".env"), env);
    folder
}

pub(crate) fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut command = Command::new(artifacts.program("compute-horde"));
    command.args(arguments).current_dir(folder);
    command.output().unwrap()
}

pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn batch_runs_without_a_validator() {
    let artifacts = Artifacts::of_running_test().unwrap();
    let home = folder(WALLET);
    let network = Miners::start(&artifacts, home.path(), &miners(1, &[])).unwrap();
    let miner = &network.miners[0];
    let (host, port) = miner.address.rsplit_once(':').unwrap();
    let output = run(
        home.path(),
        &[
            "debug_run_synthetic_job_to_miner",
            "--miner_hotkey",
            &miner.hotkey,
            "--miner_address",
            host,
            "--miner_port",
            port,
        ],
    );
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("batch 1 stored"), "{stdout}");
    assert!(home.path().join("backup").exists(), "the batch is stored");
}

#[test]
fn interrupted_batch_ends_before_the_next_begins() {
    let artifacts = Artifacts::of_running_test().unwrap();
    let home = folder(WALLET);
    let slow = miners(1, &["0=slow-manifest:3000"]);
    let network = Miners::start(&artifacts, home.path(), &slow).unwrap();
    let miner = &network.miners[0];
    let (host, port) = miner.address.rsplit_once(':').unwrap();
    let env = format!(
        "{WALLET}DEBUG_MINER_KEY={}\nDEBUG_MINER_ADDRESS={host}\nDEBUG_MINER_PORT={port}\n",
        miner.hotkey
    );
    write_private(&home.path().join(".env"), &env);
    let mut first = Command::new(artifacts.program("compute-horde"));
    first.arg("debug_run_synthetic_jobs").current_dir(&home);
    let mut first = first.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let stdout = first.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert!(line.starts_with("batch 1"), "{line}");
    let mut interrupt = Command::new("kill");
    interrupt.args(["-INT", &first.id().to_string()]);
    assert!(interrupt.status().unwrap().success());
    assert_eq!(first.wait().unwrap().code(), Some(130));
    let output = run(home.path(), &["debug_run_synthetic_jobs"]);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("batch 2 stored"), "{stdout}{stderr}");
}

#[test]
fn batch_runs_by_the_running_validator() {
    let running = Running::start(&HostOptions::echo(), &miners(1, &[]));
    let miner = &running.miners.miners[0];
    let (host, port) = miner.address.rsplit_once(':').unwrap();
    let env = format!(
        "{WALLET}DEBUG_MINER_KEY={}\nDEBUG_MINER_ADDRESS={host}\nDEBUG_MINER_PORT={port}\n",
        miner.hotkey
    );
    write_private(&running.site.folder().join(".env"), &env);
    let output = run(running.site.folder(), &["debug_run_synthetic_jobs"]);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("2 of 2 jobs right"), "{stdout}");
    assert!(running.host.log().contains("batch is over"));
}

#[test]
fn refused_batch_ends_with_8_and_the_reason() {
    let home = folder(&format!(
        "{WALLET}DEBUG_MINER_KEY=5F6\nDEBUG_MINER_ADDRESS=127.0.0.1\nDEBUG_MINER_PORT=9\n"
    ));
    let output = run(home.path(), &["debug_run_synthetic_jobs"]);
    let (_, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(8), "{stderr}");
    assert!(
        stderr.contains("miners[0].hotkey: \"5F6\" is not an SS58 address"),
        "{stderr}"
    );
}

#[test]
fn what_is_missing_is_said_before_anything_is_tried() {
    let home = folder(&format!("{WALLET}DEBUG_MINER_KEY=5F\nREDIS_HOST=x\n"));
    let output = run(home.path(), &["debug_run_synthetic_jobs"]);
    let (_, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("DEBUG_MINER_ADDRESS, DEBUG_MINER_PORT are missing"),
        "{stderr}"
    );
    assert!(
        stderr.contains("REDIS_HOST is not needed any more"),
        "{stderr}"
    );
    assert!(!home.path().join("backup").exists());
}

#[test]
fn unusable_hotkey_is_named() {
    let home = folder(WALLET);
    let hotkey = home.path().join("wallets/w/hotkeys/h");
    fs::set_permissions(&hotkey, fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(
        home.path(),
        &[
            "debug_run_synthetic_job_to_miner",
            "--miner_hotkey",
            "5F",
            "--miner_port",
            "1",
        ],
    );
    let (_, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("can be read by others than its owner"),
        "{stderr}"
    );
}

#[test]
fn config_is_printed_and_written_once() {
    let home = folder(WALLET);
    let (stdout, _) = texts(&run(home.path(), &["config"]));
    assert!(stdout.contains("horde_batch"), "{stdout}");
    let written = run(home.path(), &["config", "--output", "config.json"]);
    assert!(written.status.success());
    let again = run(home.path(), &["config", "--output", "config.json"]);
    assert_eq!(again.status.code(), Some(3));
}

#[test]
fn store_is_waited_for_and_needs_no_migration() {
    let running = Running::start(&HostOptions::echo(), &miners(1, &[]));
    let folder = running.site.folder();
    let wait = run(
        folder,
        &["wait_for_database", "--timeout", "20", "--stable", "1"],
    );
    assert!(wait.status.success(), "{:?}", texts(&wait));
    let (stdout, _) = texts(&run(folder, &["migrate"]));
    assert!(
        stdout.contains("the running host has the store open"),
        "{stdout}"
    );
}
