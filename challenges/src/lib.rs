//! Instances of the TIG challenges: generation and verification, bit for bit (tig-protocol.md section 21).
//!
//! Invariant: the same seed and difficulty give the same bytes on every target, 32-bit ones included, and nothing from
//! outside makes this crate panic or allocate more than a few times [`INSTANCE_BYTES_MAX`].

mod decode;
mod error;
mod instance;
mod json;
pub mod knapsack;
pub mod satisfiability;
pub mod vector_search;
pub mod vehicle_routing;

pub use decode::DecodeError;
pub use error::{GenerateError, InvalidSolution};
pub use instance::{ChallengeKind, Instance};

/// The largest serialised instance that is generated, in bytes. The difficulties of the network make instances of a few
/// megabytes at most, vector search about 100; this bound keeps an absurd one from exhausting the memory of the host.
pub const INSTANCE_BYTES_MAX: u64 = 256 << 20;
