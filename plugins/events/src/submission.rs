//! Events about submissions: to and from `submissions_manager`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_protocol::{BenchmarkSettings, MerkleHash, MerkleProof};

use crate::event;

/// `precommit_ready`: settings worth a fee.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PrecommitReady {
    /// What to benchmark.
    pub settings: BenchmarkSettings,
    /// How many nonces.
    pub num_nonces: u32,
}
event!(PrecommitReady, "precommit_ready");

/// `precommits_delayed`: the limit of requests a minute leaves no turn for a precommit until a moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PrecommitsDelayed {
    /// Precommits that may go each minute; `None` if the API itself has asked for a pause.
    pub allowed_per_minute: Option<u32>,
    /// When the next may go, in milliseconds of the host's clock.
    pub until_ms: u64,
}
event!(PrecommitsDelayed, "precommits_delayed", latest);

/// `precommits_paused`: nothing new may begin, by the operator's pause or a drain. Precommits that wait to be sent are dropped.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PrecommitsPaused {}
event!(PrecommitsPaused, "precommits_paused");

/// `precommit_dropped`: the API has not taken a precommit that is not sent again: it costs no fee. Its block is over, new work is
/// paused, the host drains, or no further attempt is allowed.
///
/// The slot of a precommit is freed either by this event or by a [`SubmitPrecommitError`] with a status of 400 to 499 and
/// without a retry. A precommit has one of them at most.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PrecommitDropped {
    /// What was to be benchmarked.
    pub settings: BenchmarkSettings,
}
event!(PrecommitDropped, "precommit_dropped");

/// `benchmark_ready`: every batch of a job has its root.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BenchmarkReady {
    /// The job.
    pub benchmark_id: String,
    /// Root over all nonces.
    pub merkle_root: MerkleHash,
    /// Nonces with a solution, ascending.
    pub solution_nonces: Vec<u64>,
    /// Random hash that it was computed for. Not part of the request to the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rand_hash: Option<String>,
}
event!(BenchmarkReady, "benchmark_ready");

/// `proof_ready`: every sampled nonce has its proof.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ProofReady {
    /// The job.
    pub benchmark_id: String,
    /// One proof per sampled nonce, with branches up to the benchmark's root.
    pub merkle_proofs: Vec<MerkleProof>,
    /// As in [`BenchmarkReady`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rand_hash: Option<String>,
}
event!(ProofReady, "proof_ready");

// Outcomes of submissions that the API has accepted: not yet a confirmation.

/// `submit_precommit_success`: the API has answered 200; a block will confirm it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitPrecommitSuccess {
    /// Body of the answer.
    pub text: String,
    /// Field of the request.
    pub settings: BenchmarkSettings,
    /// Field of the request.
    pub num_nonces: u32,
}
event!(SubmitPrecommitSuccess, "submit_precommit_success");

/// `submit_benchmark_success`: the API has answered 200; a block will confirm it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitBenchmarkSuccess {
    /// Body of the answer.
    pub text: String,
    /// Field of the request.
    pub benchmark_id: String,
    /// Field of the request.
    pub merkle_root: MerkleHash,
    /// Field of the request.
    pub solution_nonces: Vec<u64>,
}
event!(SubmitBenchmarkSuccess, "submit_benchmark_success");

/// `submit_proof_success`: the API has answered 200; a block will confirm it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitProofSuccess {
    /// Body of the answer.
    pub text: String,
    /// Field of the request.
    pub benchmark_id: String,
    /// Field of the request.
    pub merkle_proofs: Vec<MerkleProof>,
}
event!(SubmitProofSuccess, "submit_proof_success");

/// `submit_precommit_error`: an attempt has failed; whether it is repeated is the `submissions_manager`'s decision.
///
/// With a status of 400 to 499 and without a retry, the API has refused the precommit: it costs no fee. With another status, or
/// none, only a [`PrecommitDropped`] says so.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitPrecommitError {
    /// What the API or the network said.
    pub text: String,
    /// Status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// Body of the request.
    pub request: Value,
    /// The same request will be sent again.
    #[serde(default)]
    pub will_retry: bool,
}
event!(SubmitPrecommitError, "submit_precommit_error");

/// `submit_benchmark_error`: an attempt has failed; whether it is repeated is the `submissions_manager`'s decision.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitBenchmarkError {
    /// What the API or the network said.
    pub text: String,
    /// Status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// Body of the request.
    pub request: Value,
    /// The same request will be sent again.
    #[serde(default)]
    pub will_retry: bool,
}
event!(SubmitBenchmarkError, "submit_benchmark_error");

/// `submit_proof_error`: an attempt has failed; whether it is repeated is the `submissions_manager`'s decision.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubmitProofError {
    /// What the API or the network said.
    pub text: String,
    /// Status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// Body of the request.
    pub request: Value,
    /// The same request will be sent again.
    #[serde(default)]
    pub will_retry: bool,
}
event!(SubmitProofError, "submit_proof_error");
