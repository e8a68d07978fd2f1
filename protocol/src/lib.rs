//! TIG wire types, canonical JSON, hashing, Merkle trees and random primitives, delays between attempts, and rates.
//!
//! Invariant: everything here is a pure function of its arguments. No I/O, no clock, no source of randomness, and no
//! panic on values that come from outside.

pub mod api;
mod backoff;
pub mod canonical;
pub mod difficulty;
mod hash;
pub mod influence;
mod merkle;
mod misplaced;
mod output;
mod player_id;
mod precise_number;
pub mod qualifiers;
mod recent;
pub mod rng;
pub mod sampling;
mod settings;
mod text;
mod work;
mod work_check;

pub use backoff::Backoff;
pub use merkle::{
    GrowingTree, MerkleBranch, MerkleError, MerkleHash, MerkleTree, ParseMerkleError, StoredTree,
};
pub use misplaced::misplaced_body;
pub use output::{MerkleProof, OutputData, Solution, solution_signature};
pub use player_id::{ParsePlayerIdError, PlayerId};
pub use precise_number::{ParsePreciseNumberError, PreciseNumber};
pub use recent::Recent;
pub use settings::BenchmarkSettings;
pub use work::{BATCH_SIZE_MAX, Batch, BatchOfJob, BatchResult, WasmVmConfig};
pub use work_check::BadBatchResult;
