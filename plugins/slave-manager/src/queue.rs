//! Batches that wait for a slave and batches that are out on a lease.
//!
//! Invariants: a place is queued or leased, never both; while the priority version of a batch is known its plain one is
//! not queued, for the priority result brings the root too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tig_protocol::Batch;

use crate::pairs;

/// Batches known at a time, in the queue or leased; more are left to be emitted again later.
const BATCHES_MAX: usize = 50_000;

/// Finished batches remembered, so that a second result is known to be one.
const FINISHED_MAX: usize = 100_000;

/// Batches out with one slave at a time.
const LEASES_PER_SLAVE_MAX: usize = 64;

/// A batch in the order in which batches are served: those with sampled nonces first, then those of the oldest job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Place {
    is_plain: bool,
    job_number: u64,
    start_nonce: u64,
}

/// A batch that a slave works on.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Lease {
    batch: Batch,
    slave: String,
    deadline_ms: u64,
}

/// A job of which batches are or were known.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Job {
    /// Jobs are numbered as their first batches come.
    number: u64,
    /// Height from which the lifespan counts; of the first block seen if no listing tells it.
    block_started: Option<u32>,
}

/// The queue with its leases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Queue {
    jobs: BTreeMap<String, Job>,
    next_job_number: u64,
    #[serde(with = "pairs")]
    queued: BTreeMap<Place, Batch>,
    #[serde(with = "pairs")]
    leased: BTreeMap<Place, Lease>,
    finished: BTreeSet<Place>,
}

/// What is known of a batch for which a result has come.
pub(crate) enum Known<'a> {
    /// Nothing.
    No,
    /// It has a good result already.
    Finished,
    /// What the result must answer, and its place if that is to be taken off the queue.
    Open(&'a Batch, Option<Place>),
}

impl Queue {
    pub(crate) fn num_queued(&self) -> usize {
        self.queued.len()
    }

    pub(crate) fn num_priority(&self) -> usize {
        self.queued.keys().filter(|place| !place.is_plain).count()
    }

    pub(crate) fn num_leased(&self) -> usize {
        self.leased.len()
    }

    pub(crate) fn num_leased_to(&self, slave: &str) -> usize {
        self.leased
            .values()
            .filter(|lease| lease.slave == slave)
            .count()
    }

    /// Queues a batch. One that is known is not queued twice; its priority version takes the place of a queued plain one.
    /// That a batch comes again after its result means that the result was refused.
    pub(crate) fn push(&mut self, batch: Batch) {
        if self.queued.len() + self.leased.len() >= BATCHES_MAX {
            return;
        }
        let place = Place {
            is_plain: batch.sampled_nonces.is_empty(),
            job_number: self.job_number(&batch.benchmark_id),
            start_nonce: batch.start_nonce,
        };
        self.finished.remove(&place);
        if (place.is_plain && self.is_open(place.priority())) || self.leased.contains_key(&place) {
            return;
        }
        self.queued.remove(&place.plain());
        self.queued.insert(place, batch);
    }

    /// The next batch, leased to `slave` until `deadline_ms`.
    pub(crate) fn lease(&mut self, slave: &str, deadline_ms: u64) -> Option<&Batch> {
        if self.num_leased_to(slave) >= LEASES_PER_SLAVE_MAX {
            return None;
        }
        let (place, batch) = self.queued.pop_first()?;
        let slave = slave.to_owned();
        let lease = Lease {
            batch,
            slave,
            deadline_ms,
        };
        Some(&self.leased.entry(place).or_insert(lease).batch)
    }

    /// Puts the batches whose leases are over back in the queue.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let over = self
            .leased
            .iter()
            .filter(|(_, lease)| lease.deadline_ms <= now_ms);
        let over: Vec<Place> = over.map(|(place, _)| *place).collect();
        over.into_iter().for_each(|place| self.give_back(place));
    }

    /// What a result of `slave` is to be checked against. `has_proofs` tells whether it answers the priority version.
    pub(crate) fn find(
        &self,
        benchmark_id: &str,
        start_nonce: u64,
        has_proofs: bool,
        slave: &str,
    ) -> Known<'_> {
        let Some(job) = self.jobs.get(benchmark_id) else {
            return Known::No;
        };
        let plain = Place {
            is_plain: true,
            job_number: job.number,
            start_nonce,
        };
        let priority = plain.priority();
        // Who was asked for proofs and for nothing else must send them.
        let owes_proofs = self.is_holder(priority, slave) && !self.is_holder(plain, slave);
        let place = if has_proofs || owes_proofs {
            priority
        } else {
            plain
        };
        match self.open(place) {
            Some(batch) => Known::Open(batch, Some(place)),
            None if self.finished.contains(&place) => Known::Finished,
            // A late answer to the plain version may still bring the root, an unasked proof is checked and refused.
            None => match self.open(if place == plain { priority } else { plain }) {
                Some(batch) => Known::Open(batch, None),
                None => Known::No,
            },
        }
    }

    pub(crate) fn is_holder(&self, place: Place, slave: &str) -> bool {
        self.leased
            .get(&place)
            .is_some_and(|lease| lease.slave == slave)
    }

    /// Takes a batch with a good result off the queue; proofs bring the root too, so they also finish the plain version.
    pub(crate) fn finish(&mut self, place: Place) {
        let places = [Some(place), (!place.is_plain).then(|| place.plain())];
        for place in places.into_iter().flatten() {
            self.queued.remove(&place);
            self.leased.remove(&place);
            self.finished.insert(place);
        }
        while self.finished.len() > FINISHED_MAX {
            self.finished.pop_first();
        }
    }

    /// Puts a leased batch back in the queue.
    pub(crate) fn give_back(&mut self, place: Place) {
        if let Some(lease) = self.leased.remove(&place) {
            self.push(lease.batch);
        }
    }

    /// Forgets the jobs for which nothing can be done any more. `block_started` gives the height at which a listed job
    /// began. Returns the number of batches forgotten.
    pub(crate) fn purge(
        &mut self,
        height: u32,
        lifespan_blocks: Option<u32>,
        block_started: impl Fn(&str) -> Option<u32>,
        is_proved: impl Fn(&str) -> bool,
    ) -> usize {
        self.jobs.retain(|benchmark_id, job| {
            let listed = block_started(benchmark_id).or(job.block_started);
            let started = *job.block_started.insert(listed.unwrap_or(height));
            let ends = lifespan_blocks.map(|lifespan| started.saturating_add(lifespan));
            !is_proved(benchmark_id) && ends.is_none_or(|ends| ends >= height)
        });
        let before = self.queued.len() + self.leased.len();
        let live: BTreeSet<u64> = self.jobs.values().map(|job| job.number).collect();
        self.queued
            .retain(|place, _| live.contains(&place.job_number));
        self.leased
            .retain(|place, _| live.contains(&place.job_number));
        self.finished
            .retain(|place| live.contains(&place.job_number));
        before - self.queued.len() - self.leased.len()
    }

    fn job_number(&mut self, benchmark_id: &str) -> u64 {
        if let Some(job) = self.jobs.get(benchmark_id) {
            return job.number;
        }
        let number = self.next_job_number;
        self.next_job_number += 1;
        let job = Job {
            number,
            block_started: None,
        };
        self.jobs.insert(benchmark_id.to_owned(), job);
        number
    }

    fn open(&self, place: Place) -> Option<&Batch> {
        let leased = || self.leased.get(&place).map(|lease| &lease.batch);
        self.queued.get(&place).or_else(leased)
    }

    fn is_open(&self, place: Place) -> bool {
        self.open(place).is_some()
    }
}

impl Place {
    fn plain(self) -> Self {
        Self {
            is_plain: true,
            ..self
        }
    }

    fn priority(self) -> Self {
        Self {
            is_plain: false,
            ..self
        }
    }
}
