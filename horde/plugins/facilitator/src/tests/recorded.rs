//! Recordings of the real validator with a real and with a small facilitator, played against ours in its place: its frames are
//! the same, in the same order, but for key and signature.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tig_plugin_api::testing::SentFrame;

use super::support::*;

/// Plays a recording. Returns the uuids of the jobs that were given away.
fn play(recording: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/horde/traces");
    let text = fs::read_to_string(folder.join(recording)).unwrap();
    let mut world = World(start_harness());
    let mut sent: VecDeque<SentFrame> = VecDeque::new();
    let mut now_s = None;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let seconds = line["t"].as_f64().unwrap();
        let passed_s = seconds - now_s.unwrap_or(seconds);
        now_s = Some(seconds);
        // The reference's heartbeats count from before its connection, so one comes up to 400 ms early here.
        let early_ms = if is_heartbeat(&line["frame"]) { 600 } else { 0 };
        let passed_ms = (passed_s * 1_000.0).round() as u64;
        world.0.advance_ms(passed_ms + early_ms);
        if line["event"] == "connect" {
            let tag = world.tag();
            let open = world.0.ws_connections()[0].clone();
            assert!(open.url.ends_with(line["path"].as_str().unwrap()));
            world.0.ws_accept(&tag);
        }
        if line["event"] == "close" {
            world.close(Some(1000));
        }
        sent.extend(world.0.ws_sent());
        match line["dir"].as_str() {
            Some("client->server") => expect(&mut world, &mut sent, &line["frame"]),
            Some(_) => world.frame(&line["frame"].to_string()),
            None => {}
        }
    }
    assert!(sent.is_empty(), "{sent:?}");
    assert_eq!(world.stored_statuses(), 0);
    world.requested()
}

fn is_heartbeat(frame: &Value) -> bool {
    frame["message_type"] == "V0Heartbeat"
}

/// The frame that is sent next, after its status was given if it is one.
fn expect(world: &mut World, sent: &mut VecDeque<SentFrame>, recorded: &Value) {
    if recorded["message_type"] == "V0JobStatusUpdate" {
        world.0.event(
            "horde_job_status",
            json!({
                "uuid": recorded["uuid"], "status": recorded["status"], "metadata": recorded["metadata"],
                "hotkey": "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht", "at_ms": 1,
            }),
        );
        sent.extend(world.0.ws_sent());
    }
    let frame = sent.pop_front().expect("a frame was sent");
    let mut frame: Value = serde_json::from_str(&frame.text).unwrap();
    for own in ["public_key", "signature"] {
        if let Some(value) = frame.get_mut(own) {
            assert_eq!(
                value.as_str().unwrap().len(),
                recorded[own].as_str().unwrap().len()
            );
            *value = recorded[own].clone();
        }
    }
    assert_eq!(frame.to_string(), recorded.to_string());
}

#[test]
fn recorded_jobs_of_a_real_facilitator_are_served() {
    let jobs = play("organic.realfacilitator.jsonl");
    assert_eq!(
        jobs,
        [
            "d09bd4e4-e385-4129-b329-c983985efff3",
            "9171123e-2574-4b03-9ca3-123bf8445110"
        ]
    );
}

/// The reference left the first request without an answer: it was not signed by one of the whitelist. Here it is given away, and
/// whoever runs jobs rejects it.
#[test]
fn recorded_jobs_of_each_version_are_served() {
    let jobs = play("organic.validator-facilitator.jsonl");
    assert_eq!(
        jobs,
        [
            "692c41aa-8750-4a41-876f-bfc0961fd923",
            "ad416fb3-e258-4df9-96bc-a580fb9cb5bf",
            "46465f88-a9c8-4b4a-9b1d-34de49760eed",
            "53ba8bb5-869b-47eb-a670-e5ee1a06d150"
        ]
    );
}
