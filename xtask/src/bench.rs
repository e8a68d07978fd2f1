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
    /// Durable commits of redb and SQLite on this disk.
    Store,
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
    let arguments = match options.subject {
        Subject::Host => {
            // The program that tries plugin files, and the plugins that are measured with.
            let mut build =
                workspace.cargo("build --quiet --release -p tig-host -p tig-bench-host");
            run_command(build.args(["--bins", "--examples"]))?;
            "-p tig-bench-host"
        }
        Subject::Worker => {
            wasm::build(&workspace)?;
            "-p tig-bench-worker"
        }
        Subject::Master => {
            build_plugins(&workspace)?;
            "-p tig-bench-master"
        }
        // A workspace of its own.
        Subject::Store => "--manifest-path benches/store/Cargo.toml",
    };
    let mut command = workspace.cargo(&format!("run --quiet --release {arguments} --"));
    command.env("CARGO_TARGET_DIR", &workspace.target);
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
