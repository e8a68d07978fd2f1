//! `cargo xtask horde simulate`: batches in virtual time, with everything that can go wrong.

use std::process::Command;

use horde_system_tests::EXTENSIONS;

use crate::Result;
use crate::workspace::{Workspace, run as run_command};

/// Settings of the simulation, passed on to `horde-simulate`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Options of `horde-simulate`, such as `--seeds 200 --from 1`; `--help` lists all
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds, and plays.
pub(super) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    run_command(&mut workspace.cargo_for("build --quiet -p horde-simulator", &EXTENSIONS))?;
    let folder = workspace.target.join("debug");
    let mut command = Command::new(folder.join("horde-simulate"));
    command
        .arg("--plugins")
        .arg(&folder)
        .args(&options.arguments);
    run_command(&mut command)
}
