//! What can be seen of chain and validator while time passes.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use horde_system_tests::Miners;
use serde_json::Value;
use tig_system_tests::get;

use super::output;
use crate::Result;
use crate::horde::columns::sum;

/// What was seen.
pub(super) struct Watch {
    /// `IP:PORT` of the host.
    host: String,
    /// `IP:PORT` of the network's control routes.
    control: String,
    /// The newest block, and when it was seen first, in Unix milliseconds.
    blocks: Vec<(u64, u32)>,
    /// The validator's slot, by cycle.
    pub(super) slots: BTreeMap<u64, u32>,
    /// Reports of batches that are over, by cycle and name.
    pub(super) batches: BTreeMap<u64, BTreeMap<String, Value>>,
    /// What `GET /horde/weights` says, by cycle.
    pub(super) weights: BTreeMap<u64, Value>,
    /// How often the host was killed.
    pub(super) kills: u32,
}

impl Watch {
    pub(super) fn new(host: String, miners: &Miners) -> Self {
        Self {
            host,
            control: miners.control.clone(),
            blocks: Vec::new(),
            slots: BTreeMap::new(),
            batches: BTreeMap::new(),
            weights: BTreeMap::new(),
            kills: 0,
        }
    }

    /// The host was killed and listens at another address.
    pub(super) fn restarted(&mut self, host: String) {
        self.host = host;
        self.kills += 1;
        output::progress(&format!(
            "block {}: host killed and started again",
            self.block()
        ));
    }

    /// The newest block.
    pub(super) fn block(&self) -> u32 {
        self.blocks.last().map_or(0, |(_, block)| *block)
    }

    /// The newest block at this time.
    pub(super) fn block_at(&self, unix_ms: u64) -> u32 {
        let later = self.blocks.partition_point(|(at_ms, _)| *at_ms <= unix_ms);
        let before = later
            .checked_sub(1)
            .and_then(|index| self.blocks.get(index));
        before.map_or(0, |(_, block)| *block)
    }

    /// Whether the weights of all these cycles are over.
    pub(super) fn are_over(&self, cycles: &[u32]) -> bool {
        cycles
            .iter()
            .all(|cycle| self.end(u64::from(*cycle)).is_some())
    }

    /// How the weights of a cycle ended.
    pub(super) fn end(&self, cycle: u64) -> Option<&str> {
        self.weights.get(&cycle)?["end"]["end"].as_str()
    }

    /// Looks at everything once.
    pub(super) fn look(&mut self) -> Result<()> {
        let chain: Value = get(&self.control, "/chain")?.json()?;
        let block = chain["block"]["number"]
            .as_u64()
            .and_then(|it| u32::try_from(it).ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        if let Some(block) = block.filter(|block| *block != self.block()) {
            self.blocks.push((u64::try_from(now.as_millis())?, block));
        }
        self.look_at_schedule();
        self.look_at_batches();
        self.look_at_weights();
        Ok(())
    }

    /// A host that was killed just now has no answer.
    fn ask(&self, path: &str) -> Value {
        let answer = get(&self.host, path).and_then(|answer| answer.json());
        answer.unwrap_or_default()
    }

    fn look_at_schedule(&mut self) {
        let schedule = self.ask("/horde/schedule");
        let (Some(cycle), Some(block)) = (
            schedule["cycle"]["start"].as_u64(),
            schedule["slot"]["block"].as_u64(),
        ) else {
            return;
        };
        let Ok(block) = u32::try_from(block) else {
            return;
        };
        if self.slots.insert(cycle, block).is_none() {
            let (index, count) = (&schedule["slot"]["index"], &schedule["slot"]["count"]);
            output::progress(&format!(
                "block {}: cycle {cycle} has its slot at block {block} ({index} of {count})",
                self.block()
            ));
        }
    }

    fn look_at_batches(&mut self) {
        let batch = self.ask("/horde/batch");
        let last = &batch["last"];
        let (Some(cycle), Some(name)) = (last["cycle_start"].as_u64(), last["batch"].as_str())
        else {
            return;
        };
        let of_cycle = self.batches.entry(cycle).or_default();
        if of_cycle.insert(name.to_owned(), last.clone()).is_none() {
            let began = last["started_ms"].as_u64().unwrap_or_default();
            output::progress(&format!(
                "block {}: batch of cycle {cycle} began at block {}, {} of {} jobs right",
                self.block(),
                self.block_at(began),
                sum(last, "right"),
                sum(last, "jobs")
            ));
        }
    }

    fn look_at_weights(&mut self) {
        let weights = self.ask("/horde/weights");
        for cycle in weights["cycles"].as_array().into_iter().flatten() {
            let Some(start) = cycle["cycle_start"].as_u64() else {
                continue;
            };
            let old = self
                .weights
                .insert(start, cycle.clone())
                .unwrap_or_default();
            if old["state"] != cycle["state"] {
                output::progress(&format!(
                    "block {}: weights of cycle {start}: {}",
                    self.block(),
                    cycle["state"].as_str().unwrap_or_default()
                ));
            }
        }
    }
}
