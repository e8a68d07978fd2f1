//! Benchmark settings: what a precommit fixes, and the seed of every instance that follows from it.

use serde::{Deserialize, Serialize};

use crate::{canonical, hash};

/// What a benchmark is about; one precommit per distinct value (tig-api.md section 5.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BenchmarkSettings {
    /// Address of the benchmarker, `0x` and 40 lower-case hex digits.
    pub player_id: String,
    /// The block whose data admits this difficulty.
    pub block_id: String,
    /// `c001`, `c003`, ...
    pub challenge_id: String,
    /// `c001_a001`, ...
    pub algorithm_id: String,
    /// In the order of the challenge's difficulty parameters.
    pub difficulty: Vec<i32>,
}

impl BenchmarkSettings {
    /// The seed of the instance of `nonce` (tig-protocol.md section 7.2).
    pub fn seed(&self, rand_hash: &str, nonce: u64) -> [u8; 32] {
        hash::blake3_text(&format!("{}_{rand_hash}_{nonce}", self.canonical()))
    }

    /// Canonical JSON: the five fields with sorted keys.
    pub fn canonical(&self) -> String {
        let text = canonical::string;
        let difficulty: Vec<String> = self.difficulty.iter().map(i32::to_string).collect();
        format!(
            r#"{{"algorithm_id":{},"block_id":{},"challenge_id":{},"difficulty":[{}],"player_id":{}}}"#,
            text(&self.algorithm_id),
            text(&self.block_id),
            text(&self.challenge_id),
            difficulty.join(","),
            text(&self.player_id),
        )
    }
}
