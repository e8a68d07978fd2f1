//! The protocol's error names and texts (tig-protocol.md sections 5.1 to 5.5).
//!
//! The text is what a client reads in a 400 answer, and what a fraud carries as its allegation.

use tig_protocol::{BenchmarkSettings, PreciseNumber};

/// Why a submission was refused, or why an accepted proof is a fraud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The settings or the precommit belong to another player than the one who submits.
    #[error("wrong submitting player: expected {expected}, got {actual}")]
    InvalidSubmittingPlayer {
        /// The player named by the settings.
        expected: String,
        /// The player who owns the API key.
        actual: String,
    },
    /// A precommit of zero nonces.
    #[error("invalid number of nonces {num_nonces}: at least 1 is needed")]
    InvalidNumNonces {
        /// The number asked for.
        num_nonces: u32,
    },
    /// The settings name a block that does not exist, or one older than the lifespan window.
    #[error("block {block_id} does not exist")]
    InvalidBlock {
        /// The block named by the settings.
        block_id: String,
    },
    /// The block is so old that a benchmark started there could never become active.
    #[error(
        "insufficient lifespan: nothing of it would remain after the submission delay penalty, use a newer block"
    )]
    InsufficientLifespan,
    /// The challenge is unknown, or not active at the named block.
    #[error("challenge {challenge_id} does not exist or is not active")]
    InvalidChallenge {
        /// The challenge named by the settings.
        challenge_id: String,
    },
    /// The algorithm is unknown, not active at the named block, or solves another challenge.
    #[error("algorithm {algorithm_id} does not exist, is not active or is not for this challenge")]
    InvalidAlgorithm {
        /// The algorithm named by the settings.
        algorithm_id: String,
    },
    /// A precommit with the same settings exists.
    #[error("a benchmark with these settings exists: {}", settings.canonical())]
    DuplicateBenchmarkSettings {
        /// The settings submitted twice.
        settings: Box<BenchmarkSettings>,
    },
    /// The difficulty has the wrong number of values, or one outside its range.
    #[error("invalid difficulty {difficulty:?}: the parameters are {}", parameters.join(", "))]
    InvalidDifficulty {
        /// The difficulty of the settings.
        difficulty: Vec<i32>,
        /// Each parameter as `name [min, max]`.
        parameters: Vec<String>,
    },
    /// The difficulty is under the lower frontier.
    #[error("difficulty {difficulty:?} is below the easiest allowed frontier {frontier:?}")]
    DifficultyBelowEasiestFrontier {
        /// The difficulty of the settings.
        difficulty: Vec<i32>,
        /// The lower frontier at the named block.
        frontier: Vec<Vec<i32>>,
    },
    /// The difficulty is over the upper frontier.
    #[error("difficulty {difficulty:?} is above the hardest allowed frontier {frontier:?}")]
    DifficultyAboveHardestFrontier {
        /// The difficulty of the settings.
        difficulty: Vec<i32>,
        /// The upper frontier at the named block.
        frontier: Vec<Vec<i32>>,
    },
    /// The player cannot pay the fee, counting the precommits that still wait for a block.
    #[error("insufficient fee balance: the fee is {fee}, the available balance is {available}")]
    InsufficientFeeBalance {
        /// Fee of this precommit, in units of 10^-18 TIG.
        fee: PreciseNumber,
        /// Balance left for it, in units of 10^-18 TIG.
        available: PreciseNumber,
    },
    /// A benchmark with this id exists.
    #[error("benchmark {benchmark_id} was already submitted")]
    DuplicateBenchmark {
        /// The id submitted twice.
        benchmark_id: String,
    },
    /// The precommit does not exist or waits for its block.
    #[error("precommit {benchmark_id} does not exist or is not confirmed")]
    InvalidPrecommit {
        /// The id asked for.
        benchmark_id: String,
    },
    /// A solution nonce outside the range of the precommit.
    #[error("invalid nonce {nonce}: it must be less than {num_nonces}")]
    InvalidBenchmarkNonce {
        /// The smallest nonce outside the range.
        nonce: u64,
        /// Number of nonces of the precommit.
        num_nonces: u32,
    },
    /// A proof with this id exists.
    #[error("proof {benchmark_id} was already submitted")]
    DuplicateProof {
        /// The id submitted twice.
        benchmark_id: String,
    },
    /// The benchmark does not exist or waits for its block.
    #[error("benchmark {benchmark_id} does not exist or is not confirmed")]
    InvalidBenchmark {
        /// The id asked for.
        benchmark_id: String,
    },
    /// The leaves are not exactly the sampled nonces.
    #[error("invalid proof nonces: expected {expected:?}, submitted {submitted:?}")]
    InvalidProofNonces {
        /// The sampled nonces, ascending.
        expected: Vec<u64>,
        /// The nonces of the leaves, in the order submitted.
        submitted: Vec<u64>,
    },
    /// A branch does not lead from its leaf to the root of the benchmark.
    #[error("invalid merkle proof for nonce {nonce}: the branch does not lead to the merkle root")]
    InvalidMerkleProof {
        /// The nonce of the leaf.
        nonce: u64,
    },
    /// A nonce was declared a solution, but its leaf does not solve the instance.
    #[error("invalid solution for nonce {nonce}")]
    InvalidSolution {
        /// The nonce of the leaf.
        nonce: u64,
    },
    /// A top-up with this transaction exists.
    #[error("transaction {tx_hash} was already used")]
    DuplicateTransaction {
        /// The hash submitted twice.
        tx_hash: String,
    },
    /// There is no such transaction.
    #[error("transaction {tx_hash:?} does not exist")]
    InvalidTransaction {
        /// The hash asked for.
        tx_hash: String,
    },
    /// Somebody else paid.
    #[error("wrong sender of transaction {tx_hash}: expected {expected}, got {actual}")]
    InvalidTransactionSender {
        /// The transaction.
        tx_hash: String,
        /// The player.
        expected: String,
        /// The payer.
        actual: String,
    },
    /// Somebody else was paid.
    #[error("wrong receiver of transaction {tx_hash}: expected {expected}, got {actual}")]
    InvalidTransactionReceiver {
        /// The transaction.
        tx_hash: String,
        /// The burn address of the configuration.
        expected: String,
        /// The payee.
        actual: String,
    },
    /// Another amount was paid.
    #[error("wrong amount of transaction {tx_hash}: expected {expected}, got {actual}")]
    InvalidTransactionAmount {
        /// The transaction.
        tx_hash: String,
        /// The amount of a top-up, in units of 10^-18 TIG.
        expected: PreciseNumber,
        /// Amount, in units of 10^-18 TIG.
        actual: PreciseNumber,
    },
    /// Re-execution of the algorithm gave another leaf.
    #[error(
        "invalid solution data: algorithm {algorithm_id} gives another result for nonce {nonce}"
    )]
    InvalidSolutionData {
        /// The algorithm that was run again.
        algorithm_id: String,
        /// The nonce whose leaf differs.
        nonce: u64,
    },
}
