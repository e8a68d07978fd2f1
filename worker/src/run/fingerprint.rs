//! The runtime signature of engine profile `tig-wasmtime-3`.
//!
//! A runtime signature ties a leaf to one execution. This profile hashes what went into a run (the module and the seed of
//! the instance), what came out of it (how it ended, the raw result bytes, the fuel consumed), and the 64-bit state that
//! the rewritten module has kept of the steps in between (see `instrument`). It is the same on every machine and for any
//! number of workers.
//!
//! Content of the state, and why:
//! - Every function entered, every turn of a loop and every return from a call is a step: it flips bits or multiplies,
//!   rotates the state and adds a number of its own. A step is a bijection, so a difference is never lost again.
//! - Between two steps the code has no way back, so each place in it is executed at most once. There the pass adds: a
//!   number of its own where an `if` or `br_if` goes one of its two ways, the index of a `br_table`, and every value stored
//!   to memory or a global and every length of a bulk operation, each times an odd number of its own. The sum shows which
//!   ways were taken, and with which values, but for collisions.
//! - Who skips a turn, takes another way or stores another value has another state, and does not find the right one but
//!   by executing: every step depends on all before it.
//! - Steps and the way out of a function write the state to a global, so it can be read after a trap or when the fuel is
//!   used up: a run without a result cannot be guessed either.
//!
//! Limits, to be known before anybody relies on it:
//! - A network accepts only proofs of its own profile: values differ from those of an engine that mixes every executed
//!   instruction into its signature, and so do the fuel counts.
//! - It is not a cryptographic hash. The numbers of places have 31 bits, so two given ways look alike with a probability of
//!   about 2^-31; they are no secret, and values can be constructed that cancel each other. That saves nobody work, since the
//!   values of the real execution must be known to do so.
//! - Values that stay in locals until they are used count when they decide a branch, are stored or returned. Addresses of
//!   stores, operands of `select` and the contents that bulk operations move do not count by themselves.
//! - What happens after the last step before a trap is not in the state. A stack overflow has none of it, since how deep a
//!   guest can recurse depends on the processor architecture; it charges the whole fuel, but one machine may overflow where
//!   another does not. A start function that fails has none either; it has seen nothing of the nonce.
//! - Whoever re-runs the nonce finds a forged value; nobody finds it by looking.
//! - Fuel and state are counted by the rewritten module, so a new version of the engine changes neither. A change of the
//!   rewriting that changes a count is a new profile: the pinned values in the tests say so.

use super::guest::{End, Run};
use crate::module::Algorithm;
use crate::profile::ENGINE_PROFILE;

/// The first 8 bytes, little endian, of BLAKE3 over profile, module, seed, fuel, state, end and result.
///
/// Every part but the last has a fixed length, so no two inputs read the same.
pub(crate) fn runtime_signature(algorithm: &Algorithm, seed: &[u8; 32], run: &Run) -> u64 {
    let (tag, result): (u8, &[u8]) = match &run.end {
        End::Returned(bytes) => (0, bytes),
        End::OutOfFuel => (1, &[]),
        End::OutOfMemory => (2, &[]),
        End::Trapped(_) => (3, &[]),
        End::BadPointer(_) => (4, &[]),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(ENGINE_PROFILE.as_bytes());
    hasher.update(&algorithm.wasm_hash);
    hasher.update(seed);
    hasher.update(&run.fuel_consumed.to_le_bytes());
    hasher.update(&run.state.to_le_bytes());
    hasher.update(&[tag]);
    hasher.update(result);
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}
