//! Runs algorithms, which are untrusted WASM modules, on the instances of a benchmark and proves the work.
//!
//! Invariant: the same algorithm, settings, nonces and limits give the same bytes for any number of workers. Nothing an
//! algorithm does crashes the worker, outlives its fuel or its memory, or reaches the host.

mod error;
mod instrument;
mod limits;
mod module;
mod profile;
mod run;

pub use error::{BadModule, HostFailure, InstanceError, JobError, VerifyError};
pub use limits::{Limits, WASM_BYTES_MAX};
pub use module::{Algorithm, Cache, CacheError};
pub use profile::{ENGINE_PROFILE, WORKERS_MAX};
pub use run::{
    BatchJob, COMPILERS_MAX, Computed, Outcome, Workers, check_nonces, compute_batch,
    compute_nonce, generate_instance, start_compilers, verify_solution,
};
