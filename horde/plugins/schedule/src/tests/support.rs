//! A chain that answers what is asked of it, and what of the schedule is seen.

use tig_keyring::PublicKey;
use tig_plugin_api::testing::{Harness, TestKey};

use super::*;
use crate::place::{Place, Slot};

pub(super) type Schedules = Harness<Schedule>;

/// Of the main network.
pub(super) const NETUID: u16 = 12;

/// First block of the first cycle with a batch, on this subnet.
pub(super) const START: u32 = 708;

/// Blocks of a cycle.
pub(super) const CYCLE: u32 = 722;

/// Blocks until a block is final.
const FINALIZATION: u32 = 3;

pub(super) const NEURONS: u8 = 6;

pub(super) fn hotkey(number: u8) -> String {
    PublicKey::from_bytes([number; 32]).to_ss58()
}

pub(super) fn settings(section: Value) -> Value {
    json!({ "name": "horde_schedule", "backup_folder": "backup", "config": { "horde_schedule": section } })
}

fn keys(number: u8) -> Vec<TestKey> {
    vec![TestKey::new("hotkey", [number; 32], |_| Vec::new())]
}

/// The schedule of neuron `number`.
pub(super) fn start_of(number: u8, section: Value) -> Result<Schedules> {
    Harness::start_with_keys(settings(section), keys(number))
}

pub(super) fn start_with(section: Value) -> Schedules {
    let mut schedules = start_of(0, section).unwrap();
    schedules.emitted();
    schedules
}

/// The schedule of neuron 0, a validator.
pub(super) fn start() -> Schedules {
    start_with(json!({}))
}

/// What the chain says; every neuron but the last has the stake of a validator.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) number: u32,
    pub(super) is_silent: bool,
    /// Whether neuron 0 has the stake of a validator.
    pub(super) is_listed: bool,
}

impl Chain {
    pub(super) fn at(number: u32) -> Self {
        Self {
            number,
            is_silent: false,
            is_listed: true,
        }
    }

    pub(super) fn hash(number: u32) -> String {
        format!("0x{number:064x}")
    }

    pub(super) fn block(&self) -> Value {
        let number = self.number;
        json!({ "number": number, "hash": Self::hash(number), "seen_ms": 1 })
    }

    /// Answer of the chain, if it has one.
    pub(super) fn answer(&self, wanted: &Value) -> Option<Value> {
        let wanted = wanted["block"].as_u64().map(|block| block as u32);
        if self.is_silent || wanted.is_some_and(|block| block + FINALIZATION > self.number) {
            return None;
        }
        let block = wanted.unwrap_or(self.number);
        let neurons: Vec<_> = (0..NEURONS).map(|number| self.neuron(number)).collect();
        Some(
            json!({ "wanted": wanted, "block": block, "hash": Self::hash(block), "neurons": neurons }),
        )
    }

    fn neuron(&self, number: u8) -> Value {
        let is_validator = number + 1 < NEURONS && (number > 0 || self.is_listed);
        let stake = if is_validator { 5000.0 } else { 1.0 };
        // Neuron 1 does not serve.
        let axon = (number != 1).then(|| json!({ "host": "10.0.0.1", "port": 8000 }));
        json!({ "uid": number, "hotkey": hotkey(number), "total_stake": stake, "axon": axon, "last_update": 0 })
    }

    /// Shows the newest block, and answers until nothing is asked any more. What else was emitted is returned.
    pub(super) fn show(&self, schedules: &mut Schedules) -> Vec<(String, Value)> {
        schedules.event("horde_block", self.block());
        self.answer_all(schedules)
    }

    pub(super) fn answer_all(&self, schedules: &mut Schedules) -> Vec<(String, Value)> {
        let mut others = Vec::new();
        for round in 0.. {
            assert!(round < 4, "questions and answers do not end");
            let (asked, rest): (Vec<_>, Vec<_>) = schedules
                .emitted()
                .into_iter()
                .partition(|(name, _)| name == "horde_neurons_wanted");
            others.extend(rest);
            if asked.is_empty() {
                break;
            }
            for (_, wanted) in asked {
                if let Some(answer) = self.answer(&wanted) {
                    schedules.event("horde_neurons", answer);
                }
            }
        }
        others
    }

    /// Shows block after block.
    pub(super) fn run_to(&mut self, schedules: &mut Schedules, last: u32) -> Vec<(String, Value)> {
        let mut all = self.show(schedules);
        while self.number < last {
            self.number += 1;
            schedules.advance_ms(12_000);
            all.extend(self.show(schedules));
        }
        all
    }
}

/// The slot of neuron 0 in the cycle that begins at `start`.
pub(super) fn slot_of(start: u32) -> Slot {
    let mut cycle = Cycle::new(start);
    cycle.seed = Some(Chain::hash(start - FINALIZATION));
    // Of equal stakes, the lower uid comes first.
    cycle.validators = Some((0..NEURONS - 1).map(hotkey).collect());
    match cycle.place(&hotkey(0)) {
        Place::Slot(slot) => slot,
        other => panic!("{other:?}"),
    }
}

pub(super) fn named(events: &[(String, Value)], name: &str) -> Vec<Value> {
    let events = events.iter().filter(|(of, _)| of == name);
    events.map(|(_, event)| event.clone()).collect()
}

pub(super) fn status(schedules: &mut Schedules) -> Value {
    let reply = schedules
        .request("GET", "/horde/schedule", &[], "")
        .unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// Code and text of the status.
pub(super) fn reason(schedules: &mut Schedules) -> (String, String) {
    let status = status(schedules);
    let text = |key: &str| status[key].as_str().unwrap().to_owned();
    (text("code"), text("text"))
}
