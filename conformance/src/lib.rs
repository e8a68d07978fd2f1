//! Runs golden vector files against the crates of this repository, in the formats of the README beside the vectors.
//!
//! Invariant: nothing depends on how many cases a file has or what they are called, so that a file of a known name from
//! anywhere runs the same way. What differs on purpose is named in `deviations.json`, and its law is checked instead.

mod case;
mod deviation;
mod files;
mod folder;
mod modules;
mod report;
mod vectors;
mod worker_binary;

pub use folder::{Conformance, SetupError};
pub use report::{FAILURES_SHOWN_MAX, Failure, FileOutcome, FileReport, Tally};
