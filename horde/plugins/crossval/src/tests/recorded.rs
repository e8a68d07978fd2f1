//! The frames, compared with those that the reference has sent.

use std::fs;
use std::path::Path;

use super::*;

/// Frames of this kind that were sent to the trusted miner.
fn recorded(kind: &str) -> Vec<Value> {
    let path = "../../../vectors/horde/traces/llm.validator-trustedminer.jsonl";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let frames = lines.map(|line| line["frame"].clone());
    frames
        .filter(|frame| frame["message_type"] == kind)
        .collect()
}

/// A frame without what differs from job to job.
fn shape(frame: &Value) -> Value {
    let mut frame = frame.clone();
    let object = frame.as_object_mut().unwrap();
    object.remove("job_started_receipt_payload");
    object.remove("job_started_receipt_signature");
    object.insert("job_uuid".to_owned(), json!("uuid"));
    if let Some(arguments) = frame["docker_run_cmd"].as_array_mut() {
        let last = arguments.len() - 1;
        arguments[last] = json!("its files");
        if let Some(place) = arguments.iter().position(|argument| argument == "--seed") {
            arguments[place + 1] = json!("seed");
        }
    }
    for list in ["/output_upload/uploads", "/volume/volumes"] {
        if let Some(list) = frame.pointer_mut(list) {
            let items = list.as_array_mut().unwrap();
            items.truncate(1);
            items[0]["url"] = json!("url");
            items[0]["relative_path"] = json!("file");
        }
    }
    frame
}

#[test]
fn frames_are_those_of_the_reference() {
    let (reservations, requests) = (recorded("V0InitialJobRequest"), recorded("V0JobRequest"));
    let mut dynamic = small();
    dynamic["number_of_prompts_in_series"] = json!(4);
    let mut world = World::with(&section(), &dynamic);
    world.up();
    let generation = world.asked();
    world.generate(&generation);
    world.settle();
    let answering = world.asked();
    for (asked, number) in [(generation, 0), (answering, 1)] {
        assert_eq!(shape(&asked.reservation), shape(&reservations[number]));
        assert_eq!(shape(&asked.request), shape(&requests[number]));
    }
}

#[test]
fn files_have_the_names_of_the_reference() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    let uuids = asked.argument("--uuids").unwrap();
    let uploads = asked.request["output_upload"]["uploads"]
        .as_array()
        .unwrap();
    for (uuid, upload) in uuids.split(',').zip(uploads) {
        assert_eq!(upload["relative_path"], format!("prompts_{uuid}.txt"));
        assert_eq!(
            path_of(upload["url"].as_str().unwrap()),
            format!("/prompts/{uuid}")
        );
    }
    world.generate(&asked);
    world.settle();
    let asked = world.asked();
    let volume = &asked.request["volume"]["volumes"][0];
    let name = volume["relative_path"]
        .as_str()
        .unwrap()
        .strip_suffix(".txt")
        .unwrap();
    let last = asked.request["docker_run_cmd"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(last, &json!(format!("/volume/{name}.txt")));
    assert_eq!(asked.uploads(), [format!("/answers/solved/{name}.json")]);
}
