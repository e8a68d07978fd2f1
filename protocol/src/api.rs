//! Objects and envelopes of the TIG HTTP API (tig-api.md sections 5 and 6).
//!
//! Decoding is lenient: unknown fields are ignored, optional ones may be null or absent. Encoding writes every optional
//! field, as null if it has no value. Sets are lists in no particular order; maps are sorted by key.

mod algorithm;
mod benchmark;
mod block;
mod challenge;
mod config;
mod envelope;
mod player;

pub use algorithm::{
    Algorithm, AlgorithmBlockData, AlgorithmDetails, AlgorithmState, Wasm, WasmDetails,
};
pub use benchmark::{
    Benchmark, BenchmarkDetails, BenchmarkState, Fraud, Precommit, PrecommitDetails,
    PrecommitState, Proof, ProofState,
};
pub use block::{Block, BlockData, BlockDetails};
pub use challenge::{Challenge, ChallengeBlockData, ChallengeDetails, ChallengeState};
pub use config::{
    AlgorithmSubmissionsConfig, BenchmarkSubmissionsConfig, DifficultyConfig, DifficultyParameter,
    Erc20Config, OptimisableProofOfWorkConfig, PrecommitSubmissionsConfig, ProtocolConfig,
    QualifiersConfig, RewardDistribution, RewardsConfig, RewardsScheduleEntry, RoundsConfig,
    SolutionSignatureConfig,
};
pub use envelope::{
    GetAlgorithmsResponse, GetBenchmarkDataResponse, GetBenchmarksResponse, GetBlockResponse,
    GetChallengesResponse, GetPlayersResponse, RequestApiKeyRequest, RequestApiKeyResponse,
    SubmitBenchmarkRequest, SubmitBenchmarkResponse, SubmitPrecommitRequest,
    SubmitPrecommitResponse, SubmitProofRequest, SubmitProofResponse, SubmitTopupRequest,
    SubmitTopupResponse, Verified,
};
pub use player::{Player, PlayerBlockData, PlayerDetails, PlayerState, TopUp, TopUpDetails};

use serde::{Deserialize, Serialize};

/// The state of things that have no other: when a block confirmed them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
}
