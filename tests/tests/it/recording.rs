//! A recording of the whole system with faults, a shadow, reloads and a kill is replayed without a difference; a changed decision is
//! found.

mod changed_plugin;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tig_plugin_api::frame::HostCall;
use tig_recording::{Reader, Record, Step};
use tig_system_tests::{BadSlaves, MasterOptions, PLUGINS, Site, Stage, Trust};

use self::changed_plugin::ChangedPlugin;
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
    running.stack.host.kill();
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
    let mut reader = Reader::open(path).unwrap();
    let mut contents = Vec::new();
    while let Some(Ok(block)) = reader.next_block().unwrap() {
        contents.extend(block.content);
    }
    contents
}

/// A benchmark gets a nonce more than the config says.
const ONE_MORE_NONCE: ChangedPlugin = ChangedPlugin {
    name: DECIDER,
    folder: "plugins/precommit-manager",
    file: "src/act.rs",
    old: "num_nonces: precommit.num_nonces,",
    new: "num_nonces: precommit.num_nonces + 1,",
};

/// The extension whose code is changed, the event by which it decides, and the field that changes.
const DECIDER: &str = "precommit_manager";
const DECISION: &str = "precommit_ready";
const FIELD: &str = "num_nonces";

/// What a recording holds of the decisions.
#[derive(Debug, Default)]
struct Decisions {
    /// Time, and place among the calls, of the first.
    first: Option<(u64, u64)>,
    count: u64,
    /// Of the field.
    sum: f64,
}

/// Reads the decisions from a recording, without a replay.
fn recorded_decisions(path: &Path) -> Decisions {
    let (mut decisions, mut calls) = (Decisions::default(), 0);
    let mut reader = Reader::open(path).unwrap();
    while let Some(block) = reader.next_block().unwrap() {
        let block = block.unwrap();
        let mut records = block.content.as_slice();
        if block.extension != DECIDER {
            continue;
        }
        while let Some(record) = Record::take_from(&mut records).unwrap() {
            let (at_ms, steps) = match record {
                Record::Create(create) => (create.at_ms, create.steps),
                Record::Call(call) => (call.at_ms, call.steps),
                _ => continue,
            };
            calls += 1;
            for number in steps.iter().filter_map(decided) {
                decisions.first.get_or_insert((at_ms, calls));
                decisions.count += 1;
                decisions.sum += number;
            }
        }
    }
    decisions
}

/// The field of a decision; `None` for another step.
fn decided(step: &Step<'_>) -> Option<f64> {
    let Step::Asked {
        service,
        name,
        body,
    } = step
    else {
        return None;
    };
    match HostCall::decode(*service, name, body).unwrap() {
        HostCall::Emit { name, payload, .. } if name == DECISION => {
            let decision: Value = serde_json::from_slice(payload).unwrap();
            decision[FIELD].as_f64()
        }
        _ => None,
    }
}

#[test]
fn changed_decision_is_found_where_it_first_matters() {
    let mut running = Running::start(&recorded());
    // Builds while the system works.
    let changed = std::thread::spawn(|| ONE_MORE_NONCE.build());
    running.wait_for_benchmark("a proof", |it| it.stage == Stage::Proof);
    let changed = changed.join().unwrap();
    running.stack.host.kill();
    let site = &running.stack.site;
    let with = |file: &Path| replay(site, &["--diff", "--with", &file.display().to_string()]);

    let (code, report) = with(&site.plugin(DECIDER));
    assert_eq!(code, Some(0), "the same code decides the same: {report:#}");
    let decisions = recorded_decisions(&site.folder().join(FILE));
    let (code, report) = with(&changed);
    assert_eq!(code, Some(DIFFERENT), "{report:#}");
    let extension = &report["extensions"][0];
    assert_eq!(extension["name"], DECIDER);
    let first = &extension["differences"][0];
    let found = (first["at_ms"].as_u64(), first["call"].as_u64());
    let (at_ms, call) = decisions.first.unwrap();
    assert_eq!(found, (Some(at_ms), Some(call)), "{first:#}");
    let text = format!("emits `{DECISION}` with 1 other value");
    assert_eq!(first["text"], text.as_str());
    let values = first["values"].as_array().unwrap();
    assert!(values[0].as_str().unwrap().starts_with(FIELD), "{first:#}");

    let numbers = &extension["consequences"]["events"][DECISION]["fields"][FIELD]["numbers"];
    assert_eq!(numbers["recorded"]["sum"].as_f64(), Some(decisions.sum));
    let sum = decisions.sum + decisions.count as f64;
    assert_eq!(numbers["replayed"]["sum"].as_f64(), Some(sum));
    let differing = extension["calls"]["different"].as_u64().unwrap();
    assert!((1..=decisions.count).contains(&differing), "{differing}");
}
