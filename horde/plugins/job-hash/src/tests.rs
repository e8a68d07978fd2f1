//! `horde_job_hash` with the harness in place of the host.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_calc::hash_job::SEED_BYTES;
use serde_json::{Value, json};
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::*;

const NAME: &str = "horde_job_hash";
const CLASS: &str = "spin_up-4min.gpu-24gb";
const HOTKEY: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";

fn start() -> Harness<JobHash> {
    Harness::start(json!({ "name": NAME }))
}

fn wanted(class: &str, weights_version: u64, count: u32) -> Value {
    json!({
        "ask": 7,
        "batch": "b",
        "kind": NAME,
        "executor_class": class,
        "miners": [{ "hotkey": HOTKEY, "count": count }],
        "weights_version": weights_version,
    })
}

fn make_jobs(class: &str, weights_version: u64, count: u32) -> JobsMade {
    let mut kind = start();
    kind.event("horde_jobs_wanted", wanted(class, weights_version, count));
    let (name, made) = kind.emitted().remove(0);
    assert_eq!(name, "horde_jobs_made");
    serde_json::from_value(made).unwrap()
}

/// The job that a kind has made, by its check.
fn job_of(made: &MadeJob) -> HashJob {
    let (version, seed) = Check::read(&made.check).unwrap();
    HashJob::draw(version, HOTKEY, &seed)
}

fn frames(made: &MadeJob) -> (Value, Value) {
    let value = |text: &str| serde_json::from_str(text).unwrap();
    (value(made.reservation.get()), value(made.request.get()))
}

#[test]
fn volume_of_version_one_comes_with_the_request() {
    for weights_version in 1..=3 {
        let made = make_jobs(CLASS, weights_version, 1);
        let job = job_of(&made.jobs[0]);
        let (reservation, request) = frames(&made.jobs[0]);
        assert_eq!(reservation["volume"], Value::Null);
        assert_eq!(reservation["volume_type"], "inline");
        let contents = STANDARD.encode(job.volume());
        assert_eq!(request["volume"]["contents"], contents);
        assert_eq!(request["docker_run_cmd"], json!(["/script.py"]));
        assert_eq!(request["docker_run_options_preset"], "nvidia_all");
    }
}

#[test]
fn volume_of_version_two_comes_with_the_reservation() {
    let made = make_jobs(CLASS, 4, 1);
    let job = job_of(&made.jobs[0]);
    let (reservation, request) = frames(&made.jobs[0]);
    let contents = STANDARD.encode(job.volume());
    assert_eq!(reservation["volume"]["contents"], contents);
    assert_eq!(reservation["volume_type"], Value::Null);
    assert_eq!(request["volume"], Value::Null);
    let key = request["docker_run_cmd"][1].as_str().unwrap();
    assert!(key.starts_with(HOTKEY), "{key}");
    assert!(
        !made.jobs[0].reservation.get().contains(key),
        "the reservation opens nothing"
    );
}

#[test]
fn jobs_differ_and_are_bounded_by_an_event() {
    let made = make_jobs(CLASS, 1, 100);
    assert_eq!(made.jobs.len(), horde_events::JOBS_PER_ASK_MAX);
    let mut seeds: Vec<_> = made.jobs.iter().map(|job| job.check.to_string()).collect();
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), made.jobs.len());
    let bytes = serde_json::to_vec(&made).unwrap().len();
    assert!(bytes < 8 << 20, "{bytes}");
}

#[test]
fn unknown_version_or_class_is_a_shortage() {
    for (class, version, expected) in [
        ("quantum", 1, "executor class is \"quantum\""),
        (CLASS, 0, "hash jobs of weights version 0 are not made"),
        (CLASS, 9, "weights version 9 is unknown"),
    ] {
        let made = make_jobs(class, version, 1);
        assert!(made.jobs.is_empty());
        let shortage = made.shortage.unwrap();
        assert!(shortage.starts_with(expected), "{shortage}");
    }
}

fn verdict(check: &Value, stdout: &str) -> Value {
    let mut kind = start();
    let answer = json!({
        "batch": "b", "kind": NAME, "uuid": "u", "hotkey": HOTKEY, "check": check,
        "stdout": stdout, "stderr": "",
    });
    kind.event("horde_answer_given", answer);
    kind.emitted().remove(0).1
}

/// The answer to the job of the seed of zeros, version 1, as its script prints it.
const ANSWER_OF_ZEROS: &str = "A0I98gI4pz_REzEz2-f277l1Kay6QfdleF4ODYLRd7U=";

#[test]
fn only_the_checksum_of_the_passwords_is_right() {
    let check = |version: HashJobVersion| Check::new(version.into(), &[0; SEED_BYTES]);
    let zeros = serde_json::to_value(check(HashJobVersion::V1)).unwrap();
    assert_eq!(zeros, json!({ "version": 1, "seed": [0, 0, 0, 0] }));
    assert_eq!(verdict(&zeros, ANSWER_OF_ZEROS)["verdict"], "right");
    let wrong = verdict(&zeros, "sh: hashcat: not found\n");
    assert_eq!(wrong["verdict"], "wrong");
    let reason = wrong["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        r#"it printed "sh: hashcat: not found\n" in place of the checksum of the passwords"#
    );
    let other = serde_json::to_value(check(HashJobVersion::V2)).unwrap();
    assert_eq!(verdict(&other, ANSWER_OF_ZEROS)["verdict"], "wrong");
}

#[test]
fn small_jobs_are_made_and_checked_as_such() {
    let settings = json!({ "name": NAME, "config": { NAME: { "small": true } } });
    let mut kind = Harness::<JobHash>::start(settings);
    assert!(kind.logs()[0].1.contains("jobs are small"));
    kind.event("horde_jobs_wanted", wanted(CLASS, 4, 1));
    let made: JobsMade = serde_json::from_value(kind.emitted().remove(0).1).unwrap();
    let job = job_of(&made.jobs[0]);
    assert!(job.payload().contains("\"?1?d\""), "{}", job.payload());
    assert_eq!(made.jobs[0].check["small"], true);
}

#[test]
fn damaged_check_excuses_the_miner() {
    for (check, expected) in [
        (json!(null), "it is not a version and a seed"),
        (
            json!({ "version": 1, "seed": [1] }),
            "it is not a version and a seed",
        ),
        (
            json!({ "version": 3, "seed": [0, 0, 0, 0] }),
            "version 3 of hash jobs is unknown",
        ),
    ] {
        let excused = verdict(&check, ANSWER_OF_ZEROS);
        assert_eq!(excused["verdict"], "excused");
        let reason = excused["reason"].as_str().unwrap();
        assert!(reason.contains(expected), "{reason}");
    }
    assert!(matches!(
        Check::read(&json!({})),
        Err(CheckError::Fields(_))
    ));
    let unknown = Check::read(&json!({ "version": 9, "seed": [0, 0, 0, 0] }));
    assert!(matches!(unknown, Err(CheckError::Version(9))));
}

#[test]
fn refused_event_is_an_error() {
    let steps = [wanted(CLASS, 1, 1), wanted(CLASS, 4, 1)];
    for k in 1..3 {
        check_failed_handlers(start, &steps, k, |kind, wanted| {
            kind.try_event("horde_jobs_wanted", wanted.clone())
        });
    }
}
