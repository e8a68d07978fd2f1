//! Starts the whole system as processes on loopback, watches it and takes it down: for the system tests and the demo.
//!
//! Invariant: no process outlives its [`Process`], and none outlives the program that started it, however that ends.

mod artifacts;
mod bad_slaves;
mod build_folder;
mod config;
mod config_reference;
mod http;
mod kill;
mod log;
mod observe;
mod ports;
mod printed_package;
mod process;
mod site;
mod skip;
mod stack;
mod wait;

pub use artifacts::{Artifacts, DASHBOARD, MissingArtifact, NOTIFIER, PLUGINS};
pub use bad_slaves::{BadSlaves, LIAR, MORTAL};
pub use build_folder::{BuildFolder, plugin_file_name};
pub use config::{Algorithm, MasterOptions, PLAYER_ID, Trust};
pub use config_reference::{MissingKey, config_reference, horde_config_reference};
pub use http::{Answer, HttpError, get, post, request};
pub use kill::{Account, KillError, Plan, kill_again_and_again};
pub use log::finished_batches;
pub use observe::{
    Benchmark, Contradiction, DevnetStatus, Evidence, Inability, Job, ObserveError, Sentence,
    Slave, SlaveStats, Stage, benchmark_of,
};
pub use ports::own_port;
pub use printed_package::{PrintedPackage, printed_block};
pub use process::{Process, ProcessError, peak_memory_bytes};
pub use site::{Site, SiteError};
pub use skip::{NO_SKIPS_VARIABLE, SKIPS_FILE_VARIABLE, skip};
pub use stack::{HONEST, Pace, Stack, StartError};
pub use wait::{TimedOut, wait_for};
