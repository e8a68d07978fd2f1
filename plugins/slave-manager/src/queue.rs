//! Batches that wait for a slave and batches that are out on a lease.
//!
//! Invariants: a place is on the shelf or leased, never both; while the proof version of a batch is known its plain one is
//! not on the shelf, for the result with proofs brings the root too. Handing out, expiring and finishing a batch cost
//! O(log n).

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use tig_protocol::Batch;

use crate::{
    finished::Finished,
    leases::Leases,
    pairs,
    place::{JobNumber, Place, Version},
    shelf::{Entry, Name, Rules, Shelf},
    strays::Strays,
};

/// Batches known at a time, on the shelf or leased; more are left to be emitted again later.
const BATCHES_MAX: usize = 250_000;

/// Batches out with one slave at a time.
const LEASES_PER_SLAVE_MAX: usize = 64;

/// A slave that has failed at a batch does not get it again for so long, so that another one tries first.
const FAILED_MS: u64 = 60_000;

/// The proofs of a batch are kept for so long for the slave that has computed its root, which may still have its tree.
const AFFINITY_MS: u64 = 5_000;

/// A lease doubles with each one of the same batch that has ended without a word, up to so many times: a batch that takes
/// longer than a lease would go round for ever.
const LEASE_DOUBLINGS_MAX: u8 = 5;

/// A job of which batches are or were known.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Job {
    /// What all its batches have in common.
    template: Batch,
    /// Height from which the lifespan counts; of the first block seen if no listing tells it.
    block_started: Option<u32>,
    #[serde(default)]
    strays: Strays,
}

/// The queue with its leases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Queue {
    numbers: BTreeMap<String, JobNumber>,
    #[serde(with = "pairs")]
    jobs: BTreeMap<JobNumber, Job>,
    arrivals: u32,
    shelf: Shelf,
    leases: Leases,
    finished: Finished,
    /// Of the newest block: height, and where the listed jobs began.
    height: u32,
    listed: BTreeMap<String, u32>,
}

/// What is known of a batch for which a result has come.
pub(crate) enum Known {
    /// Nothing.
    No,
    /// It has a good result already.
    Finished,
    /// What the result must answer, and its place if that is to be taken off the queue.
    Open(Box<Batch>, Option<Place>),
}

/// What a new batch means for slaves that wait for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    /// It was known.
    Nothing,
    /// Any of them may have it.
    Open,
    /// One of them gets it.
    Kept,
}

impl Queue {
    pub(crate) fn num_queued(&self) -> usize {
        self.shelf.len()
    }

    pub(crate) fn num_queued_of(&self, version: Version) -> usize {
        self.shelf.count(version)
    }

    pub(crate) fn num_leased(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn num_leased_to(&self, slave: &str) -> usize {
        self.leases.count(slave)
    }

    /// Queues a batch. One that is known is not queued twice; its proof version takes the place of a queued plain one.
    /// That a batch comes again after its result means that the result was refused: others try first. Its proofs are kept for a while for
    /// who has computed its root, if `is_present`.
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
        let Some((place, mut entry)) = self.admit(batch, version) else {
            return Pushed::Nothing;
        };
        if let Some(job) = self.jobs.get(&place.job) {
            for slave in job.strays.of(place.start_nonce) {
                entry.add_failure(Arc::clone(slave), now_ms.saturating_add(FAILED_MS));
            }
        }
        let is_outdated = |known: &Entry| known.sampled_nonces != entry.sampled_nonces;
        if self.entry(place).is_some_and(is_outdated) {
            // After a rollback the network has sampled others.
            self.shelf.remove(place);
            self.end_lease(place);
        }
        let is_wanted = version == Version::Proof || !self.is_open(place.of(Version::Proof));
        let failed = self.finished.take_failed(place, &entry.sampled_nonces);
        if let Some(slave) = failed {
            entry.add_failure(slave, now_ms.saturating_add(FAILED_MS));
            self.shelf.remove(place.of(Version::Audit));
        }
        if !is_wanted || self.is_open(place) {
            return Pushed::Nothing;
        }
        self.shelf.remove(place.of(Version::Plain));
        let finisher = self.finished.by(place.of(Version::Plain)).cloned();
        let may_keep = |slave: &Name| {
            version == Version::Proof && is_present(slave) && entry.suits(slave, now_ms)
        };
        match finisher.filter(may_keep) {
            Some(slave) => {
                let until_ms = now_ms.saturating_add(AFFINITY_MS);
                self.shelf.put_for(place, entry, slave, until_ms);
                Pushed::Kept
            }
            None => {
                self.shelf.put(place, entry);
                Pushed::Open
            }
        }
    }

    /// Queues a batch to be computed once more, by those whom `rules` admit. In place of an audit of it by others.
    pub(crate) fn push_audit(&mut self, batch: Batch, rules: Rules) -> Pushed {
        let Some((place, mut entry)) = self.admit(batch, Version::Audit) else {
            return Pushed::Nothing;
        };
        self.finished.take_failed(place, &[]);
        let known = self.entry(place).and_then(|entry| entry.rules.as_ref());
        if known.is_some_and(|known| known.not_for == rules.not_for) {
            return Pushed::Nothing;
        }
        self.end_lease(place);
        let pushed = if rules.only_for.is_some() {
            Pushed::Kept
        } else {
            Pushed::Open
        };
        entry.rules = Some(Box::new(rules));
        self.shelf.put(place, entry);
        pushed
    }

    /// The most urgent batch that `slave` may have, leased to it.
    pub(crate) fn lease(&mut self, slave: &Name, now_ms: u64, lease_ms: u64) -> Option<Batch> {
        if self.leases.count(slave) >= LEASES_PER_SLAVE_MAX {
            return None;
        }
        let (place, entry) = self.shelf.take(slave, now_ms)?;
        let batch = self.batch(place, &entry)?;
        let factor = 1 << entry.expiries.min(LEASE_DOUBLINGS_MAX);
        let deadline_ms = now_ms.saturating_add(lease_ms.saturating_mul(factor));
        self.leases
            .add(place, entry, Arc::clone(slave), deadline_ms);
        Some(batch)
    }

    /// Puts the batches whose leases are over back in the queue, and opens those that were kept for long enough. Returns
    /// how many can be had that could not before.
    pub(crate) fn expire(&mut self, now_ms: u64) -> u64 {
        let mut freed = self.shelf.open_overdue(now_ms);
        while let Some((place, mut lease)) = self.leases.pop_overdue(now_ms) {
            lease.entry.expiries = lease.entry.expiries.saturating_add(1);
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.strays.fell_silent(place.start_nonce, &lease.slave);
            }
            freed += u64::from(self.put_back(place, lease.entry));
        }
        freed
    }

    /// What a result of `slave` is to be checked against. `has_proofs` tells whether it answers the proof version.
    pub(crate) fn find(
        &self,
        benchmark_id: &str,
        start_nonce: u64,
        has_proofs: bool,
        slave: &str,
    ) -> Known {
        let Some(plain) = self.place(benchmark_id, start_nonce) else {
            return Known::No;
        };
        let (proof, audit) = (plain.of(Version::Proof), plain.of(Version::Audit));
        if !has_proofs && self.leases.is_holder(audit, slave) {
            return self.known(audit, Some(audit));
        }
        // Who was asked for proofs and for nothing else must send them.
        let owes_proofs =
            self.leases.is_holder(proof, slave) && !self.leases.is_holder(plain, slave);
        let (place, other) = if has_proofs || owes_proofs {
            (proof, plain)
        } else {
            (plain, proof)
        };
        match self.known(place, Some(place)) {
            Known::No if self.finished.has_heard(place, slave) => Known::Finished,
            // A late answer to the plain version may still bring the root, an unasked proof is checked and refused.
            Known::No => self.known(other, None),
            known => known,
        }
    }

    /// Places of this batch that `slave` holds.
    pub(crate) fn held(&self, benchmark_id: &str, start_nonce: u64, slave: &str) -> Vec<Place> {
        let plain = self.place(benchmark_id, start_nonce);
        let places = plain.map(|plain| Version::ALL.map(|version| plain.of(version)));
        let places = places.into_iter().flatten();
        places
            .filter(|place| self.leases.is_holder(*place, slave))
            .collect()
    }

    /// Places of all that `slave` holds.
    pub(crate) fn held_by(&self, slave: &str) -> Vec<Place> {
        self.leases.places_of(slave)
    }

    /// Takes a batch with a good result of `slave` off the queue; proofs bring the root too, so they also finish the plain
    /// version.
    pub(crate) fn finish(&mut self, place: Place, slave: &Name) {
        let proof = place.version == Version::Proof;
        let places = [Some(place), proof.then(|| place.of(Version::Plain))];
        for place in places.into_iter().flatten() {
            let shelved = self.shelf.remove(place);
            let leased = self.end_lease(place);
            let sampled_nonces = shelved.or(leased).unwrap_or_default().sampled_nonces;
            self.finished.add(place, slave, &sampled_nonces);
        }
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.strays.answered(place.start_nonce, slave);
        }
    }

    /// Puts a leased batch back in the queue; a slave that has failed at it leaves it to others first. Returns whether it
    /// can be had again.
    pub(crate) fn give_back(&mut self, place: Place, failed_ms: Option<u64>) -> bool {
        let Some(mut lease) = self.leases.remove(place) else {
            return false;
        };
        if let Some(now_ms) = failed_ms {
            let until_ms = now_ms.saturating_add(FAILED_MS);
            lease.entry.add_failure(lease.slave, until_ms);
        }
        self.put_back(place, lease.entry)
    }

    /// Takes the newest block's listing over and forgets the jobs for which nothing can be done any more. Returns the number
    /// of batches forgotten.
    pub(crate) fn purge(
        &mut self,
        height: u32,
        lifespan_blocks: Option<u32>,
        listed: BTreeMap<String, u32>,
        is_proved: impl Fn(&str) -> bool,
    ) -> usize {
        self.height = height;
        self.listed = listed;
        let (jobs, listed) = (&mut self.jobs, &self.listed);
        let mut dead = Vec::new();
        self.numbers.retain(|benchmark_id, number| {
            let Some(job) = jobs.get_mut(number) else {
                return false;
            };
            let started = listed.get(benchmark_id).copied().or(job.block_started);
            let started = *job.block_started.insert(started.unwrap_or(height));
            let ends = lifespan_blocks.map(|lifespan| started.saturating_add(lifespan));
            let lives = !is_proved(benchmark_id) && ends.is_none_or(|ends| ends >= height);
            if !lives {
                dead.push(*number);
            }
            lives
        });
        dead.into_iter().map(|job| self.forget(job)).sum()
    }

    /// Forgets a job whose results are worth nothing any more, but for who may still bring some.
    fn outdate(&mut self, number: JobNumber) -> Strays {
        let job = self.jobs.get_mut(&number);
        let mut strays = job.map(|job| std::mem::take(&mut job.strays));
        for version in Version::ALL {
            for place in self.leases.places(Place::range_of(version, number)) {
                if let (Some(strays), Some(lease)) = (&mut strays, self.leases.get(place)) {
                    strays.fell_silent(place.start_nonce, &lease.slave);
                }
            }
        }
        self.forget(number);
        strays.map(Strays::outdated).unwrap_or_default()
    }

    /// Random hash of the job's batches.
    pub(crate) fn rand_hash(&self, benchmark_id: &str) -> Option<&str> {
        let job = self.jobs.get(self.numbers.get(benchmark_id)?)?;
        Some(&job.template.rand_hash)
    }

    /// A lease ends without the answer of who has it, which may still come.
    fn end_lease(&mut self, place: Place) -> Option<Entry> {
        let lease = self.leases.remove(place)?;
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.strays.fell_silent(place.start_nonce, &lease.slave);
        }
        Some(lease.entry)
    }

    /// Whether the next result of `slave` for this batch may be for a random hash that counts no more; it is asked once.
    pub(crate) fn take_stray(
        &mut self,
        benchmark_id: &str,
        start_nonce: u64,
        slave: &Name,
    ) -> bool {
        let number = self.numbers.get(benchmark_id);
        let job = number.and_then(|number| self.jobs.get_mut(number));
        job.is_some_and(|job| job.strays.take(start_nonce, slave))
    }

    fn forget(&mut self, job: JobNumber) -> usize {
        let mut forgotten = 0;
        self.jobs.remove(&job);
        for version in Version::ALL {
            let range = || Place::range_of(version, job);
            for place in self.shelf.places(range()) {
                self.shelf.remove(place);
                forgotten += 1;
            }
            for place in self.leases.places(range()) {
                self.leases.remove(place);
                forgotten += 1;
            }
            self.finished.forget(range());
        }
        forgotten
    }

    /// Place and entry of a batch that comes in; `None` if there is no room.
    fn admit(&mut self, batch: Batch, version: Version) -> Option<(Place, Entry)> {
        if self.shelf.len() + self.leases.len() >= BATCHES_MAX {
            return None;
        }
        let entry = Entry {
            num_nonces: batch.num_nonces,
            sampled_nonces: batch.sampled_nonces.clone(),
            ..Entry::default()
        };
        let start_nonce = batch.start_nonce;
        let job = self.job_of(batch);
        let place = Place {
            version,
            job,
            start_nonce,
        };
        Some((place, entry))
    }

    /// Number of the job of `batch`, which becomes its template.
    fn job_of(&mut self, batch: Batch) -> JobNumber {
        let mut strays = Strays::default();
        if let Some(&number) = self.numbers.get(&batch.benchmark_id) {
            let job = self.jobs.get_mut(&number);
            match job.filter(|job| job.template.rand_hash == batch.rand_hash) {
                Some(job) => {
                    job.template = batch;
                    return number;
                }
                None => strays = self.outdate(number),
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
            strays,
        };
        self.jobs.insert(number, job);
        number
    }

    fn batch(&self, place: Place, entry: &Entry) -> Option<Batch> {
        Some(Batch {
            num_nonces: entry.num_nonces,
            start_nonce: place.start_nonce,
            sampled_nonces: entry.sampled_nonces.clone(),
            ..self.jobs.get(&place.job)?.template.clone()
        })
    }

    /// The plain place of a batch.
    fn place(&self, benchmark_id: &str, start_nonce: u64) -> Option<Place> {
        let job = *self.numbers.get(benchmark_id)?;
        Some(Place {
            version: Version::Plain,
            job,
            start_nonce,
        })
    }

    fn known(&self, place: Place, taken_off: Option<Place>) -> Known {
        let batch = self.entry(place).and_then(|entry| self.batch(place, entry));
        batch.map_or(Known::No, |batch| Known::Open(Box::new(batch), taken_off))
    }

    fn put_back(&mut self, place: Place, entry: Entry) -> bool {
        let is_needed = place.version != Version::Plain || !self.is_open(place.of(Version::Proof));
        if is_needed {
            self.shelf.put(place, entry);
        }
        is_needed
    }

    fn entry(&self, place: Place) -> Option<&Entry> {
        let leased = || self.leases.get(place).map(|lease| &lease.entry);
        self.shelf.get(place).or_else(leased)
    }

    fn is_open(&self, place: Place) -> bool {
        self.entry(place).is_some()
    }
}
