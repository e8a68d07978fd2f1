//! `cargo xtask horde`: the ComputeHorde validator with its miners on loopback.

mod batch;
mod columns;
mod cycle;
mod kill;
mod simulate;

use horde_system_tests::{Artifacts, EXTENSIONS, PROGRAMS};

use crate::workspace::{Workspace, run as run_cargo};
use crate::{Result, output};

/// What is run.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Runs a batch with 20 miners, of which ten misbehave, and replaces extensions meanwhile.
    Batch(batch::Options),
    /// Runs whole cycles on a fast chain: batches in their slots, weights onto the chain, users' jobs meanwhile.
    Cycle(cycle::Options),
    /// Kills the host at random instants of batches; each job must have one outcome, and no miner may be blamed.
    Kill(kill::Options),
    /// Plays seeds of trouble in virtual time, and names those that lose something.
    #[command(disable_help_flag = true)]
    Simulate(simulate::Options),
}

/// Builds and runs.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Batch(options) => batch::run(build()?, options),
        Command::Cycle(options) => cycle::run(build()?, options),
        Command::Kill(options) => kill::run(&build()?, options),
        Command::Simulate(options) => simulate::run(options),
    }
}

fn build() -> Result<Artifacts> {
    output::progress("building programs and extensions");
    let workspace = Workspace::load()?;
    let names = PROGRAMS.iter().chain(&EXTENSIONS);
    run_cargo(&mut workspace.cargo_for("build", names))?;
    Ok(Artifacts::in_folder(&workspace.target.join("debug"))?)
}
