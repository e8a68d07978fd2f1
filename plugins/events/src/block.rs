//! What a block shows, as events; emitted by `data_fetcher` and `difficulty_sampler`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_protocol::api::{
    Algorithm, Benchmark, Block, Challenge, Fraud, Player, Precommit, Proof, Wasm,
};

use crate::event;

/// `new_block`: one consistent snapshot of the network for one block.
///
/// The records travel as the API sent them; this type decodes the fields that the protocol names.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NewBlock {
    /// The block.
    pub block: Block,
    /// All confirmed algorithms by id.
    #[serde(default)]
    pub algorithms: BTreeMap<String, Algorithm>,
    /// Compiled algorithms by algorithm id.
    #[serde(default)]
    pub wasms: BTreeMap<String, Wasm>,
    /// This player, if the API lists it.
    #[serde(default)]
    pub player: Option<Player>,
    /// This player's confirmed precommits of the lifespan window, by benchmark id.
    #[serde(default)]
    pub precommits: BTreeMap<String, Precommit>,
    /// This player's confirmed benchmarks, by id.
    #[serde(default)]
    pub benchmarks: BTreeMap<String, Benchmark>,
    /// This player's confirmed proofs, by benchmark id.
    #[serde(default)]
    pub proofs: BTreeMap<String, Proof>,
    /// This player's confirmed frauds, by benchmark id.
    #[serde(default)]
    pub frauds: BTreeMap<String, Fraud>,
    /// Challenges by id.
    #[serde(default)]
    pub challenges: BTreeMap<String, Challenge>,
}
event!(NewBlock, "new_block", latest);

/// `precommit_confirmed`: a precommit of this player is in a block; its benchmark is not yet.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PrecommitConfirmed {
    /// The precommit with its `rand_hash`.
    pub precommit: Precommit,
}
event!(PrecommitConfirmed, "precommit_confirmed");

/// `benchmark_confirmed`: a benchmark is in a block with its sampled nonces; its proof is not yet.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BenchmarkConfirmed {
    /// The precommit that the benchmark belongs to.
    pub precommit: Precommit,
    /// The benchmark with its sampled nonces.
    pub benchmark: Benchmark,
}
event!(BenchmarkConfirmed, "benchmark_confirmed");

/// `proof_confirmed`: the proof is in a block, so the job is done.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ProofConfirmed {
    /// The precommit that the proof belongs to.
    pub precommit: Precommit,
    /// The benchmark, if the API lists it.
    pub benchmark: Option<Benchmark>,
    /// The proof.
    pub proof: Proof,
}
event!(ProofConfirmed, "proof_confirmed");

/// `difficulty_samples`: difficulties that are admissible at a block, drawn for one challenge.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DifficultySamples {
    /// The challenge.
    pub challenge_id: String,
    /// The block whose frontiers admit the samples.
    pub block_id: String,
    /// Difficulties, one value per parameter of the challenge.
    pub samples: Vec<Vec<i32>>,
}
event!(DifficultySamples, "difficulty_samples");
