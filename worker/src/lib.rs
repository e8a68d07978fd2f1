//! Runs algorithms, which are untrusted WASM modules, on the instances of a benchmark and proves the work.
//!
//! Invariant: the same algorithm, settings, nonces and limits give the same bytes for any number of workers. Nothing an
//! algorithm does crashes the worker, outlives its fuel or its memory, or reaches the host.

mod algorithm;
mod answer;
mod batch;
mod cache;
mod engine;
mod error;
mod fingerprint;
mod fold;
mod fuel;
mod guest;
mod instrument;
mod instrument_body;
#[cfg(test)]
mod instrument_tests;
mod limits;
mod nonce;
mod opcode;
mod sealed;
mod workers;

pub use algorithm::{Algorithm, BadModule, WASM_BYTES_MAX};
pub use batch::{BatchJob, check_nonces, compute_batch};
pub use cache::{Cache, CacheError};
pub use error::{InstanceError, JobError, VerifyError};
pub use fingerprint::ENGINE_PROFILE;
pub use guest::HostFailure;
pub use limits::Limits;
pub use nonce::{Computed, Outcome, compute_nonce, generate_instance, verify_solution};
pub use workers::{COMPILERS_MAX, WORKERS_MAX, Workers, start_compilers};
