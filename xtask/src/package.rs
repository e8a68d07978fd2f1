//! Packages for authors of extensions: the crates with `publish = true`, as a registry would get them.

use std::process::Command;

use crate::steps::{Step, Tally};
use crate::workspace::{Workspace, read_reports};
use crate::{Result, output};

/// Where packages are written and built, in the target folder.
const FOLDER: &str = "packages";
/// How a warning of cargo or the compiler begins.
const WARNING: &str = "warning";

/// Each crate that may be published is packaged and builds from its package alone, without a warning and without a network.
pub(crate) const PACKAGES: Step = ("packages", |workspace| {
    check(workspace).map(|()| Tally::PASSED)
});

/// The same, alone.
pub(crate) fn run() -> Result<()> {
    check(&Workspace::load()?)
}

fn check(workspace: &Workspace) -> Result<()> {
    let printed = read_reports(&mut package(workspace))?;
    if !has_warning(&printed) {
        return Ok(());
    }
    output::progress(printed.trim_end());
    Err("`cargo package` warns: its output above names the crate and what to mend in its Cargo.toml".into())
}

/// All at once, so that they find each other.
fn package(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo("package --offline --allow-dirty --target-dir");
    command.arg(workspace.target.join(FOLDER));
    for package in workspace.packages.iter().filter(|it| it.is_published()) {
        command.args(["-p", &package.name]);
    }
    command
}

fn has_warning(printed: &str) -> bool {
    printed.lines().any(|line| line.starts_with(WARNING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_is_found_among_reports() {
        let reports = "   Packaging tig-events v0.1.0\n    Packaged 12 files, 49.6KiB\n";
        assert!(!has_warning(reports));
        assert!(has_warning(&format!(
            "{reports}warning: ignoring test `it`\n"
        )));
    }
}
