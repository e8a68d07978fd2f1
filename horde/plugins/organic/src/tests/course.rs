//! Jobs as they should go, and as they were recorded.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn named_miner_runs_the_job() {
    let mut world = start();
    world.request(&v1(1, 1));
    let address = json!({ "hotkey": hotkey(1), "host": "10.0.0.1", "port": 8001 });
    assert_eq!(
        world.events("horde_links_wanted"),
        [json!({ "holder": "horde_organic", "miners": [address], "unknown": [hotkey(1)] })]
    );
    assert_eq!(world.0.unfinished(), 1);
    world.up(1, 1);
    let asked = world.asked();
    assert_ne!(asked.uuid, uuid(1), "the miner sees another uuid");
    assert_eq!(
        asked.group,
        json!({ "group": asked.uuid, "is_organic": true, "jobs": [{
            "uuid": asked.uuid, "hotkey": hotkey(1), "executor_class": CLASS, "timeout_seconds": 300, "spin_up_seconds": 2,
        }] })
    );
    assert_eq!(asked.made["batch"], json!(asked.uuid));
    assert_eq!(asked.made["kind"], "horde_organic");
    for step in ["accepted", "ready", "running"] {
        world.step(&asked, step);
    }
    let [accepted] = &world.statuses()[..] else {
        panic!("one status");
    };
    assert_eq!(accepted["status"], "accepted");
    assert_eq!(
        (&accepted["uuid"], &accepted["hotkey"]),
        (&json!(uuid(1)), &json!(hotkey(1)))
    );
    world.over(&asked, &finished());
    let emitted = world.0.emitted();
    let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["horde_jobs_scored", "horde_job_status"]);
    assert_eq!(
        emitted[0].1,
        json!({ "group": asked.uuid, "jobs": [{ "uuid": asked.uuid, "score_text": "0.000000" }] })
    );
    assert_eq!(emitted[1].1["status"], "completed");
    assert_eq!(world.0.unfinished(), 0);
    assert!(world.open_records().is_empty());
    let completed = world
        .0
        .metric("users_jobs_over", &[("status", "completed")]);
    assert_eq!(completed, Some(1.0));
}

#[test]
fn next_job_uses_the_link_that_is_up() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    world.0.advance_ms(30_000);
    world.0.emitted();
    world.request(&v1(2, 1));
    let names: Vec<String> = world
        .0
        .emitted()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["horde_jobs_made", "horde_group_wanted"]);
}

#[test]
fn link_is_let_go_when_it_is_idle() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    world.0.advance_ms(59_999);
    assert!(world.events("horde_links_wanted").is_empty());
    world.0.advance_ms(1);
    let none = json!({ "holder": "horde_organic", "miners": [], "unknown": [] });
    assert_eq!(world.events("horde_links_wanted"), [none]);
    assert!(world.0.timers().is_empty(), "{:?}", world.0.timers());
}

#[test]
fn burst_of_jobs_wants_its_links_at_once() {
    let mut world = start();
    for number in 1..=9 {
        world.request(&v1(number, u8::try_from(number).unwrap()));
    }
    assert_eq!(world.events("horde_links_wanted").len(), 1);
    world.0.advance_ms(20);
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["miners"].as_array().unwrap().len(), 9);
}

#[test]
fn environment_reaches_the_miner_if_there_is_one() {
    let mut world = start();
    let mut request = v1(1, 1);
    request["env"] = json!({ "B": "2", "A": "1" });
    world.request(&request);
    world.up(1, 5);
    let asked = world.asked();
    let frame = &asked.made["jobs"][0]["request"];
    assert_eq!(frame["env"].to_string(), r#"{"B":"2","A":"1"}"#);
    let asked = world.asked_v1(2, 1);
    assert!(asked.made["jobs"][0]["request"].get("env").is_none());
}

#[test]
fn urls_become_a_volume_and_an_upload() {
    let mut world = start();
    let request = json!({
        "type": "job.new", "message_type": "V0JobRequest", "uuid": uuid(1), "miner_hotkey": hotkey(1),
        "executor_class": CLASS, "docker_image": "", "raw_script": "print()", "args": [], "env": {}, "use_gpu": true,
        "input_url": "http://files/in.zip", "output_url": "https://files/out.zip?key=1",
    });
    world.request(&request);
    world.up(1, 5);
    let job = &world.asked().made["jobs"][0];
    let uuid = &job["uuid"];
    assert_eq!(
        job["reservation"],
        json!({
            "job_uuid": uuid, "message_type": "V0InitialJobRequest", "executor_class": CLASS,
            "base_docker_image_name": null, "timeout_seconds": 300, "volume": null, "volume_type": "zip_url",
        })
    );
    assert_eq!(
        job["request"],
        json!({
            "message_type": "V0JobRequest", "job_uuid": uuid, "executor_class": CLASS, "docker_image_name": null,
            "raw_script": "print()", "docker_run_options_preset": "nvidia_all", "docker_run_cmd": [],
            "volume": { "volume_type": "zip_url", "contents": "http://files/in.zip", "relative_path": null },
            "output_upload": { "output_upload_type": "zip_and_http_put", "url": "https://files/out.zip?key=1" },
        })
    );
}

fn read(recording: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/horde/traces");
    let text = fs::read_to_string(folder.join(recording)).unwrap();
    let frames = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    frames.map(|line| line["frame"].clone()).collect()
}

/// A frame without what is the attempt's own.
fn common(frame: &Value, own: &[&str]) -> String {
    let mut frame = frame.clone();
    frame
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !own.contains(&name.as_str()));
    frame.to_string()
}

/// What the real validator has sent to facilitator and miner, byte for byte: three jobs, of which two had an environment and a volume.
#[test]
fn jobs_go_as_recorded() {
    let facilitator = read("organic.validator-facilitator.jsonl");
    let miner = read("organic.validator-miner.jsonl");
    let requests = facilitator.iter().filter(|frame| {
        matches!(
            frame["message_type"].as_str(),
            Some("V0JobRequest" | "V1JobRequest")
        )
    });
    let mut count = 0;
    for request in requests {
        count += 1;
        let uuid = &request["uuid"];
        let hotkey = request["miner_hotkey"].as_str().unwrap();
        let of_job = |kind: &str| {
            let mut frames = miner.iter().filter(|frame| frame["job_uuid"] == *uuid);
            frames.find(|frame| frame["message_type"] == kind).unwrap()
        };
        let mut world =
            start_with(json!({ "miners": { hotkey: { "host": "127.0.0.1", "port": 18046 } } }));
        world.request(request);
        let manifest = json!([{ "executor_class": SPIN_UP, "count": 1 }]);
        let link = json!({ "hotkey": hotkey, "state": { "up": { "manifest": manifest } } });
        world.0.event("horde_miner_link", link);
        let asked = world.asked();
        let job = &asked.made["jobs"][0];
        let receipt = [
            "job_uuid",
            "job_started_receipt_payload",
            "job_started_receipt_signature",
        ];
        assert_eq!(
            common(&job["reservation"], &["job_uuid"]),
            common(of_job("V0InitialJobRequest"), &receipt)
        );
        // The recorded validator drops the environment.
        assert_eq!(job["request"]["env"], json!({ "A": "1" }));
        assert_eq!(
            common(&job["request"], &["job_uuid", "env"]),
            common(of_job("V0JobRequest"), &["job_uuid"])
        );
        let answer = of_job("V0JobFinishedRequest");
        world.step(&asked, "accepted");
        let outcome = json!({ "outcome": "finished", "stdout": answer["docker_process_stdout"], "stderr": "" });
        world.over(&asked, &outcome);
        let statuses = world.statuses();
        let recorded = facilitator
            .iter()
            .filter(|frame| frame["message_type"] == "V0JobStatusUpdate" && frame["uuid"] == *uuid);
        let recorded: Vec<_> = recorded.collect();
        assert_eq!(statuses.len(), recorded.len());
        for (ours, recorded) in statuses.iter().zip(recorded) {
            assert_eq!(ours["status"], recorded["status"]);
            assert_eq!(
                ours["metadata"].to_string(),
                recorded["metadata"].to_string()
            );
        }
    }
    assert_eq!(count, 2);
}

/// The job that has failed at the real facilitator.
#[test]
fn failure_is_given_as_recorded() {
    let frames = read("organic.realfacilitator.jsonl");
    let failed = frames
        .iter()
        .find(|frame| frame["status"] == "failed")
        .unwrap();
    let mut requests = frames
        .iter()
        .filter(|frame| frame["message_type"] == "V1JobRequest");
    let request = requests
        .find(|frame| frame["uuid"] == failed["uuid"])
        .unwrap();
    let hotkey = request["miner_hotkey"].as_str().unwrap();
    let mut world =
        start_with(json!({ "miners": { hotkey: { "host": "127.0.0.1", "port": 18046 } } }));
    world.request(request);
    let manifest = json!([{ "executor_class": SPIN_UP, "count": 1 }]);
    let link = json!({ "hotkey": hotkey, "state": { "up": { "manifest": manifest } } });
    world.0.event("horde_miner_link", link);
    let asked = world.asked();
    let said = &failed["metadata"]["miner_response"]["docker_process_stdout"];
    let outcome = json!({ "outcome": "failed", "exit_status": null, "stdout": said, "stderr": "" });
    world.over(&asked, &outcome);
    let statuses = world.statuses();
    assert_eq!(statuses[0]["status"], "failed");
    assert_eq!(
        statuses[0]["metadata"].to_string(),
        failed["metadata"].to_string()
    );
}
