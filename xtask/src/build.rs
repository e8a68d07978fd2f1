//! Builds what the demo runs.

use tig_system_tests::{Artifacts, PLUGINS};

use crate::workspace::{Workspace, run};
use crate::{Result, wasm};

const PROGRAMS: [&str; 4] = ["tig-devnet", "tig-host", "tig-slave", "tig-worker"];

/// Programs, plugins and algorithms, with one cargo for all that is native, so that every crate has the same features.
pub(crate) fn everything(workspace: &Workspace) -> Result<Artifacts> {
    let mut command = workspace.cargo("build");
    for program in PROGRAMS {
        command.args(["-p", program]);
    }
    for extension in PLUGINS {
        command.args(["-p", &extension.replace('_', "-")]);
    }
    run(&mut command)?;
    wasm::build(workspace)?;
    Ok(Artifacts::in_target(&workspace.target)?)
}
