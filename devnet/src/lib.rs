//! A local network that speaks the TIG API: the rules of tig-protocol.md marked CORE and CORE+, and those marked ECON in
//! a simple form, deterministic from a seed.
//!
//! [`Network`] is the protocol as a pure state machine, [`Api`] the same as a function from request to answer, and
//! [`Faults`] decides in front of it what goes wrong. None of them does I/O or knows the time: a simulation drives them
//! in virtual time, [`Devnet`] and [`server`] on loopback. What a benchmarker does not touch is left out: algorithms
//! submitted over the API, merges, and deposits.

mod algorithms;
pub mod api;
mod api_key;
mod devnet;
pub mod faults;
pub mod network;
mod page;
pub mod server;
pub mod state;

pub use algorithms::{FolderWatch, LoadError, PublishedAlgorithm, load_folder};
pub use api::Api;
pub use api_key::{ApiKey, InvalidApiKey};
pub use devnet::{Devnet, NotKept, PublishError};
pub use faults::Faults;
pub use network::Network;
