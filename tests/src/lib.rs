//! Starts the whole system as processes on loopback, watches it and takes it down: for the system tests and the demo.
//!
//! Invariant: no process outlives its [`Process`], and none outlives the program that started it, however that ends.

mod artifacts;
mod config;
mod http;
mod kill;
mod observe;
mod process;
mod site;
mod stack;
mod wait;

pub use artifacts::{Artifacts, MissingArtifact, PLUGINS};
pub use config::{Algorithm, MasterOptions, PLAYER_ID};
pub use http::{Answer, HttpError, get, post};
pub use kill::{Account, KillError, Plan, kill_again_and_again};
pub use observe::{Benchmark, DevnetStatus, Job, ObserveError, Slave, SlaveStats, Stage};
pub use process::{Process, ProcessError};
pub use site::{Site, SiteError};
pub use stack::{Pace, Stack, StartError};
pub use wait::{TimedOut, wait_for};
