//! `cargo xtask bench`: measurements, in the release profile.

use tig_system_tests::PLUGINS;

use crate::Result;
use crate::wasm;
use crate::workspace::{Workspace, run as run_command};

/// What is measured.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Subject {
    /// Dispatch, commits, reloads and memory of the host.
    Host,
    /// Nonces per second of every algorithm, against an interpreter and native code, and what goes with them.
    Worker,
    /// The master's extensions: batches, samples, a whole block.
    Master,
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
        Subject::Host => {
            // The program that tries plugin files, and the plugins that are measured with.
            let mut build =
                workspace.cargo("build --quiet --release -p tig-host -p tig-bench-host");
            run_command(build.args(["--bins", "--examples"]))?;
            "tig-bench-host"
        }
        Subject::Worker => {
            wasm::build(&workspace)?;
            "tig-bench-worker"
        }
        Subject::Master => {
            build_plugins(&workspace)?;
            "tig-bench-master"
        }
    };
    let mut command = workspace.cargo("run --quiet --release -p");
    command.args([package, "--"]);
    if options.json {
        command.arg("--json");
    }
    run_command(&mut command)
}

/// The files that the measurement loads: they lie beside its program.
fn build_plugins(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo("build --quiet --release");
    for extension in PLUGINS {
        command.args(["-p", &extension.replace('_', "-")]);
    }
    run_command(&mut command)
}
