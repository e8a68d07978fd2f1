//! Builds what the demo runs.

use tig_system_tests::{Artifacts, DASHBOARD, PLUGINS};

use crate::workspace::{Workspace, run};
use crate::{Result, wasm};

const PROGRAMS: [&str; 4] = ["tig-devnet", "tig-host", "tig-slave", "tig-worker"];

/// Programs, plugins and algorithms, with one cargo for all that is native, so that every crate has the same features.
pub(crate) fn everything(workspace: &Workspace) -> Result<Artifacts> {
    let names = PROGRAMS.iter().chain(&PLUGINS).chain([&DASHBOARD]);
    run(&mut workspace.cargo_for("build", names))?;
    wasm::build(workspace)?;
    Ok(Artifacts::in_target(&workspace.target)?)
}
