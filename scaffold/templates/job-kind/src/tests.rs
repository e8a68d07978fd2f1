//! The plugin in the harness, which plays the host. Its randomness is the same in each run.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::JobKind;
use super::events::JOBS_COUNT_MAX;

fn kind() -> Harness<JobKind> {
    Harness::start(json!({ "name": "plugin_name", "config": { "plugin_name": {} } }))
}

fn jobs_wanted(kind: &str, count: u32) -> Value {
    json!({ "ask": 1, "batch": "b", "kind": kind, "executor_class": "always_on.gpu-24gb",
            "miners": [{ "hotkey": "5A", "count": count }, { "hotkey": "5B", "count": 1 }], "weights_version": 1 })
}

fn jobs(kind: &mut Harness<JobKind>, count: u32) -> Vec<Value> {
    kind.event("horde_jobs_wanted", jobs_wanted("plugin_name", count));
    let (name, made) = kind.emitted().remove(0);
    assert_eq!(name, "horde_jobs_made");
    made["jobs"].as_array().unwrap().clone()
}

fn verdict(kind: &mut Harness<JobKind>, check: &Value, stdout: &str) -> Value {
    let answer = json!({ "batch": "b", "kind": "plugin_name", "uuid": "u", "hotkey": "5A", "check": check,
                         "stdout": stdout, "stderr": "" });
    kind.event("horde_answer_given", answer);
    kind.emitted().remove(0).1
}

#[test]
fn each_executor_gets_a_job_of_its_own() {
    let jobs = jobs(&mut kind(), 2);
    let hotkeys: Vec<_> = jobs.iter().map(|job| &job["hotkey"]).collect();
    assert_eq!(hotkeys, ["5A", "5A", "5B"]);
    assert_ne!(jobs[0]["uuid"], jobs[1]["uuid"]);
    assert_eq!(jobs[0]["request"]["job_uuid"], jobs[0]["uuid"]);
}

#[test]
fn jobs_of_one_request_are_bounded() {
    assert_eq!(jobs(&mut kind(), u32::MAX).len(), JOBS_COUNT_MAX);
}

#[test]
fn sum_is_right_and_all_else_wrong() {
    let mut kind = kind();
    let check = jobs(&mut kind, 1)[0]["check"].clone();
    let right = format!("{}\n", check.as_str().unwrap());
    assert_eq!(verdict(&mut kind, &check, &right)["verdict"], "right");
    let wrong = verdict(&mut kind, &check, "7\n");
    assert_eq!(wrong["verdict"], "wrong");
    assert_eq!(wrong["reason"], r#"it printed "7\n""#);
}

#[test]
fn requests_to_other_kinds_are_ignored() {
    let mut kind = kind();
    kind.event("horde_jobs_wanted", jobs_wanted("horde_job_hash", 1));
    assert!(kind.emitted().is_empty());
}
