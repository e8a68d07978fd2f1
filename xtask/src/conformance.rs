//! `cargo xtask conformance`: golden vectors.

use std::path::Path;

use crate::Result;
use crate::workspace::{Workspace, run as run_command};

/// Builds what the vectors are run with, and runs them.
pub(crate) fn run(dir: Option<&Path>) -> Result<()> {
    let workspace = Workspace::load()?;
    // The command line is tested as a program.
    run_command(&mut workspace.cargo("build --quiet -p tig-worker -p tig-conformance"))?;
    let mut command = workspace.cargo("run --quiet -p tig-conformance --");
    if let Some(dir) = dir {
        // Cargo runs in the workspace's root, the user may be elsewhere.
        command.arg(std::path::absolute(dir)?);
    }
    run_command(&mut command)
}
