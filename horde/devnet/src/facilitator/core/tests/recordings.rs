//! The recordings of the reference's facilitator, played against ours: each frame of the recorded validator goes in, and what
//! comes out is what the recorded facilitator answered.

use std::fs;
use std::path::Path;

use horde_proto::facilitator::JobRequest;
use serde_json::Value;

use super::fixture::{Bench, IMAGE, MINER, requests, texts};
use crate::facilitator::{JobOrder, JobVersion};

#[test]
fn recorded_frames_are_answered_as_recorded() {
    for (name, expected) in [
        ("organic.realfacilitator", 5),
        ("organic.validator-facilitator", 7),
    ] {
        assert_eq!(replay(name), expected, "answers in {name}");
    }
}

/// Plays a recording; returns how many answers were compared.
fn replay(name: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde/traces");
    let recording = fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
    let mut bench = Bench::new(&[]);
    let id = bench.connect();
    let mut uuids: Vec<(String, String)> = Vec::new();
    let mut answers: Vec<Value> = Vec::new();
    let mut compared = 0;
    for line in recording.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(frame) = line.get("frame") else {
            continue;
        };
        if line["dir"] == "client->server" {
            let mut text = frame.to_string();
            for (recorded, ours) in &uuids {
                text = text.replace(recorded, ours);
            }
            let effects = bench.text(id, &text);
            let sent = texts(&effects, id).into_iter();
            answers.extend(sent.map(|text| serde_json::from_str(text).unwrap()));
        } else if frame.get("status").is_some() {
            assert_eq!(answers.remove(0), *frame);
            compared += 1;
        } else if frame.get("uuid").is_some() {
            uuids.push((
                frame["uuid"].as_str().unwrap().to_owned(),
                send(&mut bench, id, frame),
            ));
        }
    }
    assert!(answers.is_empty());
    compared
}

/// Orders a job of the recorded version; its request has the fields of the recorded one. Returns the uuid.
fn send(bench: &mut Bench, id: u64, recorded: &Value) -> String {
    let version = match recorded["message_type"].as_str().unwrap() {
        "V0JobRequest" => JobVersion::V0,
        "V1JobRequest" => JobVersion::V1,
        _ => JobVersion::V2,
    };
    let order = JobOrder {
        version,
        docker_image: IMAGE.to_owned(),
        ..JobOrder::default()
    };
    let (uuid, effects) = bench.core.submit(&order, bench.now_us).unwrap();
    let sent: Value = serde_json::from_str(texts(&effects, id)[0]).unwrap();
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&sent), names(recorded));
    if let JobRequest::V1(request) = &requests(&effects, id)[0] {
        assert_eq!(request.miner_hotkey, MINER);
    }
    uuid
}
