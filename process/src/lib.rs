//! Needs of every program as a process, written once: errors on one line, files that people write,
//! output, logging, signals, threads, and what shells and manuals know of a command line.
//!
//! Knows nothing of hosts, slaves or networks, and none of our other crates.

pub mod arenas;
pub mod documents;
pub mod error_chain;
pub mod file_signature;
pub mod finding;
pub mod first_process;
pub mod json_text;
pub mod logging;
pub mod output;
pub mod ownership;
pub mod place;
pub mod plain_text;
pub mod progress;
pub mod secret_file;
pub mod service_manager;
pub mod signals;
pub mod standard_error;
pub mod text_file;
pub mod threads;
pub mod whole_file;
