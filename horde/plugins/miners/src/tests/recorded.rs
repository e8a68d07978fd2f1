//! Recordings of the real validator, played against ours in its place, frame by frame. Times, signatures and the validator's own
//! address differ; all else is the same, in the same order.
//!
//! Differences that are on purpose: the recorder of the negative cases sent no accepted receipts, and we wait 10 s for the answer
//! to a reservation unless the config says otherwise (section 10.5).

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tig_plugin_api::WsCloseClass;
use tig_plugin_api::testing::{Harness, SentFrame};

use super::world::*;

const AUTHENTICATE: &str = "V0AuthenticateRequest";
const RESERVATION: &str = "V0InitialJobRequest";
const REQUEST: &str = "V0JobRequest";
const ACCEPTED: &str = "V0JobAcceptedReceiptRequest";
const FINISHED: &str = "V0JobFinishedReceiptRequest";

/// What was sent is compared without these.
const OWN_FIELDS: [&str; 7] = [
    "validator_hotkey",
    "timestamp",
    "signature",
    "job_started_receipt_signature",
    "time_accepted",
    "time_started",
    "time_took_us",
];

fn read(recording: &str) -> Vec<Value> {
    let name = format!("{recording}.validator-{}.jsonl", {
        match recording {
            "llm" => "trustedminer",
            _ => "miner",
        }
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/horde/traces");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a frame says beside what is the sender's own.
fn common(frame: &Value) -> Value {
    match frame {
        Value::Object(map) => {
            let fields = map.iter().map(|(name, value)| {
                let value = match OWN_FIELDS.contains(&name.as_str()) {
                    true => json!("own"),
                    false => common(value),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A recording that is being played.
struct Player {
    world: World,
    lines: Vec<Value>,
    /// The recorder sends no accepted receipts, and its fields have an order of their own.
    is_by_hand: bool,
    sent: VecDeque<SentFrame>,
    now_s: f64,
}

impl Player {
    fn new(recording: &str, section: Value) -> Self {
        let harness = Harness::start_with_keys(settings(section), vec![key()]).unwrap();
        let mut world = World(harness);
        world.0.advance_ms(0);
        Self {
            world,
            lines: read(recording),
            is_by_hand: recording == "negative",
            sent: VecDeque::new(),
            now_s: 0.0,
        }
    }

    /// Plays all. Returns the outcomes.
    fn play(mut self) -> Vec<String> {
        let mut case = Value::Null;
        for index in 0..self.lines.len() {
            let line = self.lines[index].clone();
            let seconds = line["t"].as_f64().unwrap();
            let passed_ms = ((seconds - self.now_s) * 1_000.0).round() as u64;
            self.now_s = seconds;
            self.world.0.advance_ms(passed_ms);
            let is_other_case = line.get("case").is_some_and(|its| *its != case);
            if line["event"] == "connect" || is_other_case {
                case = line["case"].clone();
                self.connect(index);
            }
            match line["dir"].as_str() {
                Some("client->server") => self.expect(&line["frame"]),
                Some(_) => {
                    let frame = line["frame"].to_string();
                    let tag = self.tag();
                    self.world.0.ws_frame(&tag, &frame);
                }
                None => {}
            }
        }
        assert!(self.sent.is_empty(), "{:?}", self.sent);
        let over = self.world.over().into_iter();
        over.map(|over| format!("{:?}", over.outcome)).collect()
    }

    fn tag(&self) -> String {
        self.world.0.ws_connections()[0].tag.clone()
    }

    /// The first frame of this type after `index`, of this job if one is given.
    fn find(&self, index: usize, kind: &str, uuid: Option<&Value>) -> Option<Value> {
        let frames = self.lines[index..].iter().map(|line| &line["frame"]);
        let mut of_kind = frames.filter(|frame| frame["message_type"] == kind);
        let found = of_kind.find(|frame| uuid.is_none_or(|uuid| frame["job_uuid"] == *uuid));
        found.cloned()
    }

    /// Opens a new connection. An organic job is reserved before the manifest is there.
    fn connect(&mut self, index: usize) {
        let wanted = |miners: Value| json!({ "holder": "h", "miners": miners });
        let mut world_event = |event| self.world.0.event("horde_links_wanted", event);
        world_event(wanted(json!([])));
        for (tag, _) in self.world.0.ws_closed() {
            self.world.0.ws_end(&tag, WsCloseClass::Local);
        }
        let first = self.find(index, AUTHENTICATE, None).unwrap();
        let hotkey = &first["payload"]["miner_hotkey"];
        let miner = json!([{ "hotkey": hotkey, "host": "127.0.0.1", "port": 8000 }]);
        self.world.0.event("horde_links_wanted", wanted(miner));
        let reservation = self.find(index, RESERVATION, None).unwrap();
        if reservation["job_started_receipt_payload"]["is_organic"] == true && !self.is_by_hand {
            self.begin(index, &reservation);
        }
        let tag = self.tag();
        self.world.0.ws_accept(&tag);
    }

    fn begin(&mut self, index: usize, reservation: &Value) {
        let receipt = &reservation["job_started_receipt_payload"];
        let uuid = &reservation["job_uuid"];
        let hotkey = &receipt["miner_hotkey"];
        let timeout = &reservation["timeout_seconds"];
        let mut without_receipt = reservation.clone();
        let fields = without_receipt.as_object_mut().unwrap();
        fields.retain(|name, _| !name.starts_with("job_started_receipt"));
        let none = json!({ "message_type": REQUEST, "job_uuid": uuid });
        let request = self.find(index, REQUEST, Some(uuid)).unwrap_or(none);
        let job = json!({
            "uuid": uuid, "hotkey": hotkey, "timeout_seconds": timeout, "reservation": without_receipt,
            "request": request, "check": null, "description": "",
        });
        let class = &reservation["executor_class"];
        let made = json!({
            "ask": 1, "batch": "b", "kind": "k", "executor_class": class, "jobs": [job], "shortage": null,
        });
        self.world.0.event("horde_jobs_made", made);
        let planned = json!({
            "uuid": uuid, "hotkey": hotkey, "executor_class": class, "timeout_seconds": timeout,
            "spin_up_seconds": 240,
        });
        // The recorder gives a user's job 8 s in all, and waits 39 s for the miner.
        let is_organic = receipt["is_organic"] == true && !self.is_by_hand;
        let wanted = json!({ "group": "g", "jobs": [planned], "is_organic": is_organic });
        self.world.0.event("horde_group_wanted", wanted);
    }

    /// Our next frame is the recorded one.
    fn expect(&mut self, recorded: &Value) {
        let index = self
            .lines
            .iter()
            .position(|line| line["frame"] == *recorded);
        let kind = recorded["message_type"].as_str().unwrap();
        let is_begun = || {
            let stored = self.world.0.stored().into_keys();
            let uuid = recorded["job_uuid"].as_str().unwrap_or_default();
            let mut receipts = stored.filter(|key| key.starts_with("receipt/started/"));
            receipts.any(|key| key.ends_with(uuid))
        };
        if kind == RESERVATION && self.sent.is_empty() && !is_begun() {
            self.begin(index.unwrap(), recorded);
        }
        if kind == FINISHED {
            let payload = &recorded["payload"];
            let job = json!({ "uuid": payload["job_uuid"], "score_text": payload["score_str"] });
            let scored = json!({ "group": "g", "jobs": [job] });
            self.world.0.event("horde_jobs_scored", scored);
        }
        self.sent.extend(self.world.0.ws_sent());
        if self.is_by_hand {
            self.sent.retain(|frame| !frame.text.contains(ACCEPTED));
        }
        let frame = self.sent.pop_front();
        let frame = frame.unwrap_or_else(|| panic!("not sent: {recorded}"));
        if let Some(number) = frame.frame {
            self.world.0.ws_written(&frame.tag, number);
        }
        let ours = common(&serde_json::from_str(&frame.text).unwrap());
        let mut expected = common(recorded);
        if let Some(receipt) = expected.get_mut("job_started_receipt_payload") {
            let ours = &ours["job_started_receipt_payload"];
            if self.is_by_hand {
                // The receipts of this recorder are those of no job that ours would get.
                for field in ["ttl", "is_organic", "max_timeout"] {
                    receipt[field] = ours[field].clone();
                }
            } else if ours["is_organic"] == true {
                // The seconds that are left; the recorded validator signs after it has connected.
                let seconds = |receipt: &Value| receipt["max_timeout"].as_i64().unwrap();
                assert!((seconds(receipt) - seconds(ours)).abs() <= 1);
                receipt["max_timeout"] = ours["max_timeout"].clone();
            }
        }
        if self.is_by_hand {
            assert_eq!(ours, expected);
        } else {
            assert_eq!(ours.to_string(), expected.to_string());
        }
    }
}

fn play(recording: &str, accept_ms: u64) -> Vec<String> {
    let section = json!({ "allow_private": true, "accept_ms": accept_ms });
    Player::new(recording, section).play()
}

#[test]
fn synthetic_jobs_go_as_recorded() {
    for recording in ["synthetic_echo", "synthetic_llm"] {
        let outcomes = play(recording, 10_000);
        assert_eq!(outcomes.len(), 1, "{recording}");
        assert!(outcomes[0].starts_with("Finished"), "{outcomes:?}");
    }
}

#[test]
fn organic_jobs_go_as_recorded() {
    for (recording, jobs) in [("organic", 3), ("llm", 2)] {
        let outcomes = play(recording, 10_000);
        assert_eq!(outcomes.len(), jobs, "{recording}");
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome.starts_with("Finished"))
        );
    }
}

/// In the last case the miner was busy for 39 s before it accepted: we wait for as long as the config says.
#[test]
fn refused_and_failed_jobs_end_as_recorded() {
    let outcomes = play("negative", 60_000);
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[0], "ExecutorFailed");
    assert!(outcomes[1].starts_with("Failed { exit_status: Some(3)"));
    assert_eq!(outcomes[2], "ExecutorFailed");
}
