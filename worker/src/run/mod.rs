//! From a batch to its nonces, and from a nonce to one run of the guest and its answer.

mod answer;
mod batch;
mod fingerprint;
pub(crate) mod guest;
mod nonce;
#[cfg(test)]
mod pinned;
#[cfg(test)]
pub(crate) mod test_guests;
#[cfg(test)]
mod tests;
mod workers;

pub use batch::{BatchJob, check_nonces};
pub use nonce::{Computed, Outcome, compute_nonce, generate_instance, verify_solution};
pub use workers::{COMPILERS_MAX, Workers, compute_batch, start_compilers};
