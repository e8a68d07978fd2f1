//! A batch of nonces on its way to a slave and its result on the way back (tig-api.md section 7).

use serde::{Deserialize, Serialize};

use crate::merkle::MerkleHash;
use crate::output::MerkleProof;
use crate::settings::BenchmarkSettings;

/// Limits of the VM, part of the protocol's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmVmConfig {
    /// Bytes of linear memory.
    pub max_memory: u64,
    /// Fuel units per nonce.
    pub max_fuel: u64,
}

/// Aligned nonces `start_nonce .. start_nonce + num_nonces` of one benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The benchmark this batch belongs to; never contains `_`.
    pub benchmark_id: String,
    /// The settings of the precommit.
    pub settings: BenchmarkSettings,
    /// At most `batch_size`; less in the last batch of a benchmark.
    pub num_nonces: u64,
    /// A multiple of `batch_size`.
    pub start_nonce: u64,
    /// A power of two: only then do batch trees join to the whole tree.
    pub batch_size: u64,
    /// Id of the block that confirmed the precommit.
    pub rand_hash: String,
    /// Nonces whose proofs are wanted; empty while only the root is.
    pub sampled_nonces: Vec<u64>,
    /// Limits of the VM.
    pub wasm_vm_config: WasmVmConfig,
    /// Where the algorithm's module is; may change, so it cannot be a cache key for the bytes behind it.
    pub download_url: String,
}

impl Batch {
    /// `<benchmark_id>_<start_nonce>`, the id in the path of `submit-batch-result`.
    pub fn id(&self) -> String {
        format!("{}_{}", self.benchmark_id, self.start_nonce)
    }
}

/// What `compute_batch` prints and a slave submits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchResult {
    /// Root of the batch's own tree.
    pub merkle_root: MerkleHash,
    /// Nonces with a valid solution.
    pub solution_nonces: Vec<u64>,
    /// One proof per sampled nonce; branch depths count from the batch's leaves.
    pub merkle_proofs: Vec<MerkleProof>,
}
