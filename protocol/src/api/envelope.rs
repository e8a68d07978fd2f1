//! Requests and responses of the endpoints (tig-api.md section 6).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{
    Algorithm, Benchmark, Block, BlockDetails, Challenge, Fraud, Player, Precommit, Proof, Wasm,
};
use crate::{BenchmarkSettings, MerkleHash, MerkleProof};

/// Answer of `GET /get-block`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetBlockResponse {
    /// Null while there is no such block.
    pub block: Option<Block>,
}

/// Answer of `GET /get-algorithms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetAlgorithmsResponse {
    /// The block asked for.
    pub block_id: String,
    /// Its details.
    pub block_details: BlockDetails,
    /// All confirmed algorithms.
    pub algorithms: Vec<Algorithm>,
    /// Their modules.
    pub wasms: Vec<Wasm>,
}

/// Answer of `GET /get-players`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetPlayersResponse {
    /// The block asked for.
    pub block_id: String,
    /// Its details.
    pub block_details: BlockDetails,
    /// Players active in the round of the block.
    pub players: Vec<Player>,
}

/// Answer of `GET /get-benchmarks`: one player's confirmed items inside the lifespan window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetBenchmarksResponse {
    /// The block asked for; some servers leave it out.
    pub block_id: Option<String>,
    /// Its details; some servers leave them out.
    pub block_details: Option<BlockDetails>,
    /// Confirmed precommits.
    pub precommits: Vec<Precommit>,
    /// Confirmed benchmarks.
    pub benchmarks: Vec<Benchmark>,
    /// Confirmed proofs.
    pub proofs: Vec<Proof>,
    /// Confirmed frauds.
    pub frauds: Vec<Fraud>,
}

/// Answer of `GET /get-challenges`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetChallengesResponse {
    /// The block asked for.
    pub block_id: String,
    /// Its details.
    pub block_details: BlockDetails,
    /// All challenges, active or not.
    pub challenges: Vec<Challenge>,
}

/// Answer of `GET /get-benchmark-data`: all there is about one benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetBenchmarkDataResponse {
    /// The precommit, confirmed or not.
    pub precommit: Option<Precommit>,
    /// The benchmark with its solution nonces.
    pub benchmark: Option<Benchmark>,
    /// The proof with its Merkle proofs.
    pub proof: Option<Proof>,
    /// The fraud with its allegation.
    pub fraud: Option<Fraud>,
}

/// Body of `POST /submit-precommit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitPrecommitRequest {
    /// What will be computed.
    pub settings: BenchmarkSettings,
    /// At least 1.
    pub num_nonces: u32,
}

/// Answer of `POST /submit-precommit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitPrecommitResponse {
    /// Id of precommit, benchmark, proof and fraud from here on.
    pub benchmark_id: String,
}

/// Body of `POST /submit-benchmark`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitBenchmarkRequest {
    /// The id of the precommit.
    pub benchmark_id: String,
    /// Root over the leaves of all nonces.
    pub merkle_root: MerkleHash,
    /// In any order, possibly empty.
    pub solution_nonces: Vec<u64>,
}

/// Answer of `POST /submit-benchmark`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitBenchmarkResponse {
    /// Always true.
    pub ok: bool,
}

/// Body of `POST /submit-proof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitProofRequest {
    /// The id of the precommit.
    pub benchmark_id: String,
    /// Exactly one per sampled nonce, in any order.
    pub merkle_proofs: Vec<MerkleProof>,
}

/// Answer of `POST /submit-proof`. Status 200 alone does not mean that the proof is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitProofResponse {
    /// What the check of the proof found.
    #[serde(default)]
    pub verified: Verified,
}

/// What the check of a proof found.
///
/// Written as `{"Ok":null}` or `{"Err":"<reason>"}`. Read leniently, because the API's documents disagree: null, an
/// absent field and the text `ok` (in any case) mean success, any other text is a reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Result<(), String>")]
pub enum Verified {
    /// The proof is good.
    #[default]
    Ok,
    /// The proof is bad and the benchmark flagged as fraud, for this reason.
    Err(String),
}

impl From<Verified> for Result<(), String> {
    fn from(verified: Verified) -> Self {
        match verified {
            Verified::Ok => Ok(()),
            Verified::Err(reason) => Err(reason),
        }
    }
}

impl<'de> Deserialize<'de> for Verified {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self::Ok),
            Value::String(text) if text.eq_ignore_ascii_case("ok") => Ok(Self::Ok),
            Value::String(reason) => Ok(Self::Err(reason)),
            other => match serde_json::from_value(other).map_err(serde::de::Error::custom)? {
                Ok(()) => Ok(Self::Ok),
                Err(reason) => Ok(Self::Err(reason)),
            },
        }
    }
}

/// Body of `POST /submit-topup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitTopupRequest {
    /// Hash of the transaction that paid.
    pub tx_hash: String,
}

/// Answer of `POST /submit-topup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitTopupResponse {
    /// Always true.
    pub ok: bool,
}

/// Body of `POST /request-api-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestApiKeyRequest {
    /// Lower-case address.
    pub address: String,
    /// 65 bytes in hex after `0x`.
    pub signature: String,
    /// Transaction that created the safe, for accounts with several owners.
    pub gnosis_safe_setup_tx_hash: Option<String>,
}

/// Answer of `POST /request-api-key`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestApiKeyResponse {
    /// A secret: 32 hex digits. It is left out of `Debug` output.
    pub api_key: String,
}

impl std::fmt::Debug for RequestApiKeyResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestApiKeyResponse")
            .finish_non_exhaustive()
    }
}
