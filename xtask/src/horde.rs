//! `cargo xtask horde`: the ComputeHorde validator with its miners on loopback.

mod batch;
mod columns;
mod cycle;
mod demo;
mod kill;
mod simulate;
mod users;

use horde_system_tests::{Artifacts, EXTENSIONS, PROGRAMS};

use crate::workspace::{Workspace, run as run_cargo};
use crate::{Result, output};

/// Programs and extensions of a validator without language models.
const STOCK: [&[&str]; 2] = [&PROGRAMS, &EXTENSIONS];

/// What is run.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Runs a batch with 20 miners, of which ten misbehave, and replaces extensions meanwhile.
    Batch(batch::Options),
    /// Runs whole cycles on a fast chain: batches in their slots, weights onto the chain, users' jobs meanwhile.
    Cycle(cycle::Options),
    /// Runs the whole validator with everything around it on this machine, until each of its five functions has been seen.
    Demo(demo::Options),
    /// Kills the host at random instants of batches or of the pool of prompts; nothing may be lost, and no miner be blamed.
    Kill(kill::Options),
    /// Plays seeds of trouble in virtual time, and names those that lose something.
    #[command(disable_help_flag = true)]
    Simulate(simulate::Options),
}

/// Builds and runs.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Batch(options) => batch::run(build(&STOCK)?, options),
        Command::Cycle(options) => cycle::run(build(&STOCK)?, options),
        Command::Demo(options) => demo::run(options),
        Command::Kill(options) => kill::run(&build(&options.names())?, options),
        Command::Simulate(options) => simulate::run(options),
    }
}

/// Builds these programs and extensions.
fn build(names: &[&[&str]]) -> Result<Artifacts> {
    output::progress("building programs and extensions");
    let workspace = Workspace::load()?;
    run_cargo(&mut workspace.cargo_for("build", names.iter().copied().flatten()))?;
    Ok(Artifacts::in_folder(&workspace.target.join("debug"))?)
}
