//! What each program of this workspace needs as a process, written once: errors on one line, files that people write,
//! logging, signals.
//!
//! Knows nothing of hosts, slaves or networks, and none of our other crates.

pub mod error_chain;
pub mod json_text;
pub mod place;
pub mod secret_file;
pub mod text_file;
