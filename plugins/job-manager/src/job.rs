//! One job: a confirmed precommit, what is known of its batches, and what follows from that.
//!
//! Invariant: a batch's root never changes once it is stored, for the benchmark commits to it.

use std::collections::BTreeMap;

use serde::Serialize;
use tig_events::{BenchmarkReady, ProofReady};
use tig_protocol::{
    BadBatchResult, Batch, BatchResult, MerkleError, MerkleHash, MerkleProof, MerkleTree,
};

use crate::record::{BatchRecord, JobRecord};

/// How far a job is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Waiting,
    Computing,
    BenchmarkReady,
    Proving,
    ProofReady,
    Abandoned,
}

/// Why a result is not stored.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no batch of this job starts at nonce {0}")]
    NoSuchBatch(u64),
    #[error(transparent)]
    BadResult(#[from] BadBatchResult),
    #[error("merkle root {stated} differs from {stored}, which an earlier result stated")]
    OtherRoot {
        stated: MerkleHash,
        stored: MerkleHash,
    },
}

/// Why finished work is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprovable {
    #[error("our merkle root {ours} differs from {committed} of the confirmed benchmark")]
    OtherRoot {
        ours: MerkleHash,
        committed: MerkleHash,
    },
    #[error("the whole branch of nonce {0} does not lead to the root of the confirmed benchmark")]
    BrokenBranch(u64),
    #[error(transparent)]
    Tree(#[from] MerkleError),
}

/// A job with its results.
pub(crate) struct Job {
    benchmark_id: String,
    record: JobRecord,
    batches: BTreeMap<u64, BatchRecord>,
    /// Sampled nonces by index of their batch, ascending.
    samples: BTreeMap<u64, Vec<u64>>,
    handed_out_ms: BTreeMap<u64, u64>,
    /// The last stage whose event this process has emitted.
    pub(crate) announced: Option<Stage>,
}

impl Job {
    pub(crate) fn new(benchmark_id: String, record: JobRecord) -> Self {
        let samples = samples(&record);
        Self {
            benchmark_id,
            record,
            batches: BTreeMap::new(),
            samples,
            handed_out_ms: BTreeMap::new(),
            announced: None,
        }
    }

    pub(crate) fn record(&self) -> &JobRecord {
        &self.record
    }

    /// Indexes of the batches that have a result.
    pub(crate) fn finished(&self) -> impl Iterator<Item = u64> {
        self.batches.keys().copied()
    }

    /// Takes a changed record. Batches that hold a newly sampled nonce are due at once.
    pub(crate) fn update(&mut self, record: JobRecord) {
        let samples = samples(&record);
        if samples != self.samples {
            self.handed_out_ms
                .retain(|index, _| !samples.contains_key(index));
            self.announced = None;
        }
        self.samples = samples;
        self.record = record;
    }

    pub(crate) fn num_batches(&self) -> u64 {
        let size = self.record.terms.as_ref().map(|terms| terms.batch_size);
        size.map_or(0, |size| self.record.num_nonces.div_ceil(size.get()))
    }

    pub(crate) fn num_finished(&self) -> usize {
        self.batches.len()
    }

    pub(crate) fn num_sampled(&self) -> usize {
        self.samples.values().map(Vec::len).sum()
    }

    pub(crate) fn num_proved(&self) -> usize {
        let proved = self
            .samples
            .iter()
            .filter(|(index, _)| self.is_proved(**index));
        proved.map(|(_, nonces)| nonces.len()).sum()
    }

    /// How far the job is: a function of its record and its results alone.
    pub(crate) fn stage(&self) -> Stage {
        let whole = self.num_finished() as u64 == self.num_batches();
        match &self.record {
            JobRecord {
                abandoned: Some(_), ..
            } => Stage::Abandoned,
            JobRecord { terms: None, .. } => Stage::Waiting,
            JobRecord {
                sampled_nonces: None,
                ..
            } if whole => Stage::BenchmarkReady,
            JobRecord {
                sampled_nonces: None,
                ..
            } => Stage::Computing,
            _ if whole && self.samples.keys().all(|&index| self.is_proved(index)) => {
                Stage::ProofReady
            }
            _ => Stage::Proving,
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
        let sampled = self.samples.keys().copied().filter(|_| self.is_active());
        sampled.filter(move |&index| !self.is_proved(index) && self.is_due(index, now_ms))
    }

    /// Indexes of the other batches that lack a root and were not handed out lately.
    pub(crate) fn due_for_root(&self, now_ms: u64) -> impl Iterator<Item = u64> {
        let unsampled = |index: &u64| !self.samples.contains_key(index);
        let all = if self.is_active() {
            0..self.num_batches()
        } else {
            0..0
        };
        all.filter(unsampled)
            .filter(move |index| !self.batches.contains_key(index) && self.is_due(*index, now_ms))
    }

    pub(crate) fn hand_out(&mut self, index: u64, now_ms: u64) {
        self.handed_out_ms.insert(index, now_ms);
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

    /// The record to store for a result, or `None` if it brings nothing new. A result without proofs counts as one for
    /// the root alone: its slave may have got the batch before the nonces were sampled.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn accept(
        &self,
        start_nonce: u64,
        result: &BatchResult,
    ) -> Result<Option<(u64, BatchRecord)>, Refusal> {
        let no_such_batch = || Refusal::NoSuchBatch(start_nonce);
        let index = self.index_of(start_nonce).ok_or_else(no_such_batch)?;
        let mut batch = self.batch(index).ok_or_else(no_such_batch)?;
        if result.merkle_proofs.is_empty() {
            batch.sampled_nonces.clear();
        }
        batch.check(result)?;
        let mut record = match self.batches.get(&index) {
            Some(stored) if stored.merkle_root != result.merkle_root => {
                return Err(Refusal::OtherRoot {
                    stated: result.merkle_root,
                    stored: stored.merkle_root,
                });
            }
            Some(_) if batch.sampled_nonces.is_empty() || self.is_proved(index) => return Ok(None),
            Some(stored) => stored.clone(),
            None => BatchRecord::without_proofs(result),
        };
        record.merkle_proofs = result.merkle_proofs.clone();
        record.merkle_proofs.sort_by_key(|proof| proof.leaf.nonce);
        Ok(Some((index, record)))
    }

    pub(crate) fn insert(&mut self, index: u64, record: BatchRecord) {
        self.handed_out_ms.remove(&index);
        self.batches.insert(index, record);
    }

    /// The benchmark to submit; call when all batches have roots.
    ///
    /// # Errors
    ///
    /// There are no roots.
    pub(crate) fn benchmark(&self) -> Result<BenchmarkReady, MerkleError> {
        let solutions = self
            .batches
            .values()
            .flat_map(|batch| &batch.solution_nonces);
        Ok(BenchmarkReady {
            benchmark_id: self.benchmark_id.clone(),
            merkle_root: self.top_tree()?.root(),
            solution_nonces: solutions.copied().collect(),
        })
    }

    /// The proof to submit; call when all sampled nonces have proofs. Each whole branch is climbed to the root that the
    /// network knows first, because a wrong proof is punished as fraud.
    ///
    /// # Errors
    ///
    /// The network's root is not that of our batches.
    pub(crate) fn proof(&self) -> Result<ProofReady, Unprovable> {
        let top_tree = self.top_tree()?;
        let root = self.record.committed_root.unwrap_or(top_tree.root());
        let offset = self
            .record
            .terms
            .as_ref()
            .map_or(0, |terms| terms.batch_size.log2());
        let mut merkle_proofs = Vec::new();
        for index in self.samples.keys() {
            let top_branch = top_tree.branch(*index)?;
            for proof in self
                .batches
                .get(index)
                .into_iter()
                .flat_map(|batch| &batch.merkle_proofs)
            {
                let (leaf, branch) = (&proof.leaf, proof.branch.clone().join(&top_branch, offset));
                if branch.root(leaf.leaf_hash(), leaf.nonce)? != root {
                    return Err(Unprovable::BrokenBranch(leaf.nonce));
                }
                merkle_proofs.push(MerkleProof {
                    leaf: leaf.clone(),
                    branch,
                });
            }
        }
        Ok(ProofReady {
            benchmark_id: self.benchmark_id.clone(),
            merkle_proofs,
        })
    }

    /// Checks that the roots, once all are there, lead to the root that the network knows.
    ///
    /// # Errors
    ///
    /// They do not.
    pub(crate) fn check_root(&self, committed: MerkleHash) -> Result<(), Unprovable> {
        if self.num_finished() as u64 != self.num_batches() {
            return Ok(());
        }
        match self.top_tree()?.root() {
            ours if ours == committed => Ok(()),
            ours => Err(Unprovable::OtherRoot { ours, committed }),
        }
    }

    fn top_tree(&self) -> Result<MerkleTree, MerkleError> {
        let roots = self
            .batches
            .values()
            .map(|batch| batch.merkle_root)
            .collect();
        MerkleTree::new(roots, self.num_batches().next_power_of_two())
    }

    fn is_active(&self) -> bool {
        self.record.terms.is_some() && self.record.abandoned.is_none()
    }

    fn is_due(&self, index: u64, now_ms: u64) -> bool {
        let delay_ms = self
            .record
            .terms
            .as_ref()
            .map_or(0, |terms| terms.retry_delay_ms);
        let handed_out = self.handed_out_ms.get(&index);
        handed_out.is_none_or(|&then_ms| now_ms.saturating_sub(then_ms) >= delay_ms)
    }

    /// Whether the sampled nonces of batch `index`, and no others, have proofs.
    fn is_proved(&self, index: u64) -> bool {
        let (Some(nonces), Some(batch)) = (self.samples.get(&index), self.batches.get(&index))
        else {
            return false;
        };
        let proved = batch.merkle_proofs.iter().map(|proof| proof.leaf.nonce);
        proved.eq(nonces.iter().copied())
    }
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
