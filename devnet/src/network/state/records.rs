//! Records of the network per benchmark id (tig-protocol.md section 1).
//!
//! Invariant: an item whose `confirmed` is `None` is in the mempool; block production alone fills it in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tig_protocol::{BenchmarkSettings, MerkleHash, MerkleProof, PreciseNumber};

/// Precommit, benchmark, proof and fraud of one benchmark id; at most one of each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Order of submission, for display.
    pub(crate) sequence: u64,
    pub(crate) precommit: Precommit,
    pub(crate) benchmark: Option<Benchmark>,
    pub(crate) proof: Option<Proof>,
    pub(crate) fraud: Option<Fraud>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Precommit {
    pub(crate) settings: BenchmarkSettings,
    /// Height of the block that the settings name.
    pub(crate) block_started: u32,
    pub(crate) num_nonces: u32,
    pub(crate) fee_paid: PreciseNumber,
    pub(crate) confirmed: Option<ConfirmedPrecommit>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ConfirmedPrecommit {
    pub(crate) height: u32,
    /// Id of the confirming block.
    pub(crate) rand_hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Benchmark {
    pub(crate) merkle_root: MerkleHash,
    pub(crate) solution_nonces: BTreeSet<u64>,
    pub(crate) confirmed: Option<ConfirmedBenchmark>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ConfirmedBenchmark {
    pub(crate) height: u32,
    pub(crate) sampled_nonces: BTreeSet<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// Leaves are as deep as the player likes.
    #[serde(with = "super::json_text")]
    pub(crate) merkle_proofs: Vec<MerkleProof>,
    pub(crate) reexecution: ReexecutionState,
    pub(crate) confirmed: Option<ConfirmedProof>,
}

/// A proof waits in the mempool until its leaves were computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReexecutionState {
    Waiting,
    Running,
    /// Nothing is left to run: the leaves agreed, or a fraud is recorded.
    Done,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ConfirmedProof {
    pub(crate) height: u32,
    /// Blocks from `block_started` to `height`.
    pub(crate) submission_delay: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fraud {
    pub(crate) allegation: String,
    /// Height of the confirming block.
    pub(crate) confirmed: Option<u32>,
}

impl Fraud {
    pub(crate) fn new(allegation: &impl ToString) -> Self {
        Self {
            allegation: allegation.to_string(),
            confirmed: None,
        }
    }
}

impl Record {
    pub(crate) fn new(sequence: u64, precommit: Precommit) -> Self {
        Self {
            sequence,
            precommit,
            benchmark: None,
            proof: None,
            fraud: None,
        }
    }

    /// Distinct solution nonces declared.
    pub(crate) fn num_solutions(&self) -> u32 {
        let benchmark = self.benchmark.as_ref();
        // Distinct nonces below a 32-bit number.
        benchmark.map_or(0, |benchmark| {
            u32::try_from(benchmark.solution_nonces.len()).unwrap_or(u32::MAX)
        })
    }

    pub(crate) fn confirmed_precommit(&self) -> Option<&ConfirmedPrecommit> {
        self.precommit.confirmed.as_ref()
    }

    pub(crate) fn confirmed_benchmark(&self) -> Option<(&Benchmark, &ConfirmedBenchmark)> {
        let benchmark = self.benchmark.as_ref()?;
        Some((benchmark, benchmark.confirmed.as_ref()?))
    }

    pub(crate) fn confirmed_proof(&self) -> Option<&ConfirmedProof> {
        self.proof.as_ref()?.confirmed.as_ref()
    }

    /// Height of the block that confirmed the fraud.
    pub(crate) fn confirmed_fraud(&self) -> Option<u32> {
        self.fraud.as_ref()?.confirmed
    }
}
