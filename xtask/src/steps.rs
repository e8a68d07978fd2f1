//! Steps of `cargo xtask check` and `cargo xtask test`: each is named, timed and counted.

mod count;
mod runner;
mod sources;

use std::process::{Command, ExitCode};
use std::time::Instant;

pub(crate) use self::count::Tally;
pub(crate) use self::runner::{doc_tests, tests, unit_tests};
pub(crate) use self::sources::{CLIPPY, DENY, FMT, TIDY};
use crate::workspace::{Workspace, run as run_command};
use crate::{Result, output};

/// A step and what it amounts to.
pub(crate) type Step = (&'static str, fn(&Workspace) -> Result<Tally>);

/// Runs every step, whatever comes of the earlier ones.
pub(crate) fn run(workspace: &Workspace, steps: &[Step]) -> Tally {
    let mut total = Tally::default();
    for (name, step) in steps {
        output::progress(&format!("==> {name}"));
        let start = Instant::now();
        let tally = step(workspace).unwrap_or_else(|error| {
            output::error(error.as_ref());
            Tally::FAILED
        });
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        let seconds = start.elapsed().as_secs_f64();
        output::progress(&format!("{word:<6} {name}: {tally}, {seconds:.1} s"));
        total += tally;
    }
    total
}

/// Prints the count as the very last line.
pub(crate) fn finish(total: Result<Tally>) -> ExitCode {
    let total = total.unwrap_or_else(|error| {
        output::error(error.as_ref());
        Tally::FAILED
    });
    output::result(&total.to_string());
    match total.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// A command that passes or fails as a whole.
pub(crate) fn once(mut command: impl std::borrow::BorrowMut<Command>) -> Result<Tally> {
    run_command(command.borrow_mut()).map(|()| Tally::PASSED)
}
