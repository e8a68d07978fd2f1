//! `compute-horde status` and `doctor` with a running validator. Without one, see the tests of `horde/cli`.

use std::fs;

use serde_json::{Value, json};

use crate::cli::{run, texts};
use crate::network::{CYCLE, Validator};

/// What `doctor` says of a part: its level, and its text with the remedy.
fn doctor(validator: &Validator, part: &str) -> (String, String) {
    let output = run(validator.site.folder(), &["doctor", "--json"]);
    let (stdout, stderr) = texts(&output);
    let report: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["part"] == part);
    let found = found.unwrap_or_else(|| panic!("{part}: {stdout}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (
        text("level"),
        format!("{} -> {}", text("text"), text("remedy")),
    )
}

#[test]
fn status_shows_the_running_validator() {
    let validator = Validator::start("direct");
    let folder = validator.site.folder();
    let output = run(folder, &["status"]);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    let block = validator.newest_block();
    for parts in [
        ["chain ", &format!("block {block}, following")],
        ["slot ", "block"],
        ["users' jobs ", "0 completed"],
        ["facilitator ", "statuses wait"],
    ] {
        let has_row = |line: &str| line.starts_with(parts[0]) && line.contains(parts[1]);
        assert!(stdout.lines().any(has_row), "{parts:?}: {stdout}");
    }
    let status = validator.done("status --json", 0);
    assert_eq!(status["status"]["block"]["number"], block);
    assert_eq!(status["schedule"]["netuid"], 12);
}

#[test]
fn doctor_finds_a_sound_validator() {
    let validator = Validator::start("direct");
    // The slot of the cycle in which the chain begins is slept over.
    validator.go_to(CYCLE + 1);
    for part in ["config", "host", "chain", "slot", "open files", "disk"] {
        let (level, text) = doctor(&validator, part);
        assert_eq!(level, "good", "{part}: {text}");
    }
    validator.wait("the facilitator", |validator| {
        let (level, _) = doctor(validator, "facilitator");
        (level == "good").then_some(())
    });
}

#[test]
fn doctor_says_what_a_running_validator_lacks() {
    let mut validator = Validator::start("direct");
    // Chain and facilitator are gone with it.
    validator.miners.process.kill();
    for (part, remedy) in [("chain", "PYLON_URL"), ("facilitator", "FACILITATOR_URI")] {
        let text = validator.wait(part, |validator| {
            let (level, text) = doctor(validator, part);
            (level == "fault").then_some(text)
        });
        assert!(text.contains(remedy), "{text}");
    }
}

#[test]
fn doctor_says_why_no_validator_runs() {
    let mut validator = Validator::start("direct");
    validator.host.stop();
    let (level, text) = doctor(&validator, "host");
    assert_eq!(level, "fault", "{text}");
    assert!(text.contains("start it: `compute-horde up`"), "{text}");
    let output = run(validator.site.folder(), &["status"]);
    assert_eq!(output.status.code(), Some(7), "{:?}", texts(&output));
    let path = validator.site.config_file();
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["config"]["horde_batch"]["kindz"] = json!({});
    fs::write(&path, config.to_string()).unwrap();
    let (level, text) = doctor(&validator, "config");
    assert_eq!(level, "fault", "{text}");
    assert!(text.contains("kindz"), "{text}");
    fs::remove_file(&path).unwrap();
    let (_, text) = doctor(&validator, "config");
    assert!(text.contains("compute-horde config --output"), "{text}");
}
