//! The records that are stored, and that all else follows from.

use serde::{Deserialize, Serialize};
use tig_protocol::{BatchResult, BenchmarkSettings, MerkleHash, MerkleProof, WasmVmConfig};

use crate::config::BatchSize;
use crate::times::Times;

/// What is stored of a job: small, whatever its number of batches.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct JobRecord {
    pub(crate) settings: BenchmarkSettings,
    pub(crate) num_nonces: u64,
    pub(crate) rand_hash: String,
    /// Height of the block that the settings name.
    pub(crate) block_started: u32,
    /// `None` while the job waits for something that they need.
    #[serde(default)]
    pub(crate) terms: Option<Terms>,
    /// Root that was handed on to be submitted: from then on no batch changes.
    #[serde(default)]
    pub(crate) announced_root: Option<MerkleHash>,
    /// `None` until the benchmark is confirmed.
    #[serde(default)]
    pub(crate) sampled_nonces: Option<Vec<u64>>,
    /// Root of the confirmed benchmark.
    #[serde(default)]
    pub(crate) committed_root: Option<MerkleHash>,
    /// Why nothing more is done for the job; it is kept until it expires, lest it be created again.
    #[serde(default)]
    pub(crate) abandoned: Option<Abandoned>,
    /// The network has rolled a block back and reconfirmed the precommit with another random hash: results for the former one
    /// may still come in, so each batch is computed by two.
    #[serde(default, rename = "confirmed_anew")]
    pub(crate) reconfirmed: bool,
    #[serde(default)]
    pub(crate) times: Times,
}

impl JobRecord {
    /// Whether the network knows the root, or may soon.
    pub(crate) fn is_committed(&self) -> bool {
        self.announced_root.is_some() || self.committed_root.is_some()
    }

    /// Whether the confirmed benchmark with this root may be ours: no other one was handed on.
    pub(crate) fn may_have_root(&self, committed: MerkleHash) -> bool {
        self.announced_root
            .is_none_or(|announced| announced == committed)
    }

    pub(crate) fn abandon(&mut self, reason: Abandoned, now_ms: u64) {
        self.abandoned = Some(reason);
        self.times.abandoned_ms = Some(now_ms);
    }

    /// Undoes `abandon`.
    pub(crate) fn resume(&mut self) {
        self.abandoned = None;
        self.times.abandoned_ms = None;
    }
}

/// Why finished or possible work is of no use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Abandoned {
    #[error("our merkle root {ours} differs from {committed} of the confirmed benchmark")]
    OtherRoot {
        ours: MerkleHash,
        committed: MerkleHash,
    },
    #[error(
        "root {committed} of the confirmed benchmark was computed for a block that the network has rolled back"
    )]
    StaleRoot { committed: MerkleHash },
    #[error(
        "the whole branch of nonce {nonce} does not lead to the root of the confirmed benchmark"
    )]
    BrokenBranch { nonce: u64 },
    #[error("the result of batch {start_nonce} was found wrong after its benchmark was submitted")]
    Disproved { start_nonce: u64 },
    #[error("its proof would be confirmed too late to count")]
    TooLate,
}

impl Abandoned {
    /// What to do about it, for the next job.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::OtherRoot { .. } => {
                "make sure that no other master works for the same player; if none does, a slave was wrong: add slaves, or name a verifier"
            }
            Self::StaleRoot { .. } => {
                "nothing is to be done: it was submitted before the rollback was seen"
            }
            Self::BrokenBranch { .. } | Self::Disproved { .. } => {
                "find out which slaves computed it; raise audit_share, or name a verifier"
            }
            Self::TooLate => {
                "see why host or slaves were away or slow for so long; add slaves, or configure fewer num_nonces"
            }
        }
    }
}

/// What is fixed when a job is created, so that all its batches fit together.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Terms {
    pub(crate) batch_size: BatchSize,
    pub(crate) retry_delay_ms: u64,
    pub(crate) wasm_vm_config: WasmVmConfig,
    pub(crate) download_url: String,
}

/// What is stored of a batch that has a result.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct BatchRecord {
    pub(crate) merkle_root: MerkleHash,
    /// Ascending.
    pub(crate) solution_nonces: Vec<u64>,
    /// By ascending nonce; empty until asked for.
    pub(crate) merkle_proofs: Vec<MerkleProof>,
    /// Whose result it is.
    #[serde(default)]
    pub(crate) slave: String,
    /// Somebody else has found the same.
    #[serde(default)]
    pub(crate) is_confirmed: bool,
    /// When it came, in Unix milliseconds; `None` if a version stored it that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) received_ms: Option<u64>,
}

impl BatchRecord {
    /// The record of a result for the root alone.
    pub(crate) fn without_proofs(result: &BatchResult, slave: &str) -> Self {
        let mut solution_nonces = result.solution_nonces.clone();
        solution_nonces.sort_unstable();
        Self {
            merkle_root: result.merkle_root,
            solution_nonces,
            merkle_proofs: Vec::new(),
            slave: slave.to_owned(),
            is_confirmed: false,
            received_ms: None,
        }
    }

    /// Whether both say the same of the batch.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.merkle_root == other.merkle_root && self.solution_nonces == other.solution_nonces
    }
}
