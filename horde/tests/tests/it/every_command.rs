//! Each command of section 1.3, as a person types it, with its exit code: beside a running validator, without one, and where nothing
//! is set up.

use std::fs;
use std::process::Command;

use horde_system_tests::Artifacts;
use serde_json::{Value, json};
use tig_system_tests::{Process, wait_for};

use crate::cli::{run, texts, write_private};
use crate::network::CYCLE;
use crate::sound::{STATE_TIMEOUT, Sound};

/// A line, its exit code, and a piece of what it says.
type Line<'a> = (&'a str, i32, &'a str);

/// Beside a running validator. `MINER` stands for the options that name its miner, `HOTKEY` for its hotkey alone.
const BESIDE: [Line<'_>; 32] = [
    ("wait_for_database --timeout 10 --stable 1", 0, ""),
    (
        "wait_for_database --timeout 10 --stable 1 --json",
        0,
        "{\"up\":true}",
    ),
    (
        "wait_for_database --database default --timeout 10 --stable 1",
        0,
        "--database \"default\" is ignored",
    ),
    ("migrate", 0, "the running host has the store open"),
    ("migrate --json", 0, "\"store\":\"in_use\""),
    ("schedule_synthetic_jobs", 0, "waits for block"),
    ("run_synthetic_jobs", 24, "waits for block"),
    ("debug_run_synthetic_jobs", 0, "stored"),
    ("debug_run_synthetic_jobs --json", 0, "\"result\""),
    ("debug_run_synthetic_job_to_miner MINER", 0, "stored"),
    (
        "debug_run_synthetic_job_to_miner MINER --executor_class any",
        0,
        "--executor_class is ignored",
    ),
    ("debug_run_synthetic_job_to_miner", 2, "--miner_hotkey"),
    ("debug_set_scores", 0, "cycles"),
    ("reveal_scores", 0, "cycles"),
    ("connect_facilitator", 0, "\"up\""),
    // It is another host of the same store.
    (
        "debug_connect_facilitator MINER",
        6,
        "in use by another tig-host",
    ),
    (
        "debug_run_organic_job --miner_hotkey HOTKEY --timeout 20 --docker_image backenddevelopersltd/print:v1 --cmd_args hostname",
        0,
        "completed",
    ),
    ("debug_run_organic_job --timeout 20", 2, "docker_image"),
    ("debug_run_llm_prompt_task", 2, "action"),
    ("debug_run_llm_prompt_task --action other", 2, "other"),
    ("fetch_miners", 0, "HOTKEY"),
    ("fetch_miners --json", 0, "\"finished\""),
    ("fetch_receipts", 0, "miners"),
    ("fetch_dynamic_config", 8, "there is nothing to fetch"),
    ("evict_old_data", 0, "system_events"),
    ("constance get DYNAMIC_WEIGHTS_VERSION", 0, "value"),
    ("constance set DYNAMIC_WEIGHTS_VERSION 3", 0, "\"3\""),
    ("constance list --json", 0, "DYNAMIC_WEIGHTS_VERSION"),
    ("constance get NOPE", 8, "unknown"),
    ("check_s3_setup", 0, "anybody reads it"),
    ("check_s3_setup --json", 0, "\"ok\":true"),
    ("trusted-miner check", 0, "answers: come"),
];

/// The same folder after the validator has ended.
const WITHOUT: [Line<'_>; 21] = [
    ("wait_for_database --timeout 10 --stable 1", 0, ""),
    ("migrate", 0, "nothing to migrate"),
    ("schedule_synthetic_jobs", 7, "does not answer"),
    ("run_synthetic_jobs", 7, "does not answer"),
    ("debug_set_scores", 7, "does not answer"),
    ("reveal_scores", 7, "does not answer"),
    ("connect_facilitator", 7, "does not answer"),
    (
        "debug_run_organic_job --timeout 20 --docker_image x",
        7,
        "does not answer",
    ),
    (
        "debug_run_llm_prompt_task --action sampling",
        7,
        "does not answer",
    ),
    ("fetch_miners", 7, "does not answer"),
    ("fetch_receipts", 7, "does not answer"),
    ("fetch_dynamic_config", 7, "does not answer"),
    ("evict_old_data", 7, "does not answer"),
    ("constance get SERVING", 7, "does not answer"),
    ("constance set SERVING true", 7, "does not answer"),
    ("constance list", 7, "does not answer"),
    ("status", 7, "no validator"),
    ("doctor", 11, "no host of this config runs"),
    ("check_s3_setup", 0, "anybody reads it"),
    ("trusted-miner check", 0, "a short job ran"),
    ("debug_run_synthetic_job_to_miner MINER", 0, "stored"),
];

/// A folder with nothing in it.
const NOWHERE: [Line<'_>; 13] = [
    ("wait_for_database --timeout 10 --stable 1", 0, ""),
    ("migrate", 0, "there is no store yet"),
    ("schedule_synthetic_jobs", 3, "config.json"),
    (
        "debug_run_llm_prompt_task --action sampling",
        3,
        "config.json",
    ),
    ("constance list", 3, "config.json"),
    ("debug_run_synthetic_jobs", 3, "DEBUG_MINER_KEY"),
    (
        "debug_run_synthetic_job_to_miner MINER",
        3,
        "BITTENSOR_WALLET_NAME",
    ),
    (
        "debug_connect_facilitator MINER",
        3,
        "BITTENSOR_WALLET_NAME",
    ),
    ("up", 3, "BITTENSOR_WALLET_NAME"),
    ("status", 7, "no validator"),
    ("doctor", 11, "config.json is not there"),
    ("check_s3_setup", 11, "AWS_ACCESS_KEY_ID"),
    (
        "trusted-miner check",
        11,
        "TRUSTED_MINER_ADDRESS is not set",
    ),
];

/// A whole validator whose hash jobs are short, and whose miner `.env` names.
fn start() -> Sound {
    let sound = Sound::start();
    let path = sound.file("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["config"]["horde_job_hash"] = json!({ "small": true });
    fs::write(&path, config.to_string()).unwrap();
    let miner = &sound.network.miners[0];
    let (host, port) = miner.address.rsplit_once(':').unwrap();
    let env = fs::read_to_string(sound.file(".env")).unwrap();
    let lines = format!(
        "{env}DEBUG_MINER_KEY={}\nDEBUG_MINER_ADDRESS={host}\nDEBUG_MINER_PORT={port}\n",
        miner.hotkey
    );
    write_private(&sound.file(".env"), &lines);
    let taken = wait_for("the changed config", STATE_TIMEOUT, || {
        let log = sound.host.log();
        log.contains("the config file has changed").then_some(())
    });
    taken.unwrap_or_else(|error| panic!("{error}: {}", sound.host.log_tail(30)));
    // From here on the slot is known.
    sound.advance(CYCLE + 4);
    sound
}

fn filled(line: &str, sound: &Sound) -> String {
    let miner = &sound.network.miners[0];
    let (host, port) = miner.address.rsplit_once(':').unwrap();
    let options = format!(
        "--miner_hotkey {} --miner_address {host} --miner_port {port}",
        miner.hotkey
    );
    line.replace("MINER", &options)
        .replace("HOTKEY", &miner.hotkey)
}

/// Types each line in a folder.
fn type_all(sound: &Sound, folder: &std::path::Path, lines: &[Line<'_>]) {
    let mut others = Vec::new();
    for (line, code, piece) in lines {
        // Names of variables stay as they are.
        let words = match line.contains("constance") {
            true => (*line).to_owned(),
            false => filled(line, sound),
        };
        let words: Vec<_> = words.split(' ').collect();
        let output = run(folder, &words);
        let (stdout, stderr) = texts(&output);
        let piece = match *piece {
            "HOTKEY" => sound.network.miners[0].hotkey.as_str(),
            piece => piece,
        };
        let (ended, said) = (output.status.code(), stdout + &stderr);
        if ended != Some(*code) || !said.contains(piece) {
            others.push(format!(
                "{line}: {ended:?}, expected {code} and {piece:?}: {said}"
            ));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn each_command_ends_as_said() {
    let mut sound = start();
    let home = sound.home.path().to_owned();
    type_all(&sound, &home, &BESIDE);
    sound.host.kill();
    type_all(&sound, &home, &WITHOUT);
    let nowhere = tempfile::tempdir().unwrap();
    type_all(&sound, nowhere.path(), &NOWHERE);
}

/// Each station of cross-validation does what it is asked, or says that nothing is to be done: the pool fills by itself, too.
#[test]
fn stations_run_by_hand() {
    let sound = Sound::start();
    // A large pool would have the trusted miner busy for longer than is waited for.
    let words = ["constance", "set", "DYNAMIC_MAX_PROMPT_SERIES", "3"];
    let output = run(sound.home.path(), &words);
    assert!(output.status.success(), "{:?}", texts(&output));
    for (action, idle) in [
        ("generation", None),
        ("sampling", Some("no samples are missing")),
        ("answering", Some("no workload waits for answers")),
    ] {
        let words = ["debug_run_llm_prompt_task", "--action", action];
        let done = wait_for(action, STATE_TIMEOUT, || {
            let output = run(sound.home.path(), &words);
            let (stdout, stderr) = texts(&output);
            match output.status.code() {
                Some(0) => Some(()),
                Some(8) if idle.is_some_and(|idle| stderr.contains(idle)) => Some(()),
                // The trusted miner is busy, or a run is under way.
                Some(8) => None,
                code => panic!("{action}: {code:?}: {stdout}{stderr}"),
            }
        });
        done.unwrap_or_else(|error| panic!("{error}: {}", sound.host.log_tail(30)));
    }
}

/// It is stopped by a signal, and its host with it.
#[test]
fn facilitator_client_runs_until_it_is_stopped() {
    let mut sound = Sound::start();
    sound.host.kill();
    let line = filled("debug_connect_facilitator MINER", &sound);
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut command = Command::new(artifacts.program("compute-horde"));
    command.args(line.split(' ')).current_dir(&sound.home);
    let mut client = Process::spawn("client", &mut command, sound.home.path()).unwrap();
    client
        .address()
        .unwrap_or_else(|error| panic!("{error}: {}", client.log()));
    let mut kill = Command::new("kill");
    assert!(
        kill.args(["-TERM", &client.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let ended = wait_for("the end", STATE_TIMEOUT, || client.exit_status());
    assert_eq!(ended.unwrap().code(), Some(0), "{}", client.log());
    // Its host has let the store go.
    let output = run(sound.home.path(), &["migrate"]);
    let (stdout, stderr) = texts(&output);
    assert!(
        stdout.contains("is of the present form"),
        "{stdout}{stderr}"
    );
}

#[test]
fn store_that_is_damaged_has_its_exit_codes() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("backup"), "not a folder").unwrap();
    fs::write(home.path().join("config.json"), "{\"extensions\": []}").unwrap();
    for (words, code, piece) in [
        (&["migrate"][..], 6, "the store cannot be opened"),
        (
            &[
                "wait_for_database",
                "--timeout",
                "1",
                "--wait-when-down",
                "1",
            ],
            1,
            "neither can the store be opened",
        ),
    ] {
        let output = run(home.path(), words);
        let (stdout, stderr) = texts(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {stdout}{stderr}"
        );
        assert!(stderr.contains(piece), "{words:?}: {stderr}");
    }
}
