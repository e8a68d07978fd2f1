//! The output of one nonce: the leaf of a Merkle tree, and the proof that it is one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::merkle::{MerkleBranch, MerkleHash};
use crate::{canonical, hash};

/// A solution as the algorithm returned it: an opaque JSON object, empty when there is none.
///
/// It is hashed as it stands, so `true` instead of `1` or one more key makes another leaf.
pub type Solution = Map<String, Value>;

/// What one nonce produced. Every nonce of a benchmark is a leaf, with or without a solution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputData {
    /// The nonce, which is also the index of the leaf in the whole tree.
    pub nonce: u64,
    /// Digest of the instructions the VM executed.
    pub runtime_signature: u64,
    /// Fuel units the VM charged.
    pub fuel_consumed: u64,
    /// Empty when the algorithm produced nothing.
    pub solution: Solution,
}

/// A leaf and the branch that ties it to the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerkleProof {
    /// The output of the sampled nonce.
    pub leaf: OutputData,
    /// The way from the leaf's hash to the root.
    pub branch: MerkleBranch,
}

impl OutputData {
    /// BLAKE3 of the canonical metadata (tig-protocol.md section 7.2).
    pub fn leaf_hash(&self) -> MerkleHash {
        MerkleHash(hash::blake3_text(&self.metadata()))
    }

    /// Canonical JSON of all four fields: what the worker prints.
    pub fn canonical(&self) -> String {
        format!(
            r#"{{"fuel_consumed":{},"nonce":{},"runtime_signature":{},"solution":{}}}"#,
            self.fuel_consumed,
            self.nonce,
            self.runtime_signature,
            canonical::object(&self.solution),
        )
    }

    /// Canonical JSON of the metadata: the solution is replaced by its signature.
    pub fn metadata(&self) -> String {
        format!(
            r#"{{"fuel_consumed":{},"nonce":{},"runtime_signature":{},"solution_signature":{}}}"#,
            self.fuel_consumed,
            self.nonce,
            self.runtime_signature,
            solution_signature(&self.solution),
        )
    }
}

/// The first 8 bytes, little endian, of the hash of the canonical solution (tig-protocol.md section 7.2).
pub fn solution_signature(solution: &Solution) -> u64 {
    hash::first_u64(&canonical::object(solution))
}
