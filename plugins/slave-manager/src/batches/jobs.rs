//! The jobs of the batches: how they begin, become stale and end.
//!
//! Invariant: all batches of a job that wait or are leased have the random hash of its template.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tig_events::{LifespanWindow, ListedPrecommit, is_reconfirmed};
use tig_protocol::Batch;

use super::Queue;
use super::key::{BatchKey, JobNumber, Version};
use super::late::LateResults;
use crate::slaves::Name;

/// A job of which batches are or were known.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Job {
    /// What all its batches have in common.
    pub(super) template: Batch,
    /// Height from which the lifespan counts; of the first block seen if no listing has it.
    block_started: Option<u32>,
    /// Its benchmark was listed, or proofs of it were wanted: a listing that lacks it says nothing.
    #[serde(default)]
    pub(super) is_benchmarked: bool,
    /// What nobody need compute any more: slaves that have it may answer, and nobody else gets it.
    #[serde(default)]
    pub(super) withdrawn: BTreeSet<Version>,
    #[serde(default, rename = "strays")]
    pub(super) late: LateResults,
}

/// What a block lists of a job as confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    /// At most its precommit.
    Precommitted,
    Benchmarked,
    Proved,
}

/// Batches that a block has made useless.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Forgotten {
    /// Of jobs that are proved, expired, or too late for their proof to count.
    pub(crate) ended: usize,
    /// Of a random hash that the network has rolled back.
    pub(crate) stale: usize,
}

impl Queue {
    /// Forgets the batches for which nothing can be done any more at the newest block.
    pub(crate) fn follow(
        &mut self,
        window: LifespanWindow,
        precommits: &BTreeMap<String, ListedPrecommit>,
        progress: impl Fn(&str) -> Progress,
    ) -> Forgotten {
        self.height = window.height;
        let listed = precommits.iter();
        self.listed = listed
            .map(|(id, precommit)| (id.clone(), precommit.block_started()))
            .collect();
        let ended = self.end_jobs(window, progress);
        let stale = precommits
            .iter()
            .map(|(id, precommit)| self.reconfirm(id, precommit.rand_hash()))
            .sum();
        Forgotten { ended, stale }
    }

    fn end_jobs(&mut self, window: LifespanWindow, progress: impl Fn(&str) -> Progress) -> usize {
        let (jobs, listed) = (&mut self.jobs, &self.listed);
        let mut dead = Vec::new();
        self.numbers.retain(|benchmark_id, number| {
            let Some(job) = jobs.get_mut(number) else {
                return false;
            };
            let started = listed.get(benchmark_id).copied().or(job.block_started);
            let started = *job.block_started.insert(started.unwrap_or(window.height));
            let progress = progress(benchmark_id);
            job.is_benchmarked |= progress == Progress::Benchmarked;
            let is_over = match progress {
                Progress::Proved => true,
                _ if job.is_benchmarked => window.is_too_late(started),
                _ => window.is_too_late_to_benchmark(started),
            };
            let lives = !is_over && !window.is_expired(started);
            if !lives {
                dead.push(*number);
            }
            lives
        });
        dead.into_iter().map(|job| self.forget(job)).sum()
    }

    /// Makes the batches of a job stale if the network has reconfirmed its precommit; those of the listed hash are still to
    /// come. Returns the number of batches forgotten.
    fn reconfirm(&mut self, benchmark_id: &str, listed: Option<&str>) -> usize {
        let (Some(job), Some(listed)) = (self.job(benchmark_id), listed) else {
            return 0;
        };
        if !is_reconfirmed(Some(&job.template.rand_hash), Some(listed)) {
            return 0;
        }
        let template = Batch {
            rand_hash: listed.to_owned(),
            ..job.template.clone()
        };
        let num_open = self.waiting.len() + self.leases.len();
        // The slaves that still compute for the former hash are remembered with the job.
        self.job_of(template);
        num_open - (self.waiting.len() + self.leases.len())
    }

    /// Forgets a job whose results are stale, except for the slaves that may still send some.
    fn make_stale(&mut self, number: JobNumber) -> LateResults {
        let job = self.jobs.get_mut(&number);
        let mut late = job.map(|job| std::mem::take(&mut job.late));
        for version in Version::ALL {
            for key in self.leases.keys(BatchKey::job_range(version, number)) {
                if let (Some(late), Some(lease)) = (&mut late, self.leases.get(key)) {
                    late.add_unanswered(key.start_nonce, &lease.slave);
                }
            }
        }
        self.forget(number);
        late.map(LateResults::into_stale).unwrap_or_default()
    }

    fn forget(&mut self, job: JobNumber) -> usize {
        let mut forgotten = 0;
        self.jobs.remove(&job);
        for version in Version::ALL {
            forgotten += self.forget_waiting(version, job);
            let range = || BatchKey::job_range(version, job);
            for key in self.leases.keys(range()) {
                self.leases.remove(key);
                forgotten += 1;
            }
            self.completed.forget(range());
        }
        forgotten
    }

    fn forget_waiting(&mut self, version: Version, job: JobNumber) -> usize {
        let mut forgotten = 0;
        for key in self.waiting.keys(BatchKey::job_range(version, job)) {
            self.waiting.remove(key);
            forgotten += 1;
        }
        forgotten
    }

    /// Forgets the waiting audits of a job, or all its waiting batches, and returns their number.
    pub(crate) fn withdraw(&mut self, benchmark_id: &str, audits_only: bool) -> usize {
        let Some(&number) = self.numbers.get(benchmark_id) else {
            return 0;
        };
        let versions = Version::ALL.into_iter();
        let versions = versions.filter(|version| !audits_only || *version == Version::Audit);
        let mut forgotten = 0;
        for version in versions {
            forgotten += self.forget_waiting(version, number);
            if let Some(job) = self.jobs.get_mut(&number) {
                job.withdrawn.insert(version);
            }
        }
        forgotten
    }

    /// Random hash of the job's batches.
    pub(crate) fn rand_hash(&self, benchmark_id: &str) -> Option<&str> {
        Some(&self.job(benchmark_id)?.template.rand_hash)
    }

    /// Algorithm of the job's batches.
    pub(crate) fn algorithm_id(&self, benchmark_id: &str) -> Option<&str> {
        Some(&self.job(benchmark_id)?.template.settings.algorithm_id)
    }

    /// Algorithms of which a batch waits for a slave.
    pub(crate) fn waiting_algorithms(&self) -> BTreeSet<&str> {
        let waits = |number: JobNumber| {
            let mut versions = Version::ALL.into_iter();
            versions.any(|version| self.waiting.has_any(BatchKey::job_range(version, number)))
        };
        let jobs = self.jobs.iter().filter(|(number, _)| waits(**number));
        jobs.map(|(_, job)| job.template.settings.algorithm_id.as_str())
            .collect()
    }

    fn job(&self, benchmark_id: &str) -> Option<&Job> {
        self.jobs.get(self.numbers.get(benchmark_id)?)
    }

    /// The jobs with one of these algorithms.
    pub(super) fn jobs_of(&self, algorithms: &BTreeSet<&str>) -> BTreeSet<JobNumber> {
        if algorithms.is_empty() {
            return BTreeSet::new();
        }
        let is_of = |job: &Job| algorithms.contains(job.template.settings.algorithm_id.as_str());
        let jobs = self.jobs.iter().filter(|(_, job)| is_of(job));
        jobs.map(|(number, _)| *number).collect()
    }

    /// Whether this result of `slave` may be for a stale random hash; to be asked once per result.
    pub(crate) fn take_stale(
        &mut self,
        benchmark_id: &str,
        start_nonce: u64,
        slave: &Name,
    ) -> bool {
        let late = self.late_mut(benchmark_id);
        late.is_some_and(|late| late.take_stale(start_nonce, slave))
    }

    /// Whether this result of `slave`, which proves other nonces than the sampled ones, may be for those that were sampled before
    /// a rollback; to be asked once per result.
    pub(crate) fn take_resampled(
        &mut self,
        benchmark_id: &str,
        start_nonce: u64,
        slave: &Name,
    ) -> bool {
        let late = self.late_mut(benchmark_id);
        late.is_some_and(|late| late.take_resampled(start_nonce, slave))
    }

    fn late_mut(&mut self, benchmark_id: &str) -> Option<&mut LateResults> {
        let number = self.numbers.get(benchmark_id)?;
        Some(&mut self.jobs.get_mut(number)?.late)
    }

    /// Number of the job of `batch`, which becomes its template. One with another random hash makes the former ones stale.
    pub(super) fn job_of(&mut self, batch: Batch) -> JobNumber {
        let mut late = LateResults::default();
        if let Some(&number) = self.numbers.get(&batch.benchmark_id) {
            let job = self.jobs.get_mut(&number);
            match job.filter(|job| job.template.rand_hash == batch.rand_hash) {
                Some(job) => {
                    job.template = batch;
                    return number;
                }
                None => late = self.make_stale(number),
            }
        }
        let listed = self.listed.get(&batch.benchmark_id).copied();
        let number = JobNumber {
            block_started: listed.unwrap_or(self.height),
            arrival: self.arrivals,
        };
        self.arrivals = self.arrivals.wrapping_add(1);
        self.numbers.insert(batch.benchmark_id.clone(), number);
        let job = Job {
            template: batch,
            block_started: listed,
            is_benchmarked: false,
            withdrawn: BTreeSet::new(),
            late,
        };
        self.jobs.insert(number, job);
        number
    }
}
