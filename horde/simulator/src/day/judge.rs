//! What must hold on a day, looked at from outside of the validator: at the chain, the facilitator and the miners.
//!
//! The judge keeps the first thing that is not as it must be. What the validator says of itself only explains why weights were
//! given up, and must not change.

mod batches;
mod times;
mod users;
mod weights;

use horde_devnet::MinerReport;
use horde_devnet::chain::JournalEntry;
use horde_devnet::facilitator::FacilitatorReport;
use horde_proto::miner::ToMiner;
use serde_json::Value;
use tig_simulator::finding::Finding;

use self::batches::Batches;
use self::times::Times;
use self::users::Users;
use self::weights::Weights;
use super::scenario::{CYCLE_BLOCKS, Day, FIRST_CYCLE};
use super::trouble::Trigger;
use crate::judge::jobs::{Fault, Jobs};
use crate::judge::violation;
use crate::stage::Witness;

/// Keys that the extensions keep, by their beginnings: what they know, and what is over.
const KEPT_KEYS: [(&str, &str); 22] = [
    ("horde_batch", "dynamic_config"),
    ("horde_batch", "finished/"),
    ("horde_batch", "newest_cycle"),
    ("horde_chain", ""),
    ("horde_facilitator", "job/"),
    ("horde_miners", "group/"),
    ("horde_miners", "over/"),
    ("horde_miners", "receipt/"),
    ("horde_miners", "wanted"),
    ("horde_organic", "addresses"),
    ("horde_organic", "dynamic_config"),
    ("horde_organic", "miner/"),
    ("horde_organic", "over/"),
    ("horde_organic", "signed/"),
    ("horde_receipts", ""),
    ("horde_report", ""),
    ("horde_schedule", ""),
    ("horde_score", "dynamic_config"),
    ("horde_weights", "cycle/"),
    ("horde_weights", "dynamic_config"),
    ("horde_weights", "owner"),
    ("horde_weights", "scores/"),
];

/// What all came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Cycles with a batch.
    pub(super) batches: u64,
    /// Cycles whose weights are on the chain.
    pub(super) weights: u64,
    /// Jobs that users ordered.
    pub(super) orders: u64,
    /// Those that were completed.
    pub(super) completed: u64,
}

/// What has been seen, and the first rule that was broken.
pub(super) struct DayJudge {
    finding: Finding,
    cycles: Vec<u32>,
    /// Number of the facilitator among the peers.
    facilitator: usize,
    jobs: Jobs,
    batches: Batches,
    users: Users,
    weights: Weights,
    times: Times,
    seen: Vec<Trigger>,
}

impl DayJudge {
    /// A judge of a day whose miners come before the facilitator.
    pub(super) fn new(day: &Day, facilitator: usize) -> Self {
        let cycles = 0..day.cycles;
        let cycles: Vec<u32> = cycles.map(|it| FIRST_CYCLE + it * CYCLE_BLOCKS).collect();
        Self {
            finding: Finding::default(),
            cycles,
            facilitator,
            jobs: Jobs::default(),
            batches: Batches::new(&day.miners),
            users: Users::new(day),
            weights: Weights::default(),
            times: Times::default(),
            seen: Vec::new(),
        }
    }

    /// What all came to.
    pub(super) fn sums(&self) -> Sums {
        let cycles = || self.cycles.iter().copied();
        Sums {
            batches: cycles().filter(|cycle| self.batches.has(*cycle)).count() as u64,
            weights: cycles()
                .filter(|cycle| self.weights.is_on_chain(*cycle))
                .count() as u64,
            orders: self.users.ordered(),
            completed: self.users.completed,
        }
    }

    /// Something has happened for which troubles may wait.
    fn saw(&mut self, trigger: Trigger) {
        if !self.seen.contains(&trigger) {
            self.seen.push(trigger);
        }
    }

    /// What has happened since the last call.
    pub(super) fn take_seen(&mut self) -> Vec<Trigger> {
        std::mem::take(&mut self.seen)
    }

    /// The host has done all that it can, unless it was killed over it.
    pub(super) fn settled(&mut self, is_killed: bool) {
        self.users.settled(is_killed);
        if is_killed {
            self.times.note_kill();
        }
    }

    /// A block was made. The chain is faulty now, or not; this validator and these miners are registered, or not.
    pub(super) fn block(&mut self, number: u32, is_faulty: bool, is_ours: bool, miners: &[bool]) {
        self.times.block(number, is_faulty, is_ours, miners);
    }

    /// From now on the chain has faults.
    pub(super) fn chain_fault(&mut self) {
        self.times.note_fault();
    }

    /// The host sends a request about weights.
    pub(super) fn weights_sent(&mut self, body: &[u8]) {
        self.saw(Trigger::Weights);
        self.weights.note_sent(body);
    }

    /// A user has ordered a job.
    pub(super) fn ordered(&mut self, uuid: &str, marker: String) {
        self.users.order(uuid, marker);
    }

    /// The last batch that is over, as the validator reports it.
    pub(super) fn batch_report(&mut self, last: &Value) {
        self.weights.note_batch(last);
    }

    /// What the validator says of its weights.
    pub(super) fn weights_report(&mut self, now_ms: u64, report: &Value) {
        let checked = self.weights.report(report);
        self.check(now_ms, checked);
    }

    /// What an extension has stored at the end.
    pub(super) fn left(&mut self, now_ms: u64, extension: &str, keys: &[String]) {
        let is_kept = |key: &&String| {
            let mut kept = KEPT_KEYS.iter();
            kept.any(|(owner, prefix)| *owner == extension && key.starts_with(prefix))
        };
        if let Some(key) = keys.iter().find(|key| !is_kept(key)) {
            let text = format!("{extension} has still stored {key}");
            self.finding.blame(now_ms, "nothing is left over", text);
        }
    }

    /// Everything that was asked of the chain.
    pub(super) fn journal<'a>(
        &mut self,
        now_ms: u64,
        journal: impl Iterator<Item = &'a JournalEntry>,
    ) {
        let checked = self
            .weights
            .check_journal(journal, self.times.is_chain_true());
        self.check(now_ms, checked);
    }

    /// What a miner has seen.
    pub(super) fn miner_report(&mut self, now_ms: u64, report: &MinerReport) {
        if let Some(text) = violation(report) {
            let property = "the validator keeps to the protocol of miners";
            self.finding.blame(now_ms, property, text);
        }
    }

    /// What the facilitator has seen.
    pub(super) fn facilitator_report(&mut self, now_ms: u64, report: &FacilitatorReport) {
        let checked = self.users.check(report);
        self.check(now_ms, checked);
    }

    /// The day is over.
    pub(super) fn end(&mut self, now_ms: u64) {
        for cycle in self.cycles.clone() {
            let checked = self.batches.check(cycle, &self.times);
            self.check(now_ms, checked);
            let has_batch = self.batches.has(cycle);
            let checked = self.weights.check(cycle, has_batch, &self.times);
            self.check(now_ms, checked);
        }
    }

    fn check(&mut self, now_ms: u64, checked: Result<(), Fault>) {
        if let Err((property, text)) = checked {
            self.finding.blame(now_ms, property, text);
        }
    }
}

impl Witness for DayJudge {
    fn sent(&mut self, now_ms: u64, peer: usize, text: &str) {
        if peer == self.facilitator {
            if self.users.status_sent(text) {
                self.saw(Trigger::Status);
            }
            return;
        }
        // A user's job belongs to no batch, and a batch to its cycle, so that all are of one here.
        let checked = self.jobs.sent(peer, 0, text);
        self.check(now_ms, checked);
        match ToMiner::parse(text) {
            Ok(ToMiner::InitialJob(request)) => {
                if request.job_started_receipt_payload.is_organic {
                    return;
                }
                self.saw(Trigger::Batch);
                let block = self.times.newest();
                let checked = self.batches.reserve(now_ms, block, peer, &request.job_uuid);
                self.check(now_ms, checked);
            }
            Ok(ToMiner::Job(request)) => {
                let checked = self.users.run(&request.docker_run_cmd);
                self.check(now_ms, checked);
            }
            _ => {}
        }
    }

    fn heard(&mut self, _now_ms: u64, peer: usize, text: &str) {
        if peer != self.facilitator {
            return self.jobs.heard(peer, text);
        }
        if self.users.request_heard(text) {
            self.saw(Trigger::Request);
        }
    }

    fn finding(&mut self) -> &mut Finding {
        &mut self.finding
    }
}
