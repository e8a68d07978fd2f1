//! Recordings of the real programs: every frame is read, and written as it was.

use horde_proto::{MessageError, facilitator, miner};
use serde_json::Value;

use crate::vectors::{Rewrite, from_facilitator, from_miner, read, to_facilitator, to_miner};

/// A recording, the reader of the validator's frames, and that of its peer's.
pub(crate) const RECORDINGS: [(&str, Rewrite, Rewrite); 7] = [
    ("llm.validator-trustedminer", to_miner, from_miner),
    ("negative.validator-miner", to_miner, from_miner),
    ("organic.validator-miner", to_miner, from_miner),
    ("synthetic_echo.validator-miner", to_miner, from_miner),
    ("synthetic_llm.validator-miner", to_miner, from_miner),
    ("organic.realfacilitator", to_facilitator, from_facilitator),
    (
        "organic.validator-facilitator",
        to_facilitator,
        from_facilitator,
    ),
];

/// A frame and its sender.
pub(crate) struct Sent {
    pub(crate) by_validator: bool,
    pub(crate) frame: Value,
}

fn lines(recording: &str) -> Vec<Value> {
    let text = read(&format!("traces/{recording}.jsonl"));
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn frames(recording: &str) -> Vec<Sent> {
    let lines = lines(recording).into_iter();
    let frames = lines.filter_map(|line| {
        Some(Sent {
            frame: line.get("frame")?.clone(),
            by_validator: line["dir"] == "client->server",
        })
    });
    frames.collect()
}

#[test]
fn every_recorded_frame_is_rewritten() {
    for (recording, by_validator, by_peer) in RECORDINGS {
        let frames = frames(recording);
        assert!(!frames.is_empty(), "{recording}");
        for sent in frames {
            // The recorder's facilitator sent one frame of a future version.
            if sent.frame["message_type"] == "V9" {
                continue;
            }
            let rewrite = if sent.by_validator {
                by_validator
            } else {
                by_peer
            };
            let text = sent.frame.to_string();
            let rewritten = rewrite(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            // The validator of the negative cases was written by hand and has another order of names.
            if recording != "negative.validator-miner" || !sent.by_validator {
                assert_eq!(rewritten, text, "{recording}");
            }
            let value: Value = serde_json::from_str(&rewritten).unwrap();
            assert_eq!(value, sent.frame, "{recording}");
        }
    }
}

#[test]
fn frame_of_a_future_version_is_named() {
    let sent = frames("organic.validator-facilitator");
    let future = sent.iter().find(|sent| sent.frame["message_type"] == "V9");
    let text = future.unwrap().frame.to_string();
    let error = facilitator::ToValidator::parse(&text).unwrap_err();
    assert!(matches!(&error, MessageError::UnknownType { found } if found == "\"V9\""));
    assert_eq!(
        error.to_string(),
        "message type \"V9\" is unknown here; a newer peer may send it"
    );
}

#[test]
fn results_of_other_jobs_keep_their_uuid() {
    let sent = frames("negative.validator-miner");
    let failed = sent.iter().filter_map(|sent| {
        let message = miner::ToValidator::parse(&sent.frame.to_string()).ok()?;
        let is_failed = matches!(message, miner::ToValidator::JobFailed(_));
        is_failed.then(|| message.job_uuid().unwrap().to_owned())
    });
    let uuids: Vec<String> = failed.collect();
    assert_eq!(
        uuids,
        [
            "40ed391e-b8fd-41a4-954e-4ccff32faac4",
            "32ff639c-e271-41b7-afdb-12bd3d5d6232",
            "88a81313-5efc-48a7-b1bf-b8a39fdfdbb2",
        ]
    );
}

#[test]
fn recorded_connections_are_where_we_connect() {
    let validator = "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U";
    let mut connections = 0;
    for (recording, _, _) in RECORDINGS {
        let lines = lines(recording).into_iter();
        for connection in lines.filter(|line| line["event"] == "connect") {
            let is_facilitator = recording.ends_with("facilitator");
            let path = if is_facilitator {
                let headers = connection["headers"].as_object().unwrap();
                for header in [
                    facilitator::VERSION_HEADER,
                    facilitator::RUNNER_VERSION_HEADER,
                ] {
                    assert!(headers.contains_key(&header.to_lowercase()), "{header}");
                }
                facilitator::SOCKET_PATH.to_owned()
            } else {
                miner::validator_path(validator)
            };
            assert_eq!(connection["path"], path, "{recording}");
            connections += 1;
        }
    }
    assert_eq!(connections, 9);
}
