//! Packages for authors of extensions: the crates with `publish = true`, as a registry would get them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::steps::{Step, Tally};
use crate::workspace::{Package, Workspace, read_reports};
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
    forget_former(workspace)?;
    let printed = read_reports(&mut package(workspace))?;
    if !has_warning(&printed) {
        return Ok(());
    }
    output::progress(printed.trim_end());
    Err("`cargo package` warns: its output above names the crate and what to mend in its Cargo.toml".into())
}

/// Removes what cargo has unpacked and built of the same versions before: it takes what comes from a registry for unchangeable.
fn forget_former(workspace: &Workspace) -> Result<()> {
    let mut folders = vec![workspace.target.join(FOLDER).join("debug/.fingerprint")];
    let sources = cargo_home()?.join("registry/src");
    // Packages find each other by a registry without a host; the folders of all others begin with their host.
    let is_local = |name: &OsStr| name.as_encoded_bytes().starts_with(b"-");
    let registries = entries(&sources)?.into_iter();
    folders.extend(registries.filter(|path| path.file_name().is_some_and(is_local)));
    let names: Vec<String> = published(workspace)
        .map(|package| format!("{}-", package.name))
        .collect();
    for folder in folders {
        remove_named(&folder, &names).map_err(|error| {
            format!(
                "cannot remove former packages from {}: {error}",
                folder.display()
            )
        })?;
    }
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let chosen = env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || env::home_dir().map(|home| home.join(".cargo"));
    Ok(chosen
        .or_else(usual)
        .ok_or("neither CARGO_HOME nor HOME is set, so the sources of packages are not found")?)
}

/// Removes the folders in `folder` whose names begin with one of `names`.
fn remove_named(folder: &Path, names: &[String]) -> io::Result<()> {
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if names.iter().any(|beginning| name.starts_with(beginning)) {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Nothing for a folder that is not there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn published(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    workspace
        .packages
        .iter()
        .filter(|package| package.is_published())
}

/// All at once, so that they find each other.
fn package(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo("package --offline --allow-dirty --target-dir");
    command.arg(workspace.target.join(FOLDER));
    for package in published(workspace) {
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

    #[test]
    fn former_packages_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "tig-events-0.1.0",
            "tig-events-5f3a",
            "tig-eventsource-1.0.0",
            "serde-1.0.229",
        ] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        remove_named(folder.path(), &["tig-events-".to_owned()]).unwrap();
        let mut left = entries(folder.path()).unwrap();
        left.sort();
        let expected =
            ["serde-1.0.229", "tig-eventsource-1.0.0"].map(|name| folder.path().join(name));
        assert_eq!(left, expected);
        assert!(entries(&folder.path().join("missing")).unwrap().is_empty());
    }
}
