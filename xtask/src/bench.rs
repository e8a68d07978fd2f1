//! `cargo xtask bench`: measurements, in the release profile.

use horde_system_tests::{EXTENSIONS, LANGUAGE_EXTENSIONS, PROGRAMS};
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
    /// The master: its extensions alone, and the host with them over HTTP.
    Master,
    /// Batches of the ComputeHorde validator.
    Horde,
    /// Block production of the devnet, and its answers over HTTP.
    Devnet,
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
    /// For the measurement itself, such as `--seconds 10` of `master`
    #[arg(last = true)]
    rest: Vec<String>,
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
            build_master(&workspace)?;
            "-p tig-bench-master"
        }
        Subject::Horde => {
            build_horde(&workspace)?;
            "-p tig-bench-horde"
        }
        Subject::Devnet => {
            wasm::build(&workspace)?;
            run_command(
                &mut workspace.cargo("build --quiet --release -p tig-devnet -p tig-bench-devnet"),
            )?;
            "-p tig-bench-devnet"
        }
        // A workspace of its own.
        Subject::Store => "--manifest-path benches/store/Cargo.toml",
    };
    let mut command = workspace.cargo(&format!("run --quiet --release {arguments} --"));
    command.env("CARGO_TARGET_DIR", &workspace.target);
    if options.json {
        command.arg("--json");
    }
    command.args(&options.rest);
    run_command(&mut command)
}

/// The host and the plugin files that the measurement runs: they lie beside its program. All are built at once, so that every
/// crate has the same features.
fn build_master(workspace: &Workspace) -> Result<()> {
    let arguments = "build --quiet --release -p tig-host -p tig-bench-master";
    run_command(&mut workspace.cargo_for(arguments, &PLUGINS))
}

/// The programs and extensions of the validator, and the plugin that stands for neighbours of some.
fn build_horde(workspace: &Workspace) -> Result<()> {
    let names = PROGRAMS
        .iter()
        .chain(&EXTENSIONS)
        .chain(&LANGUAGE_EXTENSIONS);
    run_command(&mut workspace.cargo_for("build --quiet --release -p tig-bench-horde", names))?;
    let neighbours = "build --quiet --release -p tig-bench-horde --example bench_neighbours";
    run_command(&mut workspace.cargo(neighbours))
}
