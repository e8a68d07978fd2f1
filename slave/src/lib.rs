//! The slave: polls a master for batches, computes them with a worker and posts the results.
//!
//! Decisions (what is a valid batch, how long to wait, which module belongs to a job) are pure functions;
//! sockets, files, processes and the clock are touched only by `master`, `wasm`, [`engine`] and [`run`].

mod batch_check;
mod body;
pub mod doctor;
pub mod engine;
mod found;
mod master;
mod master_url;
mod name;
mod observer;
mod pipeline;
mod random;
mod settings;
mod spool;
pub mod status;
mod token;
mod unable;
mod wasm;

pub use batch_check::{BadBatch, check_batch};
pub use master_url::{BadMaster, master_url};
pub use name::{BadName, NameError, SlaveName};
pub use pipeline::{StartError, run};
pub use settings::{Pace, Settings};
pub use token::{Token, TokenError};
