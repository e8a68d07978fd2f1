//! `horde_weights` and its chain, driven block by block.

use std::collections::VecDeque;

use horde_events::ChainCall;
use tig_keyring::PublicKey;
use tig_plugin_api::testing::{Harness, TestKey};

use super::chain::{NETUID, OWN_ACCOUNT};
use super::*;

/// A cycle of subnet 49 and the first block after it, which is in a commit window.
pub(super) const CYCLE: u32 = 4_399_817;
pub(super) const STOP: u32 = 4_400_539;
/// End of the commit window, and the reveal window that follows.
pub(super) const COMMIT_STOP: u32 = 4_400_575;
pub(super) const REVEAL_START: u32 = 4_400_590;
pub(super) const REVEAL_STOP: u32 = 4_400_936;
/// Milliseconds of a block.
pub(super) const BLOCK_MS: u64 = 12_000;

pub(super) type Weights = Harness<HordeWeights>;

pub(super) fn hotkey(number: u8) -> String {
    PublicKey::from_bytes([number + 100; 32]).to_ss58()
}

pub(super) fn section(mode: &str) -> Value {
    json!({ "mode": mode, "netuid": NETUID })
}

pub(super) fn start_with(section: &Value) -> Result<Weights> {
    let settings = json!({ "name": "horde_weights", "config": { "horde_weights": section } });
    Harness::start_with_keys(settings, vec![key(OWN_ACCOUNT)])
}

pub(super) fn key(account: [u8; 32]) -> TestKey {
    TestKey::new("hotkey", account, |_| panic!("nothing is signed"))
}

/// The one element of a list.
pub(super) fn one_of<T: std::fmt::Debug>(list: &[T]) -> &T {
    assert_eq!(list.len(), 1, "{list:?}");
    &list[0]
}

pub(super) struct World {
    pub(super) weights: Weights,
    pub(super) chain: Chain,
    /// Events on their way to `horde_weights`; those that are not durable die with the host.
    waiting: VecDeque<(&'static str, Value)>,
    pub(super) over: Vec<Value>,
    pub(super) logs: Vec<(String, String)>,
    /// Each state of the conditions, by code and severity, that differs from the one before.
    pub(super) reported: Vec<Vec<String>>,
    /// Events handled, and after how many the host is killed.
    pub(super) steps: usize,
    pub(super) kill_after: Option<usize>,
}

impl World {
    /// At the last block of the cycle, with miners 0 and 1.
    pub(super) fn new(mode: &str) -> Self {
        Self::with(&section(mode), 2)
    }

    pub(super) fn with(section: &Value, miners: u8) -> Self {
        Self {
            weights: start_with(section).unwrap(),
            chain: Chain::new(STOP - 1, miners),
            waiting: VecDeque::new(),
            over: Vec::new(),
            logs: Vec::new(),
            reported: Vec::new(),
            steps: 0,
            kill_after: None,
        }
    }

    /// Scores of [`CYCLE`].
    pub(super) fn give_scores(&mut self, scores: &Value) {
        self.give_scores_of(CYCLE, scores);
    }

    pub(super) fn give_scores_of(&mut self, cycle_start: u32, scores: &Value) {
        let event = json!({ "cycle_start": cycle_start, "batch": "b", "scores": scores });
        self.deliver("horde_scores", event);
        self.run();
    }

    /// Two miners, of which the second is worth three times as much.
    pub(super) fn give_two_scores(&mut self) {
        self.give_scores(&json!({ (hotkey(0)): 1.0, (hotkey(1)): 3.0 }));
    }

    pub(super) fn event(&mut self, name: &'static str, event: Value) {
        self.deliver(name, event);
        self.run();
    }

    /// The next blocks come, up to this one.
    pub(super) fn blocks_to(&mut self, last: u32) {
        while self.chain.block < last {
            self.pass_time();
            self.chain.block += 1;
            self.see_block();
        }
    }

    /// The chain is at another block at once, as after a time without this host.
    pub(super) fn jump_to(&mut self, block: u32) {
        self.chain.block = block;
        self.see_block();
    }

    pub(super) fn see_block(&mut self) {
        let block = json!({ "number": self.chain.block, "hash": "0x", "seen_ms": 0 });
        self.event("horde_block", block);
    }

    /// The time of a block passes, timer by timer.
    fn pass_time(&mut self) {
        let end = self.weights.now_ms() + BLOCK_MS;
        while self.weights.timers().values().any(|at| *at <= end) {
            self.weights.try_next_timer().unwrap();
            self.after_step();
            self.run();
        }
        let rest = end.saturating_sub(self.weights.now_ms());
        self.weights.advance_ms(rest);
    }

    /// Kills the host: events on their way are lost, and the chain is as it was.
    pub(super) fn kill(&mut self) {
        self.waiting.clear();
        self.weights.kill();
    }

    fn deliver(&mut self, name: &'static str, event: Value) {
        self.weights.event(name, event);
        self.after_step();
    }

    fn after_step(&mut self) {
        self.steps += 1;
        self.logs.extend(self.weights.logs());
        self.note_conditions();
        let emitted = self.weights.emitted();
        if self.kill_after == Some(self.steps) {
            // Calls that were emitted are in the queue of the chain's extension, and die with it.
            let over = emitted.into_iter();
            let over = over.filter(|(name, _)| name == "horde_weights_over");
            self.over.extend(over.map(|(_, event)| event));
            self.kill();
            return;
        }
        for (name, event) in emitted {
            match name.as_str() {
                "horde_weights_over" => self.over.push(event),
                "horde_neurons_wanted" => {
                    self.waiting
                        .push_back(("horde_neurons", self.chain.neurons_event()));
                }
                "horde_chain_call" => self.call(event),
                other => panic!("{other}"),
            }
        }
    }

    fn note_conditions(&mut self) {
        let conditions = self.weights.conditions().iter();
        let words = conditions.map(|it| format!("{} {:?}", it.code, it.severity));
        let words: Vec<_> = words.collect();
        if self.reported.last().map_or(&[][..], Vec::as_slice) != words {
            self.reported.push(words);
        }
    }

    fn call(&mut self, event: Value) {
        let call: ChainCall = serde_json::from_value(event).unwrap();
        if let Some(result) = self.chain.call(&call.request) {
            let result = serde_json::to_value(result).unwrap();
            let answer = json!({ "call": call.call, "result": result });
            self.waiting.push_back(("horde_chain_answer", answer));
        }
    }

    fn run(&mut self) {
        while let Some((name, event)) = self.waiting.pop_front() {
            self.deliver(name, event);
        }
    }

    /// The end of the one cycle that has ended.
    pub(super) fn end(&self) -> &Value {
        let over = one_of(&self.over);
        assert_eq!(over["cycle_start"], CYCLE);
        over
    }

    /// Why it has no weights.
    pub(super) fn given_up(&self) -> &str {
        let end = self.end();
        assert_eq!(end["end"], "given_up", "{end}");
        end["reason"].as_str().unwrap()
    }

    /// Outcomes of attempts that were logged, in order.
    pub(super) fn outcomes(&self) -> Vec<String> {
        let logs = self.logs.iter();
        let outcomes = logs.filter_map(|(_, text)| text.strip_prefix("attempt is over "));
        let word = |text: &str| {
            let (_, outcome) = text.split_once(" attempt: ").unwrap();
            outcome.split([':', '"']).next().unwrap().to_owned()
        };
        outcomes.map(word).collect()
    }

    pub(super) fn logged(&self, text: &str) -> usize {
        self.logs
            .iter()
            .filter(|(_, log)| log.contains(text))
            .count()
    }

    pub(super) fn status(&mut self) -> Value {
        let reply = self
            .weights
            .request("GET", "/horde/weights", &[], "")
            .unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// What is waited for with the newest cycle.
    pub(super) fn waiting_for(&mut self) -> Value {
        self.status()["cycles"][0]["code"].clone()
    }
}
