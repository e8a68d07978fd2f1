//! One job: a confirmed precommit, what is known of its batches, and what follows from that.
//!
//! Invariant: a batch's root never changes once the whole root was handed on, for the benchmark commits to it. Where batches are
//! computed again for a confirmed benchmark, their roots are fixed as soon as they lead to its root.

use std::collections::BTreeMap;

use serde::Serialize;
use tig_protocol::{BadBatchResult, Batch, BatchResult, GrowingTree, MerkleError, MerkleHash};

use crate::audit::Audit;
use crate::record::{Abandoned, BatchRecord, JobRecord};
use crate::rejections::Rejections;
use crate::schedule::Schedule;

/// How far a job is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Waiting,
    Computing,
    /// All roots are there, but slaves are still comparing some, or must, since they do not lead to the root that the network knows.
    Auditing,
    BenchmarkReady,
    Proving,
    ProofReady,
    Abandoned,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Computing,
        Self::Auditing,
        Self::BenchmarkReady,
        Self::Proving,
        Self::ProofReady,
        Self::Abandoned,
    ];

    /// As in `GET /jobs`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Computing => "computing",
            Self::Auditing => "auditing",
            Self::BenchmarkReady => "benchmark_ready",
            Self::Proving => "proving",
            Self::ProofReady => "proof_ready",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Why a result is not stored.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no batch of this job starts at nonce {0}")]
    NoSuchBatch(u64),
    #[error(transparent)]
    BadResult(#[from] BadBatchResult),
    #[error(
        "merkle root {stated} and its solutions differ from {stored}, which the same slave stated before"
    )]
    OtherRoot {
        stated: MerkleHash,
        stored: MerkleHash,
    },
}

/// Why there is no proof or no whole root.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprovable {
    #[error(transparent)]
    Useless(Abandoned),
    #[error("not all roots are there")]
    Incomplete,
    #[error(transparent)]
    Tree(#[from] MerkleError),
}

/// What a result brings.
#[derive(Debug, PartialEq)]
pub(crate) enum Accepted {
    Nothing,
    /// The root that is known, and proofs of nonces that are not sampled now.
    OtherProofs,
    /// A record to store; `is_first` if there was none.
    Record {
        record: BatchRecord,
        is_first: bool,
    },
    /// What another slave says of a batch that has a record.
    Claim(BatchRecord),
}

/// An audit that is under way in this process.
#[derive(Debug)]
pub(crate) struct OpenAudit {
    pub(crate) audit: Audit,
    pub(crate) since_ms: u64,
    /// When it was last given out; `None` to do so at once.
    pub(crate) handed_out_ms: Option<u64>,
}

/// A job with its results.
pub(crate) struct Job {
    pub(crate) benchmark_id: String,
    record: JobRecord,
    pub(crate) batches: BTreeMap<u64, BatchRecord>,
    pub(crate) tree: GrowingTree,
    /// Sampled nonces by index of their batch, ascending.
    pub(crate) samples: BTreeMap<u64, Vec<u64>>,
    pub(crate) schedule: Schedule,
    audits: BTreeMap<u64, OpenAudit>,
    /// The last stage whose event this process has emitted.
    pub(crate) announced: Option<Stage>,
    /// The stage in which the API has refused for good what is ready: nobody need wait for this job then.
    pub(crate) refused: Option<Stage>,
    pub(crate) rejections: Rejections,
}

impl Job {
    pub(crate) fn new(benchmark_id: String, record: JobRecord) -> Self {
        let mut job = Self {
            benchmark_id,
            samples: samples(&record),
            record,
            batches: BTreeMap::new(),
            tree: GrowingTree::default(),
            schedule: Schedule::default(),
            audits: BTreeMap::new(),
            announced: None,
            refused: None,
            rejections: Rejections::default(),
        };
        job.tree = GrowingTree::new(job.num_batches());
        job
    }

    pub(crate) fn record(&self) -> &JobRecord {
        &self.record
    }

    /// Indexes of the batches that have a result.
    pub(crate) fn finished(&self) -> impl Iterator<Item = u64> {
        self.batches.keys().copied()
    }

    /// Indexes of the batches under audit.
    pub(crate) fn audited(&self) -> impl Iterator<Item = u64> {
        self.audits.keys().copied()
    }

    pub(crate) fn audits(&self) -> &BTreeMap<u64, OpenAudit> {
        &self.audits
    }

    /// Takes the record of an abandoned job that goes on. Its audits are handed out again, and none of them has waited
    /// while nobody was to take it.
    pub(crate) fn resume(&mut self, record: JobRecord, now_ms: u64) {
        self.update(record);
        let audited: Vec<u64> = self.audited().collect();
        for index in audited {
            self.restart_audit(index, now_ms);
        }
    }

    /// Takes a changed record. Batches that hold a newly sampled nonce are due at once.
    pub(crate) fn update(&mut self, record: JobRecord) {
        let samples = samples(&record);
        let is_resampled = samples != self.samples;
        if is_resampled {
            samples.keys().for_each(|&index| self.schedule.again(index));
        }
        self.samples = samples;
        let roots = (self.record.committed_root, record.committed_root);
        let has_new_root = matches!(roots, (Some(before), Some(after)) if before != after);
        if is_resampled || has_new_root {
            // What was handed on proves other nonces, or leads to another root.
            (self.announced, self.refused) = (None, None);
        }
        let had_terms = self.record.terms.is_some();
        self.record = record;
        if !had_terms {
            self.tree = GrowingTree::new(self.num_batches());
        }
    }

    pub(crate) fn num_batches(&self) -> u64 {
        let size = self.record.terms.as_ref().map(|terms| terms.batch_size);
        size.map_or(0, |size| self.record.num_nonces.div_ceil(size.get()))
    }

    pub(crate) fn num_finished(&self) -> usize {
        self.batches.len()
    }

    /// Nonces that no slave has delivered yet; 0 if nobody is to.
    pub(crate) fn open_nonces(&self) -> u64 {
        let Some(terms) = self.record.terms.as_ref().filter(|_| self.is_active()) else {
            return 0;
        };
        let (size, count) = (terms.batch_size.get(), self.num_batches());
        let has_last = self.batches.contains_key(&count.saturating_sub(1));
        let short = if has_last {
            count * size - self.record.num_nonces
        } else {
            0
        };
        self.record.num_nonces - (self.num_finished() as u64 * size - short)
    }

    /// How far the job is: a function of its record and its results alone.
    pub(crate) fn stage(&self) -> Stage {
        let whole = self.num_finished() as u64 == self.num_batches();
        let is_sampled = self.record.sampled_nonces.is_some();
        if self.record.abandoned.is_some() {
            Stage::Abandoned
        } else if self.record.terms.is_none() {
            Stage::Waiting
        } else if !is_sampled && !whole {
            Stage::Computing
        } else if !is_sampled && self.record.announced_root.is_none() && !self.audits.is_empty() {
            Stage::Auditing
        } else if !is_sampled {
            Stage::BenchmarkReady
        } else if self.has_wrong_root() {
            Stage::Auditing
        } else if whole && self.samples.keys().all(|&index| self.is_proved(index)) {
            Stage::ProofReady
        } else {
            Stage::Proving
        }
    }

    /// Batch `index` as slaves get it, with its sampled nonces; `None` if there is none.
    pub(crate) fn batch(&self, index: u64) -> Option<Batch> {
        let terms = self.record.terms.as_ref()?;
        let size = terms.batch_size.get();
        let start_nonce = index.checked_mul(size)?;
        let left = self.record.num_nonces.checked_sub(start_nonce)?;
        (left > 0).then(|| Batch {
            benchmark_id: self.benchmark_id.clone(),
            settings: self.record.settings.clone(),
            num_nonces: left.min(size),
            start_nonce,
            batch_size: size,
            rand_hash: self.record.rand_hash.clone(),
            sampled_nonces: self.samples.get(&index).cloned().unwrap_or_default(),
            wasm_vm_config: terms.wasm_vm_config,
            download_url: terms.download_url.clone(),
        })
    }

    /// Indexes of the batches with sampled nonces that lack proofs and were not handed out lately.
    pub(crate) fn due_for_proof(&self, now_ms: u64) -> impl Iterator<Item = u64> {
        let delay_ms = self.retry_delay_ms();
        let sampled = self.samples.keys().copied().filter(|_| self.is_active());
        sampled.filter(move |&index| {
            !self.is_proved(index) && self.schedule.is_due(index, now_ms, delay_ms)
        })
    }

    /// Indexes of the other batches that lack a root and were not handed out lately.
    pub(crate) fn due_for_root(&self, now_ms: u64) -> impl Iterator<Item = u64> {
        let whole = self.num_finished() as u64 == self.num_batches();
        let last = if self.is_active() && !whole {
            self.num_batches()
        } else {
            0
        };
        let due = self.schedule.due(now_ms, self.retry_delay_ms(), last);
        due.filter(move |index| {
            *index < last && !self.samples.contains_key(index) && !self.batches.contains_key(index)
        })
    }

    /// Index of the batch that starts at `start_nonce`.
    pub(crate) fn index_of(&self, start_nonce: u64) -> Option<u64> {
        let size = self.record.terms.as_ref()?.batch_size.get();
        let exists = start_nonce.is_multiple_of(size) && start_nonce < self.record.num_nonces;
        exists.then(|| start_nonce / size)
    }

    /// Whether a result for batch `index` would bring the job on.
    pub(crate) fn wants(&self, index: u64) -> bool {
        let lacks_proof = self.samples.contains_key(&index) && !self.is_proved(index);
        self.is_active() && (lacks_proof || !self.batches.contains_key(&index))
    }

    /// What a result of `slave` for batch `index` brings. A result without proofs counts as one for the root alone: its
    /// slave may have got the batch before the nonces were sampled.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn accept(
        &self,
        start_nonce: u64,
        slave: &str,
        result: &BatchResult,
    ) -> Result<(u64, Accepted), Refusal> {
        let no_such_batch = || Refusal::NoSuchBatch(start_nonce);
        let index = self.index_of(start_nonce).ok_or_else(no_such_batch)?;
        let mut batch = self.batch(index).ok_or_else(no_such_batch)?;
        if result.merkle_proofs.is_empty() {
            batch.sampled_nonces.clear();
        }
        let has_other_proofs = match batch.check(result) {
            Ok(()) => false,
            Err(error) => {
                let is_known = self.batches.contains_key(&index);
                if !is_known || !batch.proves_other_nonces(result, &error) {
                    return Err(error.into());
                }
                // An honest root and honest branches are no fault.
                true
            }
        };
        let claim = BatchRecord::without_proofs(result, slave);
        let Some(stored) = self.batches.get(&index) else {
            let record = with_proofs(claim, result);
            let is_first = true;
            return Ok((index, Accepted::Record { record, is_first }));
        };
        // Once the benchmark is confirmed only its root counts: solutions that differ must not keep proofs out.
        let is_same_root = stored.merkle_root == claim.merkle_root;
        let agrees = stored.agrees(&claim) || (is_same_root && self.is_proved_right());
        let accepted = if !agrees {
            if stored.slave == slave {
                return Err(Refusal::OtherRoot {
                    stated: result.merkle_root,
                    stored: stored.merkle_root,
                });
            }
            Accepted::Claim(claim)
        } else if has_other_proofs && !self.audits.contains_key(&index) {
            Accepted::OtherProofs
        } else if !has_other_proofs && !batch.sampled_nonces.is_empty() && !self.is_proved(index) {
            let record = with_proofs(stored.clone(), result);
            let is_first = false;
            Accepted::Record { record, is_first }
        } else if self.audits.contains_key(&index) {
            Accepted::Claim(claim)
        } else {
            Accepted::Nothing
        };
        Ok((index, accepted))
    }

    pub(crate) fn insert(&mut self, index: u64, record: BatchRecord) {
        self.schedule.done(index);
        self.tree.set(index, Some(record.merkle_root));
        self.batches.insert(index, record);
    }

    /// Takes a result out: its batch is due at once.
    pub(crate) fn discard(&mut self, index: u64) {
        self.batches.remove(&index);
        self.tree.set(index, None);
        self.audits.remove(&index);
        self.schedule.again(index);
    }

    /// Sets or ends the audit of a batch; it is to be handed out at once. One that becomes a dispute waits from now on: the time
    /// before was for the second slave, and a third one needs its own.
    pub(crate) fn set_audit(&mut self, index: u64, audit: Option<Audit>, now_ms: u64) {
        let is_dispute = audit.as_ref().is_some_and(Audit::is_dispute);
        let before = self.audits.get(&index);
        let before = before.filter(|open| open.audit.is_dispute() || !is_dispute);
        let since_ms = before.map_or(now_ms, |open| open.since_ms);
        match audit {
            None => drop(self.audits.remove(&index)),
            Some(audit) => {
                let open = OpenAudit {
                    audit,
                    since_ms,
                    handed_out_ms: None,
                };
                self.audits.insert(index, open);
            }
        }
    }

    /// The audit of a batch waits from now on, and is to be handed out at once.
    pub(crate) fn restart_audit(&mut self, index: u64, now_ms: u64) {
        if let Some(open) = self.audits.get_mut(&index) {
            (open.since_ms, open.handed_out_ms) = (now_ms, None);
        }
    }

    pub(crate) fn audit_handed_out(&mut self, index: u64, now_ms: u64) {
        if let Some(open) = self.audits.get_mut(&index) {
            open.handed_out_ms = Some(now_ms);
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.record.terms.is_some() && self.record.abandoned.is_none()
    }

    pub(crate) fn retry_delay_ms(&self) -> u64 {
        let terms = self.record.terms.as_ref();
        terms.map_or(0, |terms| terms.retry_delay_ms)
    }

    /// Whether no batch may change any more, since the benchmark builds on it.
    pub(crate) fn is_fixed(&self) -> bool {
        match self.record.committed_root {
            Some(root) if self.record.may_have_root(root) => self.tree.root() == Some(root),
            _ => self.record.is_committed(),
        }
    }

    /// Whether all roots are there and do not lead to that of the confirmed benchmark, which may be ours: one of them is wrong.
    pub(crate) fn has_wrong_root(&self) -> bool {
        self.tree.root().is_some() && self.lacks_right_root()
    }

    /// Whether the roots do not lead to that of the confirmed benchmark, which may be ours: some are missing or wrong.
    pub(crate) fn lacks_right_root(&self) -> bool {
        let committed = self.record.committed_root;
        let expected = committed.filter(|root| self.record.may_have_root(*root));
        expected.is_some_and(|expected| self.tree.root() != Some(expected))
    }

    /// Whether the batches were computed again for the confirmed benchmark and lead to its root, so that no slave need check
    /// them. A root that this host has handed on itself proves nothing: it follows from the same results.
    pub(crate) fn is_proved_right(&self) -> bool {
        let committed = self.record.committed_root;
        self.record.announced_root.is_none() && committed.is_some() && !self.lacks_right_root()
    }

    /// The batches whose result nobody has confirmed, and that are not the verifier's.
    pub(crate) fn unchecked<'a>(
        &'a self,
        verifier: Option<&'a str>,
    ) -> impl Iterator<Item = (u64, &'a BatchRecord)> {
        let batches = self.batches.iter();
        batches
            .filter(move |(_, record)| {
                !record.is_confirmed && verifier != Some(record.slave.as_str())
            })
            .map(|(index, record)| (*index, record))
    }

    /// Whether the sampled nonces of batch `index`, and no others, have proofs.
    pub(crate) fn is_proved(&self, index: u64) -> bool {
        let (Some(nonces), Some(batch)) = (self.samples.get(&index), self.batches.get(&index))
        else {
            return false;
        };
        let proved = batch.merkle_proofs.iter().map(|proof| proof.leaf.nonce);
        proved.eq(nonces.iter().copied())
    }
}

fn with_proofs(mut record: BatchRecord, result: &BatchResult) -> BatchRecord {
    record.merkle_proofs = result.merkle_proofs.clone();
    record.merkle_proofs.sort_by_key(|proof| proof.leaf.nonce);
    record
}

fn samples(record: &JobRecord) -> BTreeMap<u64, Vec<u64>> {
    let mut samples: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    if let Some(terms) = &record.terms {
        let mut nonces = record.sampled_nonces.clone().unwrap_or_default();
        nonces.sort_unstable();
        nonces.dedup();
        for nonce in nonces {
            samples
                .entry(nonce / terms.batch_size.get())
                .or_default()
                .push(nonce);
        }
    }
    samples
}
