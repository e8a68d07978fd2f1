//! What all measurements share: time as a median of rounds, and one way to print what was measured.
//!
//! A measurement is a program `tig-bench-<subject>` that `cargo xtask bench <subject>` builds in the release profile and runs.
//! It prints a table, or with `--json` one object a line with `name`, `value`, `unit`, `target`, `met`, `against` and
//! `ratio`.

#[cfg(feature = "programs")]
pub mod http;
mod measure;
pub mod process;
#[cfg(feature = "programs")]
pub mod program;
mod report;
#[cfg(feature = "programs")]
pub mod requests;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use measure::{median, median_of_thread};
pub use report::{Line, Report, Target};

/// A measurement fails with a text for its reader.
pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// The `main` of a measurement: looks for `--json` and reports errors.
pub fn main(measure: impl FnOnce(&mut Report) -> Result<()>) -> ExitCode {
    let json = std::env::args()
        .skip(1)
        .any(|argument| argument == "--json");
    match measure(&mut Report::new(json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done about a closed standard error.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The target folder that this program was built to: `<target>/release/<program>`.
///
/// # Errors
/// The program lies elsewhere, or does not know where.
pub fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or("cannot find the target folder")?.to_owned())
}
