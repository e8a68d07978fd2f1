//! Jobs as they are made.

use std::fs;
use std::path::Path;

use super::*;

/// The frame of this kind that the reference has sent to a miner.
fn recorded(kind: &str) -> Value {
    let path = "../../../vectors/horde/traces/synthetic_llm.validator-miner.jsonl";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.find(|line| line["frame"]["message_type"] == kind);
    line.unwrap()["frame"].clone()
}

#[test]
fn frames_are_those_of_the_reference() {
    let made = made(&mut start());
    let job = &made.jobs[0];
    let frame = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut reservation = recorded("V0InitialJobRequest");
    let object = reservation.as_object_mut().unwrap();
    object.remove("job_started_receipt_payload");
    object.remove("job_started_receipt_signature");
    reservation["job_uuid"] = json!(job.uuid);
    let series = "http://127.0.0.1:19000/prompts/series";
    reservation["volume"]["volumes"][0]["url"] = json!(series);
    assert_eq!(frame(job.reservation.get()), reservation);
    let mut request = recorded("V0JobRequest");
    request["job_uuid"] = json!(job.uuid);
    let upload = "http://127.0.0.1:19000/answers/upload?X-Amz-Signature=5";
    request["output_upload"]["uploads"][0]["url"] = json!(upload);
    assert_eq!(frame(job.request.get()), request);
    assert_eq!(job.timeout_seconds, 48);
}

#[test]
fn miner_does_not_learn_the_sampled_prompts() {
    let made = made(&mut start());
    let job = &made.jobs[0];
    let sent = format!("{}{}{}", job.reservation, job.request, job.description);
    assert!(!sent.contains("2+2"), "{sent}");
    assert!(
        !job.reservation.get().contains("1888809045"),
        "the seed comes with the request to run"
    );
}

#[test]
fn samples_are_asked_for_and_a_shortage_passed_on() {
    let mut harness = start();
    harness.event("horde_jobs_wanted", wanted(CLASS));
    let (name, asked) = harness.emitted().remove(0);
    assert_eq!(name, "horde_llm_samples_wanted");
    let miners = json!([{ "hotkey": HOTKEY, "count": 2 }]);
    assert_eq!(
        asked,
        json!({ "ask": 7, "batch": "b", "kind": NAME, "miners": miners })
    );
    let made = made(&mut harness);
    assert_eq!(
        (made.ask, made.batch.as_str(), made.executor_class.as_str()),
        (7, "b", CLASS)
    );
    assert_eq!(made.shortage.as_deref(), Some("one is missing"));
}

#[test]
fn other_class_is_a_shortage() {
    let mut harness = start();
    harness.event("horde_jobs_wanted", wanted("always_on.gpu-24gb"));
    let (name, made) = harness.emitted().remove(0);
    assert_eq!(name, "horde_jobs_made");
    let shortage = made["shortage"].as_str().unwrap();
    assert!(
        shortage.contains("for executors of the class always_on.llm.a6000 only"),
        "{shortage}"
    );
}

#[test]
fn events_of_other_kinds_are_ignored() {
    let mut harness = start();
    for (name, event) in [
        ("horde_jobs_wanted", wanted(CLASS)),
        ("horde_llm_samples", samples()),
        ("horde_answer_given", answer("u")),
    ] {
        let mut event = event;
        event["kind"] = json!("horde_job_hash");
        harness.event(name, event);
    }
    assert!(harness.emitted().is_empty());
    assert!(harness.http_calls().is_empty());
}

#[test]
fn example_config_has_its_section() {
    let example = include_str!("../../../../../config.computehorde.example.json");
    tig_plugin_api::testing::check_example_config::<crate::Config>(example, NAME, &[]);
}
