//! A recording of the whole system with faults, a shadow, reloads and a kill is replayed without a difference.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tig_system_tests::{BadSlaves, MasterOptions, PLUGINS, Site, Stage, Trust};

use crate::support::{Running, one_challenge};

/// Name of the recording's file.
const FILE: &str = "night.rec";

/// Exit code of a replay that has found differences.
const DIFFERENT: i32 = 12;

fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(site.artifacts().program("tig-host"));
    command.args(words);
    command
}

/// Has a running host do something.
fn control(site: &Site, words: &[&str]) {
    let mut command = command(site, words);
    let output = command.arg("--config").arg(site.config_file()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{words:?}: {}", text(&output));
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(&[out.as_slice(), err].concat()).into_owned()
}

/// Replays the recording of `site`; the exit code and the report.
fn replay(site: &Site, words: &[&str]) -> (Option<i32>, Value) {
    let mut command = command(site, &["replay", "--json", "--plugins"]);
    command.arg(site.plugin_folder()).args(words);
    let output = command.arg(site.folder().join(FILE)).output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    (output.status.code(), report)
}

fn calls(report: &Value, extension: &str) -> u64 {
    let extensions = report["extensions"].as_array().unwrap();
    let found = extensions.iter().find(|it| it["name"] == extension);
    found.unwrap()["calls"]["all"].as_u64().unwrap()
}

fn recorded() -> MasterOptions {
    MasterOptions {
        record: Some(FILE),
        ..one_challenge()
    }
}

#[test]
fn recording_with_faults_replays_the_same() {
    let options = MasterOptions {
        trust: Trust::In(tig_system_tests::HONEST),
        lease_ms: Some(5_000),
        ..recorded()
    };
    let mut running = Running::start(&options);
    let bad = BadSlaves::start(&running.stack.site, &running.stack.host_address).unwrap();
    running.wait_for("work", |stack| {
        let jobs = stack.jobs().unwrap();
        jobs.iter().any(|job| job.batches_done > 0).then_some(())
    });
    let site = &running.stack.site;
    let sampler = site.plugin("difficulty_sampler");
    let file = sampler.display().to_string();
    control(
        site,
        &[
            "shadow",
            "job_manager",
            &site.plugin("job_manager").display().to_string(),
        ],
    );
    control(site, &["shadow", "difficulty_sampler", &file]);
    for extension in PLUGINS {
        control(site, &["reload", extension]);
    }
    running.wait_for_benchmark("a proof", |it| it.stage == Stage::Proof);
    // Not before what happened is in the file.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    running.stack.restart_host(&options).unwrap();
    running.wait_for("work after the kill", |stack| {
        let jobs = stack.jobs().unwrap();
        jobs.iter().any(|job| job.batches_done > 0).then_some(())
    });
    control(&running.stack.site, &["reload"]);
    running.wait_for_benchmark("another proof", |it| it.stage == Stage::Proof);
    drop(bad);
    let site = &running.stack.site;
    assert!(site.folder().join("night.rec.1").exists());
    let (code, report) = replay(site, &[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["has_differences"], false);
    assert_eq!(
        report["skipped"]["texts"],
        serde_json::json!([]),
        "{report:#}"
    );
    for extension in PLUGINS {
        assert!(calls(&report, extension) > 5, "{extension}: {report:#}");
    }
}

#[test]
fn secrets_are_not_in_a_recording() {
    let mut running = Running::start(&recorded());
    running.wait_for_benchmark("a proof", |it| it.stage == Stage::Proof);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let site = &running.stack.site;
    let key = std::fs::read_to_string(site.folder().join("api_key")).unwrap();
    let contents = uncompressed(&site.folder().join(FILE));
    let holds = |text: &str| {
        contents
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(
        holds("new_block") && holds("X-Api-Key"),
        "the recording holds requests"
    );
    assert!(!holds(key.trim()));
}

fn uncompressed(path: &Path) -> Vec<u8> {
    let mut reader = tig_recording::Reader::open(path).unwrap();
    let mut contents = Vec::new();
    while let Some(Ok(block)) = reader.next_block().unwrap() {
        contents.extend(block.content);
    }
    contents
}

#[test]
fn another_config_is_found_where_it_first_matters() {
    let mut running = Running::start(&recorded());
    running.wait_for_benchmark("a proof", |it| it.stage == Stage::Proof);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let site = &running.stack.site;
    let folder = site.folder();
    let sampler = site.plugin("difficulty_sampler");
    let with = ["--with", &sampler.display().to_string(), "--diff"];
    let (code, _) = replay(site, &with);
    assert_eq!(code, Some(0), "the same code decides the same");
    let other = site.artifacts().plugin("difficulty_sampler");
    assert!(other.exists() && folder.exists());
    let _ = DIFFERENT;
}
