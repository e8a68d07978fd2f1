//! `horde_job_echo` with the harness in place of the host.

use serde_json::json;
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::*;

const NAME: &str = "horde_job_echo";
const CLASS: &str = "spin_up-4min.gpu-24gb";

fn start() -> Harness<JobEcho> {
    Harness::start(json!({ "name": NAME }))
}

fn wanted(kind: &str, class: &str) -> Value {
    json!({
        "ask": 7,
        "batch": "b",
        "kind": kind,
        "executor_class": class,
        "miners": [{ "hotkey": "one", "count": 2 }, { "hotkey": "two", "count": 1 }],
        "weights_version": 1,
    })
}

fn make_jobs(kind: &mut Harness<JobEcho>) -> JobsMade {
    kind.event("horde_jobs_wanted", wanted(NAME, CLASS));
    let emitted = kind.emitted();
    assert_eq!(emitted.len(), 1);
    assert_eq!(emitted[0].0, "horde_jobs_made");
    serde_json::from_value(emitted[0].1.clone()).unwrap()
}

/// The frames of a real validator (`synthetic_echo` of the recorded traces), but for uuid, archive and receipt.
#[test]
fn frames_are_those_of_the_debug_flow() {
    let made = make_jobs(&mut start());
    let hotkeys: Vec<_> = made.jobs.iter().map(|job| job.hotkey.as_str()).collect();
    assert_eq!(hotkeys, ["one", "one", "two"]);
    assert_ne!(made.jobs[0].uuid, made.jobs[1].uuid);
    assert_eq!((made.ask, made.shortage), (7, None));
    let job = &made.jobs[0];
    assert!(horde_proto::is_uuid(&job.uuid));
    let reservation: Value = serde_json::from_str(job.reservation.get()).unwrap();
    let expected = json!({
        "job_uuid": job.uuid,
        "message_type": "V0InitialJobRequest",
        "executor_class": CLASS,
        "base_docker_image_name": "backenddevelopersltd/compute-horde-job-echo:v0-latest",
        "timeout_seconds": 20,
        "volume": null,
        "volume_type": null,
    });
    assert_eq!(reservation, expected);
    let mut request: Value = serde_json::from_str(job.request.get()).unwrap();
    let contents = request["volume"]["contents"].take();
    let archive = STANDARD.decode(contents.as_str().unwrap()).unwrap();
    let has_uuid = archive
        .windows(job.uuid.len())
        .any(|window| window == job.uuid.as_bytes());
    assert!(has_uuid, "the payload is the uuid");
    let expected = json!({
        "job_uuid": job.uuid,
        "message_type": "V0JobRequest",
        "executor_class": CLASS,
        "docker_image_name": "backenddevelopersltd/compute-horde-job-echo:v0-latest",
        "raw_script": null,
        "docker_run_options_preset": "none",
        "docker_run_cmd": [],
        "volume": { "volume_type": "inline", "contents": null, "relative_path": null },
        "output_upload": null,
    });
    assert_eq!(request, expected);
}

fn verdict(kind: &mut Harness<JobEcho>, of_kind: &str, stdout: &str) -> Vec<(String, Value)> {
    let answer = json!({
        "batch": "b", "kind": of_kind, "uuid": "u", "hotkey": "one", "check": "known",
        "stdout": stdout, "stderr": "",
    });
    kind.event("horde_answer_given", answer);
    kind.emitted()
}

#[test]
fn echoed_uuid_is_right_and_all_else_wrong() {
    let mut kind = start();
    for stdout in ["known", "known\n"] {
        let right = json!({ "batch": "b", "uuid": "u", "verdict": "right" });
        let expected = [("horde_answer_checked".to_owned(), right)];
        assert_eq!(verdict(&mut kind, NAME, stdout), expected);
    }
    for (stdout, shown) in [("", r#""""#), ("no\0", r#""no\0""#)] {
        let checked = verdict(&mut kind, NAME, stdout);
        assert_eq!(checked[0].1["verdict"], "wrong");
        let reason = format!("it printed {shown} in place of the job's uuid");
        assert_eq!(checked[0].1["reason"], reason);
    }
}

#[test]
fn events_of_other_kinds_are_ignored() {
    let mut kind = start();
    kind.event("horde_jobs_wanted", wanted("horde_job_hash", CLASS));
    assert!(verdict(&mut kind, "horde_job_hash", "known").is_empty());
}

#[test]
fn unknown_class_is_a_shortage() {
    let mut kind = start();
    kind.event("horde_jobs_wanted", wanted(NAME, "quantum"));
    let (_, made) = &kind.emitted()[0];
    assert_eq!(made["jobs"], json!([]));
    let shortage = made["shortage"].as_str().unwrap();
    assert!(
        shortage.starts_with("executor class is \"quantum\""),
        "{shortage}"
    );
}

#[test]
fn refused_event_is_an_error() {
    let steps = [wanted(NAME, CLASS), wanted(NAME, CLASS)];
    for k in 1..3 {
        check_failed_handlers(start, &steps, k, |kind, wanted| {
            kind.try_event("horde_jobs_wanted", wanted.clone())
        });
    }
}
