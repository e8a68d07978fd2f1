//! What must hold whatever happens, looked at from outside of the validator.
//!
//! The judge sees the frames between the host and the miners (`jobs`), what the command and `GET /horde/batch` say of a batch
//! (`batches`), and what is left at the end. It keeps the first thing that is not as it must be.

mod batches;
pub(crate) mod jobs;

use horde_devnet::{MinerReport, Violation as MinerViolation, ViolationKind};
use horde_events::BatchReport;
use tig_simulator::finding::Finding;

use self::jobs::Jobs;
use crate::scenario::{DOWN_MS_MAX, MinerProfile};
use crate::stage::Witness;

/// Within this virtual time a batch is over: the 20 minutes that it may take, and what a killed host is down.
pub const BATCH_MS_MAX: u64 = 20 * 60_000 + 8 * DOWN_MS_MAX;

/// Keys that the extensions keep after their batches, by their beginnings: of what is over.
const KEPT_KEYS: [(&str, &str); 5] = [
    ("horde_batch", "finished/"),
    ("horde_miners", "group/"),
    ("horde_miners", "over/"),
    ("horde_miners", "receipt/"),
    ("horde_miners", "wanted"),
];

/// Vice of a miner whose clock is wrong.
const CLOCK_VICE: &str = "clock-off";

/// A miner as the judge knows it.
#[derive(Clone, Debug)]
pub struct KnownMiner {
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// Who it is.
    pub profile: MinerProfile,
}

/// A batch that is over.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// The host was killed while it was under way.
    pub is_killed: bool,
    /// Miners may still hold executors for jobs that an earlier kill has interrupted.
    pub is_held: bool,
    /// What `GET /horde/batch` says of it.
    pub report: &'a BatchReport,
}

/// What has been seen, and the first rule that was broken.
#[derive(Debug)]
pub struct Judge {
    /// The first violation.
    pub finding: Finding,
    miners: Vec<KnownMiner>,
    /// The last batch that was called.
    batch: u64,
    jobs: Jobs,
    /// Jobs that got their outcome.
    pub outcomes: u64,
    /// Those that were right.
    pub right: u64,
    /// Those that were excused or interrupted.
    pub spared: u64,
}

impl Judge {
    /// A judge of a run.
    #[must_use]
    pub fn new(miners: Vec<KnownMiner>) -> Self {
        Self {
            finding: Finding::default(),
            miners,
            batch: 0,
            jobs: Jobs::default(),
            outcomes: 0,
            right: 0,
            spared: 0,
        }
    }

    /// Batch number `batch` is called.
    pub fn called(&mut self, batch: u64) {
        self.batch = batch;
    }

    /// A batch is over.
    pub fn ended(&mut self, now_ms: u64, ended: Ended<'_>) {
        for column in &ended.report.miners {
            for class in &column.classes {
                self.outcomes += u64::from(class.jobs);
                self.right += u64::from(class.right);
                self.spared += u64::from(class.excused) + u64::from(class.interrupted);
            }
        }
        if let Err((property, text)) = batches::check(&self.miners, &self.jobs, ended) {
            let text = format!("batch {}: {text}", ended.number);
            self.finding.blame(now_ms, property, text);
        }
    }

    /// What a miner has seen of the validator, at the end.
    pub fn reported(&mut self, now_ms: u64, report: &MinerReport) {
        if let Some(text) = violation(report) {
            self.finding
                .blame(now_ms, "the validator keeps to the protocol", text);
        }
    }

    /// What an extension has stored, once nothing is to be done any more.
    pub fn left(&mut self, now_ms: u64, extension: &str, keys: &[String]) {
        let is_kept = |key: &&String| {
            let mut kept = KEPT_KEYS.iter();
            kept.any(|(owner, prefix)| *owner == extension && key.starts_with(prefix))
        };
        if let Some(key) = keys.iter().find(|key| !is_kept(key)) {
            let text = format!("{extension} has still stored {key}");
            self.finding
                .blame(now_ms, "nothing of a batch is left over", text);
        }
    }
}

/// What a miner has seen of the validator that is against the protocol.
pub(crate) fn violation(report: &MinerReport) -> Option<String> {
    // A miner whose clock is wrong refuses every validator.
    let has_clock = !report.vices.iter().any(|vice| vice.starts_with(CLOCK_VICE));
    let is_fault = |violation: &&MinerViolation| {
        has_clock || violation.kind != ViolationKind::AuthenticationRefused
    };
    let violation = report.violations.iter().find(is_fault)?;
    Some(format!("miner {}: {violation:?}", report.index))
}

impl Witness for Judge {
    fn sent(&mut self, now_ms: u64, peer: usize, text: &str) {
        if let Err((property, text)) = self.jobs.sent(peer, self.batch, text) {
            self.finding.blame(now_ms, property, text);
        }
    }

    fn heard(&mut self, _now_ms: u64, peer: usize, text: &str) {
        self.jobs.heard(peer, text);
    }

    fn finding(&mut self) -> &mut Finding {
        &mut self.finding
    }
}
