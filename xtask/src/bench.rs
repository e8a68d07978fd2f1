//! `cargo xtask bench`: measurements, in the release profile.

use crate::Result;
use crate::wasm;
use crate::workspace::{Workspace, run as run_command};

/// What is measured.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Subject {
    /// Nonces per second of every algorithm, against an interpreter and native code, and what goes with them.
    Worker,
}

/// Settings of a measurement.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    subject: Subject,
    /// Print one JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Builds and measures.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let package = match options.subject {
        Subject::Worker => {
            wasm::build(&workspace)?;
            "tig-bench-worker"
        }
    };
    let mut command = workspace.cargo("run --quiet --release -p");
    command.args([package, "--"]);
    if options.json {
        command.arg("--json");
    }
    run_command(&mut command)
}
