//! A harness with miners that serve receipts.

use std::collections::BTreeMap;

use horde_proto::receipt::jsonl::{page_number, page_path};
use horde_proto::receipt::{Receipt, ReceiptPayload};
use horde_proto::{Payload, uuid_v4};
use serde_json::{Value, json};
use tig_keyring::Keypair;
use tig_plugin_api::testing::{Harness, TestKey};
use tig_plugin_api::{HttpCall, HttpFailureKind};

use crate::Receipts;

/// Seconds since 1970 at which the harness's clock starts.
pub(super) const START_S: i64 = 1_700_000_000;
/// The page that grows then.
pub(super) const PAGE: u64 = START_S as u64 / 300;
/// Time between two rounds.
pub(super) const POLL_MS: u64 = 60_000;

/// This validator.
pub(super) fn own() -> Keypair {
    Keypair::from_seed(&[7; 32])
}

/// Another validator.
pub(super) fn other() -> Keypair {
    Keypair::from_seed(&[8; 32])
}

pub(super) fn miner(number: u8) -> Keypair {
    Keypair::from_seed(&[100 + number; 32])
}

pub(super) fn hotkey(keypair: &Keypair) -> String {
    keypair.public().to_ss58()
}

pub(super) fn start_harness() -> Harness<Receipts> {
    start_with(json!({ "poll_ms": POLL_MS }))
}

pub(super) fn start_with(section: Value) -> Harness<Receipts> {
    let settings = json!({ "name": "horde_receipts", "config": { "horde_receipts": section } });
    let public = *own().public().as_bytes();
    let key = TestKey::new("hotkey", public, |_| panic!("receipts are not signed here"));
    Harness::start_with_keys(settings, vec![key]).unwrap()
}

/// Content of a receipt, made so many seconds after the start.
pub(super) fn payload(
    kind: &str,
    number: u64,
    validator: &Keypair,
    miner: &Keypair,
    at_s: i64,
) -> ReceiptPayload {
    let time = horde_proto::Timestamp::from_unix_micros((START_S + at_s) * 1_000_000).unwrap();
    let mut payload = json!({
        "job_uuid": uuid_v4([number, number]), "miner_hotkey": hotkey(miner), "validator_hotkey": hotkey(validator),
        "timestamp": time, "receipt_type": format!("Job{kind}Receipt"),
    });
    let more = match kind {
        "Started" => json!({
            "executor_class": "spin_up-4min.gpu-24gb", "max_timeout": 53, "is_organic": false, "ttl": 240,
        }),
        "Accepted" => json!({ "time_accepted": time, "ttl": 360 }),
        _ => json!({ "time_started": time, "time_took_us": 5, "score_str": "1" }),
    };
    let fields = more.as_object().unwrap().clone();
    payload.as_object_mut().unwrap().extend(fields);
    serde_json::from_value(payload).unwrap()
}

/// A receipt that both have signed.
pub(super) fn receipt(number: u64, validator: &Keypair, miner: &Keypair, at_s: i64) -> Receipt {
    signed(
        payload("Accepted", number, validator, miner, at_s),
        validator,
        miner,
    )
}

pub(super) fn signed(payload: ReceiptPayload, validator: &Keypair, miner: &Keypair) -> Receipt {
    Receipt {
        validator_signature: payload.sign(validator, &[1; 32]),
        miner_signature: payload.sign(miner, &[2; 32]),
        payload,
    }
}

/// The event by which this validator's receipts come.
pub(super) fn signed_event(receipts: &[Receipt]) -> Value {
    let receipts = receipts.iter().map(
        |receipt| json!({ "payload": receipt.payload, "signature": receipt.validator_signature }),
    );
    json!({ "receipts": receipts.collect::<Vec<_>>() })
}

pub(super) fn neurons(block: u32, numbers: &[u8]) -> Value {
    let neurons = numbers.iter().map(|number| {
        json!({
            "uid": number, "hotkey": hotkey(&miner(*number)), "total_stake": 0.0, "last_update": 0,
            "axon": { "host": format!("8.8.8.{number}"), "port": 8000 },
        })
    });
    json!({ "wanted": null, "block": block, "hash": "0x", "neurons": neurons.collect::<Vec<_>>() })
}

/// The answer of a miner: status, `Content-Range` and body.
pub(super) type Reply = (u16, Option<String>, Vec<u8>);

/// What miners serve, by URL.
#[derive(Default)]
pub(super) struct Miners {
    files: BTreeMap<String, Vec<u8>>,
    /// URLs that were asked for, with the header `Range`, since the last look.
    pub(super) asked: Vec<(String, Option<String>)>,
}

impl Miners {
    /// Adds receipts to the page in which they were made.
    pub(super) fn add(&mut self, number: u8, receipts: &[Receipt]) {
        for receipt in receipts {
            let seconds = receipt.payload.timestamp().unix_micros() / 1_000_000;
            let page = page_number(seconds.unsigned_abs());
            self.add_line(number, page, &receipt.to_text());
        }
    }

    pub(super) fn add_line(&mut self, number: u8, page: u64, line: &str) {
        let file = self.files.entry(page_url(number, page)).or_default();
        file.extend(line.as_bytes());
        file.push(b'\n');
    }

    pub(super) fn put(&mut self, url: String, body: impl Into<Vec<u8>>) {
        self.files.insert(url, body.into());
    }

    pub(super) fn reply(&self, call: &HttpCall) -> Reply {
        let Some(file) = self.files.get(&call.url) else {
            return (404, None, b"no".to_vec());
        };
        let Some(range) = range_of(call) else {
            return (200, None, file.clone());
        };
        let from = range.strip_prefix("bytes=").unwrap();
        let from: usize = from.strip_suffix('-').unwrap().parse().unwrap();
        let total = file.len();
        match file.get(from..).filter(|rest| !rest.is_empty()) {
            None => (416, Some(format!("bytes */{total}")), Vec::new()),
            Some(rest) => {
                let range = format!("bytes {from}-{}/{total}", total - 1);
                (206, Some(range), rest.to_vec())
            }
        }
    }
}

pub(super) fn page_url(number: u8, page: u64) -> String {
    format!("http://8.8.8.{number}:8000{}", page_path(page))
}

pub(super) fn range_of(call: &HttpCall) -> Option<String> {
    let mut headers = call.headers.iter();
    let range = headers.find(|(name, _)| name == "Range");
    range.map(|(_, value)| value.clone())
}

/// The extension with miners around it.
pub(super) struct World {
    pub(super) harness: Harness<Receipts>,
    pub(super) miners: Miners,
}

impl World {
    pub(super) fn start() -> Self {
        let mut harness = start_harness();
        harness.advance_ms(0);
        let miners = Miners::default();
        Self { harness, miners }
    }

    /// With so many miners.
    pub(super) fn with_miners(numbers: &[u8]) -> Self {
        let mut world = Self::start();
        world.harness.event("horde_neurons", neurons(1, numbers));
        world
    }

    /// Answers all requests, also those that follow, and lets all be verified.
    pub(super) fn serve(&mut self) {
        loop {
            self.harness.advance_ms(0);
            let Some(call) = self.harness.http_calls().first().cloned() else {
                return;
            };
            self.miners.asked.push((call.url.clone(), range_of(&call)));
            let (status, range, body) = self.miners.reply(&call);
            let headers: Vec<_> = range
                .iter()
                .map(|range| ("content-range", range.as_str()))
                .collect();
            self.harness
                .respond_with_headers(&call.tag, status, &headers, body);
        }
    }

    /// The next round.
    pub(super) fn poll(&mut self) {
        self.harness.advance_ms(POLL_MS);
        self.serve();
    }

    /// Fails all requests that wait.
    pub(super) fn fail(&mut self, kind: HttpFailureKind) {
        let calls: Vec<_> = self.harness.http_calls().to_vec();
        for call in calls {
            self.harness.fail(&call.tag, kind);
        }
    }

    pub(super) fn asked(&mut self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut self.miners.asked)
    }

    pub(super) fn report(&mut self) -> Value {
        let reply = self.harness.request("GET", "/horde/receipts", &[], "");
        serde_json::from_slice(&reply.unwrap().body).unwrap()
    }

    /// Receipts of other validators that are stored.
    pub(super) fn foreign(&self) -> usize {
        self.stored("foreign/")
    }

    pub(super) fn stored(&self, prefix: &str) -> usize {
        let stored = self.harness.stored();
        stored.keys().filter(|key| key.starts_with(prefix)).count()
    }

    pub(super) fn logged(&mut self, level: &str, text: &str) -> bool {
        let logs = self.harness.logs();
        logs.iter()
            .any(|(of, line)| of == level && line.contains(text))
    }
}
