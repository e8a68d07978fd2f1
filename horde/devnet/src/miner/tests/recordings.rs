//! The recordings of the reference's miner, played against ours: each frame of the recorded validator goes in, and what comes
//! out is what the recorded miner sent.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use horde_proto::ExecutorClass;
use horde_proto::miner::{ToMiner, ToValidator};
use serde_json::Value;
use tig_keyring::Keypair;

use crate::miner::effect::{Effect, Frame, Outgoing};
use crate::miner::{Miner, Mode, Profile, Received};
use crate::vice::Vices;
use crate::work::{Outcome, Work};

/// The hotkey of most recorded miners is made of this seed.
const MINER_SEED: [u8; 32] = [0xdd; 32];
/// The hotkey of the recorded miner of the language models is made of this one.
const LLM_MINER_SEED: [u8; 32] = [0xff; 32];
const VALIDATOR: &str = "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U";

/// One connection of a recording: the frames of the validator and of the miner.
#[derive(Default)]
struct Connection {
    validator: Vec<String>,
    miner: Vec<Value>,
}

fn recording(name: &str) -> Vec<Connection> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde/traces");
    let text = fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
    let mut connections = Vec::new();
    let mut case = Value::Null;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["event"] == "connect" || line["case"] != case {
            case = line["case"].clone();
            connections.push(Connection::default());
        }
        let connection = connections.last_mut().unwrap();
        let Some(frame) = line.get("frame") else {
            continue;
        };
        match line["dir"] == "client->server" {
            true => connection.validator.push(frame.to_string()),
            false => connection.miner.push(frame.clone()),
        }
    }
    connections
}

/// A message without what depends on the machine.
fn comparable(text: &str) -> Value {
    let mut frame: Value = serde_json::from_str(text).unwrap();
    if frame["message_type"] == "V0MachineSpecsRequest" {
        frame["specs"] = Value::Null;
    }
    frame
}

/// What the recorded scripts print, without running them here.
fn outcome(work: &Work) -> Outcome {
    let script = format!("{work:?}");
    if script.contains("raw hi") {
        Outcome::finished("raw hi\n")
    } else if script.contains("Generate") || script.contains("Solve") {
        Outcome::finished("")
    } else {
        Outcome::Failed {
            exit_status: Some(3),
            stdout: "x".repeat(1200) + "\n",
            stderr: String::new(),
        }
    }
}

/// The frames that go out, with those of the work that is begun.
fn sent(miner: &mut Miner, effects: Vec<Effect>) -> Vec<Value> {
    let mut frames = Vec::new();
    for effect in effects {
        match effect {
            Effect::Write {
                outgoing: Outgoing::Frame(Frame::Text(text)),
                ..
            } => frames.push(comparable(&text)),
            Effect::Start { job_uuid, work } => {
                let effects = miner.complete(&job_uuid, outcome(&work), 0);
                frames.extend(sent(miner, effects));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    frames
}

/// The miner that was recorded.
fn recorded_miner(name: &str) -> Miner {
    let (class, seed, mode) = match name {
        "llm.validator-trustedminer" => {
            let validator = Some(VALIDATOR.to_owned());
            let mode = Mode::Local { validator };
            (ExecutorClass::AlwaysOnLlmA6000, MINER_SEED, mode)
        }
        "synthetic_llm.validator-miner" => (
            ExecutorClass::AlwaysOnLlmA6000,
            LLM_MINER_SEED,
            Mode::Public,
        ),
        _ => (ExecutorClass::default(), MINER_SEED, Mode::Public),
    };
    let profile = Profile {
        index: 0,
        keypair: Keypair::from_seed(&seed),
        executors: [(class, 1)].into(),
        is_instant: false,
        mode,
    };
    Miner::new(profile, Vices::default())
}

/// The time at which the recorded validator authenticated, in microseconds since 1970.
fn time_of(connection: &Connection) -> i64 {
    match ToMiner::parse(&connection.validator[0]).unwrap() {
        ToMiner::Authenticate(request) => request.payload.timestamp * 1_000_000,
        other => panic!("{other:?}"),
    }
}

/// Whether a frame is about a job of the recording; one is about an earlier job.
fn is_known(frame: &Value, uuids: &BTreeSet<String>) -> bool {
    let uuid = frame["job_uuid"].as_str();
    uuid.is_none_or(|uuid| uuids.contains(uuid))
}

#[test]
fn recorded_validators_see_no_difference() {
    for name in [
        "synthetic_echo.validator-miner",
        "organic.validator-miner",
        "negative.validator-miner",
        "llm.validator-trustedminer",
        "synthetic_llm.validator-miner",
    ] {
        let mut miner = recorded_miner(name);
        let mut uuids = BTreeSet::new();
        for connection in recording(name) {
            let at_us = time_of(&connection);
            let (id, effects) = miner.connect(VALIDATOR);
            let mut frames = sent(&mut miner, effects);
            for text in &connection.validator {
                let received = Received::parse(text);
                let Received::Message(message) = &received else {
                    panic!("{text}");
                };
                uuids.extend(message.job_uuid().map(str::to_owned));
                let effects = miner.receive(id, received, at_us);
                frames.extend(sent(&mut miner, effects));
            }
            let expected = connection.miner.iter();
            let expected: Vec<Value> = expected
                .filter(|frame| is_known(frame, &uuids))
                .map(|frame| comparable(&frame.to_string()))
                .collect();
            assert_eq!(frames, expected, "{name}");
            miner.disconnect(id);
        }
        let report = miner.report();
        let receipts = report.receipts.iter();
        assert!(
            receipts
                .clone()
                .all(|receipt| receipt.verify(&report.hotkey).is_ok())
        );
        let violations = report.violations.iter().map(|violation| violation.kind);
        let is_by_hand = name.starts_with("negative");
        match is_by_hand {
            // The validator of the negative cases sent no accepted receipts.
            true => assert!(violations.count() > 0),
            false => assert_eq!(violations.count(), 0, "{name}: {:?}", report.violations),
        }
    }
}

#[test]
fn examples_of_every_message_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde");
    let mut count = 0;
    for name in [
        "V0InitialJobRequest",
        "V0JobRequest",
        "V0JobAcceptedReceiptRequest",
    ] {
        let text = fs::read_to_string(folder.join(format!("mv.{name}.examples.json"))).unwrap();
        let examples: Vec<Value> = serde_json::from_str(&text).unwrap();
        for example in examples {
            let received = Received::parse(&example.to_string());
            assert!(matches!(received, Received::Message(_)), "{example}");
            count += 1;
        }
    }
    assert!(count >= 9, "{count}");
    let reply = ToValidator::parse("{\"message_type\":\"GenericError\"}");
    assert!(reply.is_ok());
}
