//! The runtime signature of engine profile `tig-wasmtime-1`.
//!
//! A runtime signature ties a leaf to one execution. This profile hashes what went into a run and what came out of it:
//! the module, the seed of the instance, the fuel consumed, how the run ended and the raw result bytes. It is
//! the same on every machine and for any number of workers.
//!
//! Limits, to be known before anybody relies on it:
//! - A network accepts only proofs of its own profile: values differ from those of an engine that mixes every executed
//!   instruction into its signature, and so do the fuel counts.
//! - It attests inputs, outputs and cost, not the single steps in between. Whoever re-runs the nonce finds a forged value;
//!   nobody finds it by looking.
//! - Fuel counts belong to the version and settings of the engine. An upgrade that changes a count is a new profile: the
//!   pinned values in the tests say so.
//! - How deep a guest can recurse depends on the processor architecture. An overflow charges the whole fuel, but one
//!   machine may overflow where another does not.

use crate::algorithm::Algorithm;
use crate::guest::{End, Run};

/// Name of the engine profile: part of every signature.
pub const ENGINE_PROFILE: &str = "tig-wasmtime-1";

/// The first 8 bytes, little endian, of BLAKE3 over profile, module, seed, fuel, end and result.
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
    hasher.update(&[tag]);
    hasher.update(result);
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}
