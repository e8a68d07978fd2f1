//! Blocks (tig-api.md section 5.1).

use serde::{Deserialize, Serialize};

use super::ProtocolConfig;
use crate::PreciseNumber;

/// A block; immutable once produced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Unpredictable id; also the `rand_hash` of the precommits it confirms.
    pub id: String,
    /// Height, round and counts.
    pub details: BlockDetails,
    /// Ids of what it confirms and of what is active; only on request.
    pub data: Option<BlockData>,
    /// The configuration in force at this block.
    pub config: Option<ProtocolConfig>,
}

/// Height, round and counts of a block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockDetails {
    /// Id of the block before.
    pub prev_block_id: String,
    /// Number of the block.
    pub height: u32,
    /// Number of the round, from 1.
    pub round: u32,
    /// Number of the latest Ethereum block, in decimal.
    pub eth_block_num: Option<String>,
    /// Sum of the fees of the precommits confirmed in this block, TIG.
    pub fees_paid: Option<PreciseNumber>,
    /// Challenges confirmed in this block.
    pub num_confirmed_challenges: Option<u32>,
    /// Algorithms confirmed in this block.
    pub num_confirmed_algorithms: Option<u32>,
    /// Benchmarks confirmed in this block.
    pub num_confirmed_benchmarks: Option<u32>,
    /// Precommits confirmed in this block.
    pub num_confirmed_precommits: Option<u32>,
    /// Proofs confirmed in this block.
    pub num_confirmed_proofs: Option<u32>,
    /// Frauds confirmed in this block.
    pub num_confirmed_frauds: Option<u32>,
    /// Top-ups confirmed in this block.
    pub num_confirmed_topups: Option<u32>,
    /// Modules confirmed in this block.
    pub num_confirmed_wasms: Option<u32>,
    /// Challenges active at this block.
    pub num_active_challenges: Option<u32>,
    /// Algorithms active at this block.
    pub num_active_algorithms: Option<u32>,
    /// Benchmarks active at this block.
    pub num_active_benchmarks: Option<u32>,
    /// Players with active benchmarks at this block.
    pub num_active_players: Option<u32>,
}

/// Ids of what a block confirms and of what is active at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockData {
    /// Ids of challenges confirmed in this block.
    pub confirmed_challenge_ids: Vec<String>,
    /// Ids of algorithms confirmed in this block.
    pub confirmed_algorithm_ids: Vec<String>,
    /// Ids of benchmarks confirmed in this block.
    pub confirmed_benchmark_ids: Vec<String>,
    /// Benchmark ids of precommits confirmed in this block.
    pub confirmed_precommit_ids: Vec<String>,
    /// Benchmark ids of proofs confirmed in this block.
    pub confirmed_proof_ids: Vec<String>,
    /// Benchmark ids of frauds confirmed in this block.
    pub confirmed_fraud_ids: Vec<String>,
    /// Transaction hashes of top-ups confirmed in this block.
    pub confirmed_topup_ids: Vec<String>,
    /// Algorithm ids of modules confirmed in this block.
    pub confirmed_wasm_ids: Vec<String>,
    /// Ids of active challenges.
    pub active_challenge_ids: Vec<String>,
    /// Ids of active algorithms.
    pub active_algorithm_ids: Vec<String>,
    /// Ids of active benchmarks.
    pub active_benchmark_ids: Vec<String>,
    /// Ids of players with active benchmarks.
    pub active_player_ids: Vec<String>,
}
