//! The common part of the HTTP clients of host and slave: the certificate authorities that they trust.
//!
//! Knows nothing of hosts, slaves or networks, and none of our other crates.

mod ca_file;
mod trust;

pub use ca_file::CaFileError;
pub use trust::{Trust, TrustError};
