//! Why a module cannot be an algorithm, and why there is no result for a nonce or a batch, as opposed to how a run of the
//! algorithm ended.

use tig_challenges::{GenerateError, InvalidSolution};
use tig_process::threads::REMEDY;
use tig_protocol::MerkleError;

use crate::limits::{TABLE_ELEMENTS_MAX, TABLES_MAX, WASM_BYTES_MAX};

/// Why a module cannot be an algorithm. It would fail for every nonce, so it is an error of the whole batch.
#[derive(Debug, thiserror::Error)]
pub enum BadModule {
    /// More than [`WASM_BYTES_MAX`].
    #[error("module of {actual} bytes is larger than {WASM_BYTES_MAX}")]
    TooLarge {
        /// Bytes of the module.
        actual: usize,
    },
    /// Not valid WASM, or it uses a proposal that is switched off: SIMD, threads, 64-bit memory, several memories,
    /// `externref`, typed function references, garbage collection, exceptions.
    #[error("module is not valid: {0}")]
    Invalid(String),
    /// Algorithms run without any import.
    #[error("module imports `{module}.{name}`, but an algorithm is given no imports")]
    Import {
        /// Module of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// An export of the guest ABI is missing or of another type.
    #[error("module does not export {0}")]
    Export(&'static str),
    /// More or larger tables than any run may have.
    #[error(
        "module has {tables} tables of up to {elements} elements, at most {TABLES_MAX} of {TABLE_ELEMENTS_MAX} are granted"
    )]
    Tables {
        /// Tables of the module.
        tables: u32,
        /// Elements of the largest at the start.
        elements: u64,
    },
    /// The engine itself cannot be set up on this machine.
    #[error("cannot set up the WASM engine: {0}")]
    Engine(String),
}

/// The host could not run the guest; says nothing about the algorithm.
#[derive(Debug, thiserror::Error)]
#[error("cannot run the algorithm on this machine: {0}")]
pub struct HostFailure(pub(crate) String);

/// A batch or nonce that cannot be computed. Three texts are those of the original worker (tig-protocol.md section 23).
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// No nonces, or more than leaves in the tree.
    #[error("Invalid number of nonces. Must be non-zero and less than batch size")]
    NumNonces,
    /// The last nonce would not fit 64 bits.
    #[error("nonces overflow: {start_nonce} + {num_nonces} does not fit in 64 bits")]
    NonceOverflow {
        /// First nonce.
        start_nonce: u64,
        /// Number of nonces.
        num_nonces: u64,
    },
    /// A proof is wanted for a nonce outside the batch.
    #[error("Sampled nonce {nonce} is out of range [{start_nonce}, {end_nonce})")]
    SampledOutOfRange {
        /// The sampled nonce.
        nonce: u64,
        /// First nonce of the batch.
        start_nonce: u64,
        /// First nonce after the batch.
        end_nonce: u64,
    },
    /// Batch trees join to one tree only if their size is a power of two.
    #[error("Batch size must be a power of 2")]
    BatchSize,
    /// A batch needs a worker.
    #[error("number of workers must be at least 1")]
    NoWorkers,
    /// The threads cannot be started.
    #[error("cannot start {workers} worker threads: {cause}; use fewer, or {REMEDY}")]
    Threads {
        /// Threads asked for.
        workers: usize,
        /// The cause.
        cause: rayon::ThreadPoolBuildError,
    },
    /// There is no instance to run the algorithm on.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// This machine could not run the algorithm.
    #[error(transparent)]
    Host(#[from] HostFailure),
    /// The leaves make no tree.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

/// Settings that have no instance.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Not a challenge this worker knows.
    #[error("unknown challenge `{0}`")]
    UnknownChallenge(String),
    /// The difficulty has no instance.
    #[error("no instance of challenge `{challenge_id}`: {source}")]
    Generate {
        /// Id of the challenge.
        challenge_id: String,
        /// Fault of the difficulty.
        source: GenerateError,
    },
}

/// Why a solution cannot be confirmed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no instance to verify it for.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The solution does not solve the instance.
    #[error(transparent)]
    Invalid(#[from] InvalidSolution),
}
