//! All that is known of the jobs at one moment, as panels and conditions see it. Copies nothing.

use std::collections::BTreeMap;

use crate::JobManager;
use crate::config::Config;
use crate::finished::Finished;
use crate::job::{Job, Stage};
use crate::network::Network;
use crate::pace::Pace;

/// Batches are open and no slave delivers one: from this time on, somebody should look.
const SILENCE_MS: u64 = 600_000;

pub(crate) struct View<'a> {
    pub(crate) jobs: &'a BTreeMap<String, Job>,
    pub(crate) config: &'a Config,
    pub(crate) network: &'a Network,
    pub(crate) pace: &'a Pace,
    pub(crate) finished: &'a Finished,
    pub(crate) block_seconds: Option<f64>,
    pub(crate) batches_per_minute: Option<f64>,
    /// Audits of the last hour that no slave has taken.
    pub(crate) audits_unclaimed: usize,
    /// Batches are open, and no slave has delivered one for long.
    pub(crate) is_silent: bool,
    pub(crate) now_ms: u64,
}

impl<'a> View<'a> {
    pub(crate) fn new(manager: &'a JobManager, now_ms: u64) -> Self {
        let silent_since_ms = manager.silent_since_ms;
        Self {
            jobs: &manager.jobs,
            config: &manager.config,
            network: &manager.network,
            pace: &manager.pace,
            finished: &manager.finished,
            block_seconds: manager.clock.seconds(),
            batches_per_minute: manager.batch_rate.per_minute(now_ms),
            audits_unclaimed: manager.unclaimed.of_last_hour(now_ms),
            is_silent: silent_since_ms
                .is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= SILENCE_MS),
            now_ms,
        }
    }

    pub(crate) fn by_stage(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&str, u64> =
            Stage::ALL.iter().map(|stage| (stage.name(), 0)).collect();
        for job in self.jobs.values() {
            *counts.entry(job.stage().name()).or_default() += 1;
        }
        counts
    }

    /// Batches that slaves still have to deliver, and those that they have delivered, of the jobs that go on.
    pub(crate) fn batches(&self) -> (u64, u64) {
        let active = self.jobs.values().filter(|job| job.is_active());
        active.fold((0, 0), |(open, done), job| {
            let finished = job.num_finished() as u64;
            (open + job.num_batches() - finished, done + finished)
        })
    }

    /// Sampled nonces whose proofs are missing.
    pub(crate) fn proofs_open(&self) -> u64 {
        let active = self.jobs.values().filter(|job| job.is_active());
        let missing = active.map(|job| job.num_sampled() - job.num_proved());
        missing.sum::<usize>() as u64
    }
}
