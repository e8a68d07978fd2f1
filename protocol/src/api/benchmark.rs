//! Precommit, benchmark, proof and fraud, all keyed by one benchmark id (tig-api.md section 5.6).

use serde::{Deserialize, Serialize};

use super::Confirmation;
use crate::{BenchmarkSettings, MerkleHash, MerkleProof, PreciseNumber};

/// The promise to compute nonces with given settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precommit {
    /// Id of the benchmark it begins.
    pub benchmark_id: String,
    /// How many nonces, from when, at what fee.
    pub details: PrecommitDetails,
    /// What is computed.
    pub settings: BenchmarkSettings,
    /// Null until a block confirms it.
    pub state: Option<PrecommitState>,
}

/// How many nonces a precommit promises, from when, at what fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecommitDetails {
    /// Height of the block named in the settings.
    pub block_started: u32,
    /// Nonces promised, from 0 on.
    pub num_nonces: Option<u32>,
    /// TIG.
    pub fee_paid: Option<PreciseNumber>,
}

/// What confirmation adds to a precommit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecommitState {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
    /// Id of the confirming block: part of every instance's seed.
    pub rand_hash: Option<String>,
}

/// The commitment to all outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Benchmark {
    /// The benchmark id.
    pub id: String,
    /// Root and number of solutions.
    pub details: BenchmarkDetails,
    /// Null until a block confirms it.
    pub state: Option<BenchmarkState>,
    /// Nonces with a solution; null except in get-benchmark-data.
    pub solution_nonces: Option<Vec<u64>>,
}

/// Root and number of solutions of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchmarkDetails {
    /// Distinct solution nonces.
    pub num_solutions: u32,
    /// Root over the leaves of all nonces.
    pub merkle_root: Option<MerkleHash>,
}

/// What confirmation adds to a benchmark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchmarkState {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
    /// Nonces that must be proven.
    pub sampled_nonces: Option<Vec<u64>>,
}

/// The sampled outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The benchmark id.
    pub benchmark_id: String,
    /// Null until a block confirms it.
    pub state: Option<ProofState>,
    /// One per sampled nonce; null except in get-benchmark-data.
    pub merkle_proofs: Option<Vec<MerkleProof>>,
}

/// What confirmation adds to a proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofState {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
    /// Blocks from the block named in the settings to the confirming one.
    pub submission_delay: Option<u32>,
}

/// A proof found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraud {
    /// The benchmark id.
    pub benchmark_id: String,
    /// Null until a block confirms it.
    pub state: Option<Confirmation>,
    /// Why; null except in get-benchmark-data.
    pub allegation: Option<String>,
}
