//! `cargo xtask simulate`: the real master in virtual time, with everything that can go wrong.

use tig_system_tests::PLUGINS;

use crate::Result;
use crate::workspace::{Workspace, run as run_command};

/// Settings of the simulation, passed on to `tig-simulate`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Options of `tig-simulate`, such as `--seeds 1000 --from 1 --hours 1`; `--help` lists all
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds in the release profile, and plays.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    run_command(&mut workspace.cargo_for("build --quiet --release -p tig-simulator", &PLUGINS))?;
    let folder = workspace.target.join("release");
    let mut command = std::process::Command::new(folder.join("tig-simulate"));
    command
        .arg("--plugins")
        .arg(&folder)
        .args(&options.arguments);
    run_command(&mut command)
}
