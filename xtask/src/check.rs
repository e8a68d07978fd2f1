//! `cargo xtask check`: what to run before each commit, in minutes. It starts no program of ours.

use std::process::ExitCode;

use crate::steps::{self, CLIPPY, DENY, FMT, Step, TIDY};
use crate::workspace::Workspace;

/// The quickest first.
const STEPS: [Step; 5] = [FMT, TIDY, DENY, CLIPPY, ("unit tests", steps::unit_tests)];

/// Runs all steps and prints the count as the very last line.
pub(crate) fn run() -> ExitCode {
    steps::finish(Workspace::load().map(|workspace| steps::run(&workspace, &STEPS)))
}
