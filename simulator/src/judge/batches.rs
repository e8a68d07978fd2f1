//! What slaves are given, what they deliver, and whether they wait in vain.

use std::collections::BTreeMap;

use serde::Deserialize;
use tig_protocol::Batch;

use super::{HEARS_MS_MAX, Judge};
use crate::scenario::{LEASE_MS, Vice};
use crate::slave::{self, Delivery, Slave};

/// A slave that can work may have none for so long while there is some: what it has failed at, others may try first for 60 s.
const IDLE_MS_MAX: u64 = 70_000;

/// Proofs may wait for so long while slaves are given other work: they are kept for who has the leaves.
const PROOF_WAITS_MS_MAX: u64 = 20_000;

/// So many proofs of a slave that contradict their roots may be taken in one life of the master: five of them within a day lead to
/// quarantine, and those of jobs that have ended meanwhile do not count.
const CONTRADICTIONS_MAX: u64 = 10;

/// Which part of a batch is out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Root,
    Audit,
    Proof,
}

#[derive(Debug)]
struct Lease {
    slave: usize,
    batch: Batch,
    until_ms: u64,
}

/// What `GET /slaves` says.
#[derive(Debug, Deserialize)]
pub struct SlavesReport {
    quarantined: Vec<Sentence>,
    queued: u64,
    priority: u64,
    audits: u64,
}

#[derive(Debug, Deserialize)]
struct Sentence {
    name: String,
    reason: String,
}

/// Who has which batch, and since when some wait.
#[derive(Debug, Default)]
pub(super) struct Batches {
    leases: BTreeMap<(String, Part), Lease>,
    queue_since_ms: Option<u64>,
    proofs_since_ms: Option<u64>,
    /// Proofs that were taken although they contradict their roots, by slave.
    contradictions: BTreeMap<usize, u64>,
    /// A root was given out while, at the last look, proofs had waited for long.
    suspicion: Option<String>,
}

impl Batches {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A result is taken from whoever has it.
    fn answered(&mut self, batch: &Batch) {
        self.leases.remove(&(batch.id(), Part::Root));
        if !batch.sampled_nonces.is_empty() {
            self.leases.remove(&(batch.id(), Part::Proof));
        }
    }

    fn returned(&mut self, slave: usize, batch: &Batch) {
        for part in [Part::Root, Part::Audit, Part::Proof] {
            let key = (batch.id(), part);
            let lease = self.leases.get(&key);
            if lease.is_some_and(|lease| lease.slave == slave) {
                self.leases.remove(&key);
            }
        }
    }
}

impl Judge {
    /// A slave was given a batch.
    pub fn handed(&mut self, slaves: &[Slave], slave: usize, batch: &Batch, now_ms: u64) {
        let part = self.part(batch, now_ms);
        if part == Part::Root && slaves[slave].profile.vice == Vice::None {
            self.suspect(slave, batch, now_ms);
        }
        let lease = Lease {
            slave,
            batch: batch.clone(),
            until_ms: now_ms + LEASE_MS,
        };
        let Some(before) = self.batches.leases.insert((batch.id(), part), lease) else {
            return;
        };
        // A slave in quarantine loses its leases, and learns of it later than this.
        let is_sure = !is_suspect(&slaves[before.slave]);
        // After a rollback another random hash or other sampled nonces may be asked for.
        let is_same = before.batch == *batch && part != Part::Audit;
        if before.slave != slave && now_ms < before.until_ms && is_sure && is_same {
            let text = format!(
                "batch {} ({part:?}) was given to slave-{slave}, but is slave-{}'s until {} ms",
                batch.id(),
                before.slave,
                before.until_ms
            );
            self.blame(now_ms, "no batch has two owners", text);
        }
    }

    fn part(&mut self, batch: &Batch, now_ms: u64) -> Part {
        let is_proof = !batch.sampled_nonces.is_empty();
        let Some(case) = self.cases.get_mut(&batch.benchmark_id) else {
            return if is_proof { Part::Proof } else { Part::Root };
        };
        case.settings.get_or_insert_with(|| batch.settings.clone());
        let is_known = case.heard.contains(&batch.start_nonce);
        let is_outdated =
            case.rand_hash != batch.rand_hash && now_ms > case.confirmed_ms + HEARS_MS_MAX;
        if is_outdated {
            let text = format!("batch {} is for {}", batch.id(), batch.rand_hash);
            self.blame(
                now_ms,
                "what is computed is what the network asks for",
                text,
            );
        }
        if self.is_plain && is_known && !is_proof {
            let text = format!("batch {} was given out again", batch.id());
            self.blame(now_ms, "what was answered OK is not computed again", text);
        }
        match (is_proof, is_known) {
            (true, _) => Part::Proof,
            (false, true) => Part::Audit,
            (false, false) => Part::Root,
        }
    }

    fn suspect(&mut self, slave: usize, batch: &Batch, now_ms: u64) {
        if let Some(since_ms) = self.batches.proofs_since_ms
            && now_ms - since_ms > PROOF_WAITS_MS_MAX
        {
            let id = batch.id();
            self.batches.suspicion = Some(format!(
                "slave-{slave} was given root {id} while proofs have waited since {since_ms} ms"
            ));
        }
    }

    /// Whether it has to be looked at once more at this moment.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        self.batches.suspicion.is_some()
    }

    /// A result was taken.
    pub fn accepted(&mut self, slaves: &[Slave], slave: usize, delivery: &Delivery, now_ms: u64) {
        self.results += 1;
        let batch = &delivery.batch;
        self.batches.returned(slave, batch);
        self.batches.answered(batch);
        let contradicts = delivery.is_lie && slaves[slave].profile.vice == Vice::LiesInProofs;
        if contradicts {
            self.contradicted(slave, now_ms);
        }
        let Some(case) = self.cases.get_mut(&batch.benchmark_id) else {
            return;
        };
        case.heard.insert(batch.start_nonce);
        // What was computed for a block that was rolled back is as good as a lie.
        if delivery.is_lie && !contradicts || case.rand_hash != batch.rand_hash {
            case.lies.insert(batch.start_nonce);
        } else if !case.is_submitted && !contradicts && !is_suspect(&slaves[slave]) {
            case.truths.insert(batch.start_nonce);
        }
    }

    /// A proof was taken that is of another tree than its root.
    fn contradicted(&mut self, slave: usize, now_ms: u64) {
        let count = self.batches.contradictions.entry(slave).or_default();
        *count += 1;
        if *count > CONTRADICTIONS_MAX {
            let text =
                format!("{count} proofs of slave-{slave} that contradict their roots were taken");
            self.blame(now_ms, "who contradicts itself gets no work", text);
        }
    }

    /// A slave has a batch no more.
    pub fn returned(&mut self, slave: usize, batch: &Batch) {
        self.batches.returned(slave, batch);
    }

    /// The master's own view of its slaves.
    pub fn looked(&mut self, report: &SlavesReport, slaves: &[Slave], now_ms: u64) {
        for slave in slaves.iter().filter(|slave| !is_suspect(slave)) {
            let name = slave::name(slave.number);
            let mut sentences = report.quarantined.iter();
            if let Some(sentence) = sentences.find(|sentence| sentence.name == name) {
                let text = format!("{name} is in quarantine: {}", sentence.reason);
                self.blame(now_ms, "no honest slave is in quarantine", text);
            }
        }
        let since = |before: Option<u64>, waits: bool| waits.then(|| before.unwrap_or(now_ms));
        let batches = &mut self.batches;
        batches.queue_since_ms = since(batches.queue_since_ms, report.queued > report.audits);
        batches.proofs_since_ms = since(batches.proofs_since_ms, report.priority > 0);
        if let Some(text) = batches.suspicion.take().filter(|_| report.priority > 0) {
            self.blame(now_ms, "proofs before roots", text);
        }
        let Some(queue_since_ms) = self.batches.queue_since_ms else {
            return;
        };
        for slave in slaves {
            let Some(idle_since_ms) = slave.idle_since_ms else {
                continue;
            };
            let is_good = slave.is_alive && slave.life == 0 && slave.profile.vice == Vice::None;
            let since_ms = queue_since_ms.max(idle_since_ms);
            if is_good && now_ms > since_ms + IDLE_MS_MAX {
                let text = format!(
                    "slave-{} has had no work since {since_ms} ms, though {} batches wait",
                    slave.number, report.queued
                );
                self.blame(now_ms, "no slave is idle while there is work", text);
            }
        }
    }
}

/// Whether it may be in quarantine, with all that it has delivered.
fn is_suspect(slave: &Slave) -> bool {
    let vice = slave.profile.vice;
    matches!(vice, Vice::Lies | Vice::LiesInProofs | Vice::WrongVersion)
}
