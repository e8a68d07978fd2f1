//! A local network that speaks the TIG API: the rules of tig-protocol.md marked CORE, on loopback, deterministic from
//! a seed.
//!
//! [`Network`] is the protocol as a pure state machine. [`Devnet`] shares one between the HTTP [`server`], the block
//! timer and the re-execution of proofs. What a benchmarker does not touch is left out: top-ups, submitted
//! algorithms, qualifiers, influence and rewards.

mod algorithms;
mod api_key;
mod devnet;
pub mod network;
pub mod server;

pub use algorithms::{LoadError, PublishedAlgorithm, load_folder};
pub use api_key::{ApiKey, InvalidApiKey};
pub use devnet::Devnet;
pub use network::Network;
