//! A batch of nonces on its way to a slave and its result on the way back (tig-api.md section 7).

use serde::{Deserialize, Serialize};

use crate::merkle::MerkleHash;
use crate::output::MerkleProof;
use crate::settings::BenchmarkSettings;

/// Nonces of the largest batch that slaves compute: they keep a leaf for each nonce. Masters ask for no larger one.
pub const BATCH_SIZE_MAX: u64 = 1 << 20;

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

/// A batch of a job, of which all batches but for their nonces are the same. It has the JSON form of a [`Batch`]: a master
/// that writes thousands a second copies no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BatchOfJob<'a> {
    benchmark_id: &'a str,
    settings: &'a BenchmarkSettings,
    num_nonces: u64,
    start_nonce: u64,
    batch_size: u64,
    rand_hash: &'a str,
    sampled_nonces: &'a [u64],
    wasm_vm_config: WasmVmConfig,
    download_url: &'a str,
}

impl<'a> BatchOfJob<'a> {
    /// Any batch of the job, but with these nonces: the first and how many, and those whose proofs are wanted.
    pub fn new(
        batch: &'a Batch,
        (start_nonce, num_nonces): (u64, u64),
        sampled_nonces: &'a [u64],
    ) -> Self {
        Self {
            benchmark_id: &batch.benchmark_id,
            settings: &batch.settings,
            num_nonces,
            start_nonce,
            batch_size: batch.batch_size,
            rand_hash: &batch.rand_hash,
            sampled_nonces,
            wasm_vm_config: batch.wasm_vm_config,
            download_url: &batch.download_url,
        }
    }

    /// The batch with texts of its own.
    pub fn into_batch(self) -> Batch {
        Batch {
            benchmark_id: self.benchmark_id.to_owned(),
            settings: self.settings.clone(),
            num_nonces: self.num_nonces,
            start_nonce: self.start_nonce,
            batch_size: self.batch_size,
            rand_hash: self.rand_hash.to_owned(),
            sampled_nonces: self.sampled_nonces.to_owned(),
            wasm_vm_config: self.wasm_vm_config,
            download_url: self.download_url.to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_of_a_job_is_written_as_a_batch() {
        let batch = Batch {
            benchmark_id: "b".to_owned(),
            settings: BenchmarkSettings {
                player_id: "p".to_owned(),
                block_id: "k".to_owned(),
                challenge_id: "c001".to_owned(),
                algorithm_id: "c001_a001".to_owned(),
                difficulty: vec![1, 2],
            },
            num_nonces: 3,
            start_nonce: 16,
            batch_size: 8,
            rand_hash: "r".to_owned(),
            sampled_nonces: vec![17],
            wasm_vm_config: WasmVmConfig {
                max_memory: 4,
                max_fuel: 5,
            },
            download_url: "u".to_owned(),
        };
        let other = Batch {
            num_nonces: 8,
            start_nonce: 0,
            sampled_nonces: Vec::new(),
            ..batch.clone()
        };
        let of_job = BatchOfJob::new(&other, (16, 3), &batch.sampled_nonces);
        let [expected, written] = [
            serde_json::to_string(&batch),
            serde_json::to_string(&of_job),
        ]
        .map(Result::unwrap);
        assert_eq!(written, expected);
        assert_eq!(of_job.into_batch(), batch);
    }
}
