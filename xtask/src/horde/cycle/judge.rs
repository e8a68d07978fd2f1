//! What must hold, by what chain, facilitator and miners have seen.

use std::collections::{BTreeMap, BTreeSet};

use horde_system_tests::{HOTKEY, Miners};
use serde_json::Value;
use tig_system_tests::get;

use super::settled::{is_settled, stored};
use super::watch::Watch;
use super::{EXECUTORS, VICES};
use crate::Result;
use crate::horde::columns::{number, sum};

/// Blocks after its slot at which a batch may begin, with what a look may be late.
const LATE_BLOCKS_MAX: u32 = 28;
/// Vices that cost a miner nothing.
const HARMLESS: [&str; 2] = ["twice", "slow:100"];

/// Reports of those outside of the validator.
pub(super) struct Evidence {
    /// First blocks of the cycles.
    pub(super) cycles: Vec<u32>,
    /// Everything that was asked of the chain.
    pub(super) chain: Vec<Value>,
    /// The facilitator's report.
    pub(super) facilitator: Value,
    miners: Vec<Value>,
    has_faults: bool,
}

impl Evidence {
    pub(super) fn read(miners: &Miners, cycles: Vec<u32>, has_faults: bool) -> Result<Self> {
        let list = |value: Value| value.as_array().cloned().unwrap_or_default();
        let journal: Value = get(&miners.control, "/chain/journal")?.json()?;
        let address = miners.facilitator_address()?;
        Ok(Self {
            cycles,
            chain: list(journal),
            facilitator: get(address, "/control/report")?.json()?,
            miners: list(miners.report()?),
            has_faults,
        })
    }

    /// The jobs of users.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Value> {
        self.facilitator["jobs"].as_array().into_iter().flatten()
    }

    /// What this validator has asked of the chain and is in a block.
    pub(super) fn included(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.asked(kind)
            .filter(|entry| entry["outcome"] == "included")
    }

    fn asked(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let entries = self.chain.iter();
        entries.filter(move |entry| entry["hotkey"] == HOTKEY && entry["kind"] == kind)
    }
}

/// All that is not as it must be.
pub(super) fn judge(evidence: &Evidence, watch: &Watch) -> Vec<String> {
    let mut faults = Vec::new();
    let is_calm = !evidence.has_faults && watch.kills == 0;
    for cycle in evidence.cycles.iter().copied().map(u64::from) {
        judge_batch(watch, cycle, is_calm, &mut faults);
        judge_weights(evidence, watch, cycle, &mut faults);
    }
    judge_chain(evidence, watch, &mut faults);
    judge_jobs(evidence, is_calm, &mut faults);
    for miner in &evidence.miners {
        let violations = miner["violations"].as_array().into_iter().flatten();
        faults.extend(violations.map(|it| format!("miner {} has seen {it}", miner["index"])));
    }
    faults
}

/// A cycle has one batch, and in calm times that is whole and in its slot.
fn judge_batch(watch: &Watch, cycle: u64, is_calm: bool, faults: &mut Vec<String>) {
    let none = BTreeMap::new();
    let batches = watch.batches.get(&cycle).unwrap_or(&none);
    if batches.len() > 1 {
        faults.push(format!("cycle {cycle} has {} batches", batches.len()));
    }
    if !is_calm {
        return;
    }
    let (Some(slot), Some(batch)) = (watch.slots.get(&cycle), batches.values().next()) else {
        faults.push(format!("cycle {cycle} has no batch"));
        return;
    };
    let began = watch.block_at(batch["started_ms"].as_u64().unwrap_or_default());
    if began + 1 < *slot || began > slot + LATE_BLOCKS_MAX {
        faults.push(format!(
            "batch of cycle {cycle} began at block {began}, not {slot}"
        ));
    }
    // A user's job takes an executor out of the batch.
    for miner in batch["miners"].as_array().into_iter().flatten() {
        let class = &miner["classes"][0];
        let (jobs, right) = (number(class, "jobs"), number(class, "right"));
        if right > 0 && right < jobs || jobs > u64::from(EXECUTORS) {
            faults.push(format!(
                "cycle {cycle}: {right} of {jobs} jobs right: {miner}"
            ));
        }
    }
    let harmful = VICES.iter().filter(|vice| !HARMLESS.contains(vice)).count();
    let rows = batch["miners"].as_array().into_iter().flatten();
    let wronged = rows
        .filter(|miner| number(&miner["classes"][0], "right") == 0)
        .count();
    if wronged > harmful {
        faults.push(format!(
            "cycle {cycle}: {wronged} miners without a right answer, not {harmful}"
        ));
    }
}

/// Each cycle has an end; a batch with right answers gets its weights onto the chain unless the chain itself fails.
fn judge_weights(evidence: &Evidence, watch: &Watch, cycle: u64, faults: &mut Vec<String>) {
    let Some(end) = watch.end(cycle) else {
        faults.push(format!("weights of cycle {cycle} have no end"));
        return;
    };
    let batches = watch.batches.get(&cycle).into_iter().flatten();
    let right: u64 = batches.map(|(_, batch)| sum(batch, "right")).sum();
    if end == "given_up" && right > 0 && !evidence.has_faults {
        let why = &watch.weights[&cycle]["end"]["reason"];
        faults.push(format!("weights of cycle {cycle} are given up: {why}"));
    }
}

/// Weights are on the chain once for each cycle, and no cycle has committed to two hashes.
fn judge_chain(evidence: &Evidence, watch: &Watch, faults: &mut Vec<String>) {
    let ends = |end: &str| {
        let cycles = watch.weights.keys();
        cycles
            .filter(|cycle| watch.end(**cycle) == Some(end))
            .count()
    };
    let hashes: BTreeSet<&str> = evidence
        .asked("commit")
        .filter_map(|entry| entry["commit_hash"].as_str())
        .collect();
    let intents = watch
        .weights
        .values()
        .filter(|cycle| cycle["commit_hash"].is_string())
        .count();
    if hashes.len() > intents {
        faults.push(format!(
            "{} hashes were committed to for {intents} cycles",
            hashes.len()
        ));
    }
    for hash in hashes {
        let times = evidence
            .included("commit")
            .filter(|entry| entry["commit_hash"] == hash);
        if times.count() > 1 {
            faults.push(format!("commitment {hash} is on the chain twice"));
        }
    }
    let (reveals, revealed) = (evidence.included("reveal").count(), ends("revealed"));
    if reveals != revealed {
        faults.push(format!(
            "{reveals} reveals on the chain, and {revealed} cycles are revealed"
        ));
    }
    let (sets, applied) = (evidence.included("set").count(), ends("applied"));
    if sets < applied || sets > applied && !evidence.has_faults {
        faults.push(format!(
            "weights were set {sets} times, and {applied} cycles are applied"
        ));
    }
}

/// Each job has one end.
fn judge_jobs(evidence: &Evidence, is_calm: bool, faults: &mut Vec<String>) {
    let report = &evidence.facilitator;
    for job in evidence.jobs() {
        let uuid = &job["uuid"];
        if !is_settled(report, job) {
            faults.push(format!("job {uuid} has no end"));
        }
        let ends = stored(job)
            .filter(|status| status["status"] != "accepted")
            .count();
        if ends > 1 {
            faults.push(format!("job {uuid} has {ends} ends"));
        }
        let is_free = job["version"] == "V2";
        let is_completed = stored(job).any(|status| status["status"] == "completed");
        if is_calm && is_free && !is_completed {
            faults.push(format!(
                "job {uuid}, whose miner the validator chose, is not completed"
            ));
        }
    }
    let violations = report["violations"].as_array().into_iter().flatten();
    faults.extend(violations.map(|it| format!("the facilitator has seen {it}")));
}
