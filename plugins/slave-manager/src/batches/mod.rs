//! The batches: waiting for a slave, leased to one, or completed.
//!
//! Invariants: a key is waiting or leased, never both; while the proof version of a batch is known its plain one does
//! not wait, for the result with proofs brings the root too. Leasing, expiring and completing a batch cost
//! O(log n).

mod completed;
mod jobs;
mod key;
mod late;
mod leased;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use completed::Completed;
use jobs::Job;
pub(crate) use jobs::{Forgotten, Progress};
pub(crate) use key::{BatchKey, Version};
use key::{JobNumber, pairs};
use leased::Leases;
use serde::{Deserialize, Serialize};
use tig_protocol::{Batch, BatchOfJob};
pub(crate) use waiting::Rules;
use waiting::{Entry, WaitingBatches};

use crate::slaves::Name;

/// Batches known at a time, waiting or leased; more are left to be emitted again later.
const BATCHES_MAX: usize = 250_000;

/// Batches out with one slave at a time.
const LEASES_PER_SLAVE_MAX: usize = 64;

/// A slave that has failed at a batch does not get it again for so long, so that another one tries first.
const FAILED_MS: u64 = 60_000;

/// The proofs of a batch are kept for so long for the slave that has computed its root, which may still have its tree.
const AFFINITY_MS: u64 = 5_000;

/// A lease doubles with each one of the same batch that has ended without an answer, up to so many times: a batch that takes
/// longer than a lease would go round for ever.
const LEASE_DOUBLINGS_MAX: u8 = 5;

/// The queue with its leases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Queue {
    numbers: BTreeMap<String, JobNumber>,
    #[serde(with = "pairs")]
    jobs: BTreeMap<JobNumber, Job>,
    arrivals: u32,
    #[serde(rename = "shelf")]
    waiting: WaitingBatches,
    leases: Leases,
    #[serde(rename = "finished")]
    completed: Completed,
    /// Of the newest block: height, and where the listed jobs began.
    height: u32,
    listed: BTreeMap<String, u32>,
}

/// What is known of a batch for which a result has come.
pub(crate) enum Known {
    /// Nothing.
    No,
    /// It has a good result already.
    Completed,
    /// What the result must answer, and its key if it is to be removed from the queue.
    Open(Box<Batch>, Option<BatchKey>),
}

/// What a new batch means for slaves that wait for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    /// It was known.
    Nothing,
    /// Any of them may have it.
    Open,
    /// One of them gets it.
    Reserved,
}

/// What the time has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expired {
    /// Batches that have become available.
    pub(crate) freed: u64,
    /// The slave of each lease that is over.
    pub(crate) slaves: Vec<Name>,
}

impl Queue {
    pub(crate) fn num_queued(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn num_queued_of(&self, version: Version) -> usize {
        self.waiting.count(version)
    }

    pub(crate) fn num_leased(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn num_leased_to(&self, slave: &str) -> usize {
        self.leases.count(slave)
    }

    /// Slaves that have a batch.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &Name> {
        self.leases.holders()
    }

    /// Ids of the batches that `slave` holds, each with its algorithm and the Unix milliseconds at which its lease ends.
    pub(crate) fn leases_of(&self, slave: &str) -> Vec<(String, &str, u64)> {
        let held = self.leases.of(slave).filter_map(|(key, deadline_ms)| {
            let template = &self.jobs.get(&key.job)?.template;
            let id = format!("{}_{}", template.benchmark_id, key.start_nonce);
            Some((id, template.settings.algorithm_id.as_str(), deadline_ms))
        });
        held.collect()
    }

    /// Queues a batch. One that is known is not queued twice; its proof version takes the place of a queued plain one.
    /// A batch that comes again after its result had a bad result, so other slaves try first. Its proofs are reserved for a while
    /// for the slave that has computed its root, if `is_present`.
    pub(crate) fn push(
        &mut self,
        batch: Batch,
        now_ms: u64,
        is_present: impl Fn(&str) -> bool,
    ) -> Pushed {
        let version = if batch.sampled_nonces.is_empty() {
            Version::Plain
        } else {
            Version::Proof
        };
        let Some((key, mut entry)) = self.admit(batch, version) else {
            return Pushed::Nothing;
        };
        if let Some(job) = self.jobs.get(&key.job) {
            for slave in job.late.stale_slaves(key.start_nonce) {
                entry.add_failure(Arc::clone(slave), now_ms.saturating_add(FAILED_MS));
            }
        }
        let known = self.entry(key).map(|known| &*known.sampled_nonces);
        let known = known.or_else(|| self.completed.sampled_nonces(key));
        if known.is_some_and(|known| *known != *entry.sampled_nonces) {
            // After a rollback the network has sampled others.
            self.waiting.remove(key);
            self.end_lease(key);
            if let Some(job) = self.jobs.get_mut(&key.job) {
                job.late.resample(key.start_nonce);
            }
        }
        let is_wanted =
            version == Version::Proof || !self.is_open(key.with_version(Version::Proof));
        let failed = self.completed.take_failed(key, &entry.sampled_nonces);
        if let Some(slave) = failed {
            entry.add_failure(slave, now_ms.saturating_add(FAILED_MS));
            self.waiting.remove(key.with_version(Version::Audit));
        }
        if !is_wanted || self.is_open(key) {
            return Pushed::Nothing;
        }
        self.waiting.remove(key.with_version(Version::Plain));
        let completer = self
            .completed
            .slave_of(key.with_version(Version::Plain))
            .cloned();
        let may_keep = |slave: &Name| {
            version == Version::Proof && is_present(slave) && entry.suits(slave, now_ms)
        };
        match completer.filter(may_keep) {
            Some(slave) => {
                let until_ms = now_ms.saturating_add(AFFINITY_MS);
                self.waiting.reserve_for(key, entry, slave, until_ms);
                Pushed::Reserved
            }
            None => {
                self.waiting.insert(key, entry);
                Pushed::Open
            }
        }
    }

    /// Queues a batch to be computed once more, by slaves that `rules` admit. Replaces an audit of it by others. A slave that
    /// computes it is not interrupted because others than it may have it now.
    pub(crate) fn push_audit(&mut self, batch: Batch, rules: Rules) -> Pushed {
        let Some((key, mut entry)) = self.admit(batch, Version::Audit) else {
            return Pushed::Nothing;
        };
        self.completed.take_failed(key, &[]);
        let known = self.entry(key).and_then(|entry| entry.rules.as_ref());
        let is_leased = self.waiting.get(key).is_none();
        let is_known = |known: &Rules| {
            known.not_for == rules.not_for && (is_leased || known.only_for == rules.only_for)
        };
        if known.is_some_and(|known| is_known(known)) {
            return Pushed::Nothing;
        }
        self.end_lease(key);
        let pushed = if rules.only_for.is_some() {
            Pushed::Reserved
        } else {
            Pushed::Open
        };
        entry.rules = Some(Box::new(rules));
        self.waiting.insert(key, entry);
        pushed
    }

    /// Key of the most urgent batch that `slave` may have, of no algorithm that it `cannot_run`; leased to it.
    pub(crate) fn lease(
        &mut self,
        slave: &Name,
        now_ms: u64,
        lease_ms: u64,
        cannot_run: &BTreeSet<&str>,
    ) -> Option<BatchKey> {
        if self.leases.count(slave) >= LEASES_PER_SLAVE_MAX {
            return None;
        }
        let skipped = self.jobs_of(cannot_run);
        let (key, entry) = self.waiting.take_for(slave, now_ms, &skipped)?;
        // A batch of no known job cannot be sent, so it is dropped instead of leased.
        self.jobs.get(&key.job)?;
        let factor = 1 << entry.expiries.min(LEASE_DOUBLINGS_MAX);
        let deadline_ms = now_ms.saturating_add(lease_ms.saturating_mul(factor));
        self.leases.add(key, entry, Arc::clone(slave), deadline_ms);
        Some(key)
    }

    /// Puts the batches whose leases are over back in the queue, and opens those whose reservation is over.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Expired {
        let mut freed = self.waiting.open_overdue(now_ms);
        let mut slaves = Vec::new();
        while let Some((key, mut lease)) = self.leases.pop_overdue(now_ms) {
            lease.entry.expiries = lease.entry.expiries.saturating_add(1);
            if let Some(job) = self.jobs.get_mut(&key.job) {
                job.late.add_unanswered(key.start_nonce, &lease.slave);
            }
            slaves.push(lease.slave);
            freed += u64::from(self.put_back(key, lease.entry));
        }
        Expired { freed, slaves }
    }

    /// The batch that a result of `slave` is to be checked against. `has_proofs` says whether it answers the proof version.
    pub(crate) fn find(
        &self,
        benchmark_id: &str,
        start_nonce: u64,
        has_proofs: bool,
        slave: &str,
    ) -> Known {
        let Some(plain) = self.plain_key(benchmark_id, start_nonce) else {
            return Known::No;
        };
        let (proof, audit) = (
            plain.with_version(Version::Proof),
            plain.with_version(Version::Audit),
        );
        if !has_proofs && self.leases.is_holder(audit, slave) {
            return self.known(audit, Some(audit));
        }
        // A slave that leased only the proof version must return proofs; without them the result is rejected.
        let owes_proofs =
            self.leases.is_holder(proof, slave) && !self.leases.is_holder(plain, slave);
        let (key, other) = if has_proofs || owes_proofs {
            (proof, plain)
        } else {
            (plain, proof)
        };
        match self.known(key, Some(key)) {
            Known::No if self.completed.needs_no_result_of(key, slave) => Known::Completed,
            // A late answer to the plain version may still bring the root, an unasked proof is checked and refused.
            Known::No => self.known(other, None),
            known => known,
        }
    }

    /// Keys of this batch that `slave` holds.
    pub(crate) fn held(&self, benchmark_id: &str, start_nonce: u64, slave: &str) -> Vec<BatchKey> {
        let plain = self.plain_key(benchmark_id, start_nonce);
        let keys = plain.map(|plain| Version::ALL.map(|version| plain.with_version(version)));
        let keys = keys.into_iter().flatten();
        keys.filter(|key| self.leases.is_holder(*key, slave))
            .collect()
    }

    /// Keys of all batches that `slave` holds.
    pub(crate) fn held_by(&self, slave: &str) -> Vec<BatchKey> {
        self.leases.of(slave).map(|(key, _)| key).collect()
    }

    /// Removes a batch with a good result of `slave` from the queue; proofs bring the root too, so they also finish the plain
    /// version.
    pub(crate) fn complete(&mut self, key: BatchKey, slave: &Name) {
        let mut versions = Version::ALL.into_iter();
        let is_answer =
            versions.any(|version| self.leases.is_holder(key.with_version(version), slave));
        self.take_answer_to(key, slave);
        let proof = key.version == Version::Proof;
        let keys = [Some(key), proof.then(|| key.with_version(Version::Plain))];
        for key in keys.into_iter().flatten() {
            let waiting = self.waiting.remove(key);
            let leased = self.end_lease(key);
            let sampled_nonces = waiting.or(leased).unwrap_or_default().sampled_nonces;
            self.completed.add(key, slave, &sampled_nonces, is_answer);
        }
        if let Some(job) = self.jobs.get_mut(&key.job) {
            job.late.remove_unanswered(key.start_nonce, slave);
        }
    }

    /// Whether the last result under this slave's name answered a batch that the slave held, and not only its name is on it.
    /// Each answer is found once. Proofs do not count if the root under the same name came from elsewhere.
    pub(crate) fn take_answer(
        &mut self,
        benchmark_id: &str,
        start_nonce: u64,
        slave: &str,
    ) -> bool {
        let plain = self.plain_key(benchmark_id, start_nonce);
        plain.is_some_and(|plain| self.take_answer_to(plain, slave))
    }

    fn take_answer_to(&mut self, key: BatchKey, slave: &str) -> bool {
        let mut found = false;
        for version in Version::ALL {
            found |= self.completed.take_answer(key.with_version(version), slave);
        }
        found
    }

    /// Puts a leased batch back in the queue; a slave that has failed at it leaves it to others first. Returns whether it
    /// can be had again.
    pub(crate) fn release(&mut self, key: BatchKey, failed_ms: Option<u64>) -> bool {
        let Some(mut lease) = self.leases.remove(key) else {
            return false;
        };
        if let Some(now_ms) = failed_ms {
            let until_ms = now_ms.saturating_add(FAILED_MS);
            lease.entry.add_failure(lease.slave, until_ms);
        }
        self.put_back(key, lease.entry)
    }

    /// Ends a lease without the answer of its slave, which may still come.
    fn end_lease(&mut self, key: BatchKey) -> Option<Entry> {
        let lease = self.leases.remove(key)?;
        if let Some(job) = self.jobs.get_mut(&key.job) {
            job.late.add_unanswered(key.start_nonce, &lease.slave);
        }
        Some(lease.entry)
    }

    /// Key and entry of a batch that comes in; `None` if there is no room.
    fn admit(&mut self, batch: Batch, version: Version) -> Option<(BatchKey, Entry)> {
        if self.waiting.len() + self.leases.len() >= BATCHES_MAX {
            return None;
        }
        let entry = Entry {
            num_nonces: batch.num_nonces,
            sampled_nonces: batch.sampled_nonces.clone(),
            ..Entry::default()
        };
        let start_nonce = batch.start_nonce;
        let job = self.job_of(batch);
        if let Some(job) = self.jobs.get_mut(&job) {
            job.is_benchmarked |= version == Version::Proof;
            job.withdrawn.remove(&version);
        }
        let key = BatchKey {
            version,
            job,
            start_nonce,
        };
        Some((key, entry))
    }

    /// The batch of this key, to be sent.
    pub(crate) fn batch(&self, key: BatchKey) -> Option<BatchOfJob<'_>> {
        let entry = self.entry(key)?;
        let template = &self.jobs.get(&key.job)?.template;
        let nonces = (key.start_nonce, entry.num_nonces);
        Some(BatchOfJob::new(template, nonces, &entry.sampled_nonces))
    }

    /// Key of the plain version of a batch.
    fn plain_key(&self, benchmark_id: &str, start_nonce: u64) -> Option<BatchKey> {
        let job = *self.numbers.get(benchmark_id)?;
        Some(BatchKey {
            version: Version::Plain,
            job,
            start_nonce,
        })
    }

    fn known(&self, key: BatchKey, taken_off: Option<BatchKey>) -> Known {
        let batch = self.batch(key).map(BatchOfJob::into_batch);
        batch.map_or(Known::No, |batch| Known::Open(Box::new(batch), taken_off))
    }

    fn put_back(&mut self, key: BatchKey, entry: Entry) -> bool {
        let is_withdrawn = |job: &Job| job.withdrawn.contains(&key.version);
        let is_needed = !self.jobs.get(&key.job).is_some_and(is_withdrawn)
            && (key.version != Version::Plain || !self.is_open(key.with_version(Version::Proof)));
        if is_needed {
            self.waiting.insert(key, entry);
        }
        is_needed
    }

    fn entry(&self, key: BatchKey) -> Option<&Entry> {
        let leased = || self.leases.get(key).map(|lease| &lease.entry);
        self.waiting.get(key).or_else(leased)
    }

    fn is_open(&self, key: BatchKey) -> bool {
        self.entry(key).is_some()
    }
}
