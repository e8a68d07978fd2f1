//! Programs of others that the tests run: installed where they are missing, if this machine allows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::output::progress;
use crate::steps::Tally;
use crate::workspace::{Workspace, run};

/// Version of cargo-deb, and where it is built, in the target folder.
const CARGO_DEB: &str = "3.8.0";
const TOOLS_FOLDER: &str = "tools";

/// A file and the Debian package that has it.
const DEBIAN: [(&str, &str); 5] = [
    ("/usr/bin/systemd-analyze", "systemd"),
    ("/usr/share/doc/python3-seccomp", "python3-seccomp"),
    ("/usr/bin/dpkg-shlibdeps", "dpkg-dev"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/promtool", "prometheus"),
];

/// Installs what is missing. What cannot be installed is named, and the tests that need it say that they are skipped.
pub(crate) fn install(workspace: &Workspace) -> Result<Tally> {
    let missing = |(file, _): &&(&str, &str)| !Path::new(file).exists();
    let packages: Vec<&str> = DEBIAN
        .iter()
        .filter(missing)
        .map(|(_, name)| *name)
        .collect();
    if !packages.is_empty()
        && let Err(error) = install_debian(&packages)
    {
        progress(&format!("not installed: {}: {error}", packages.join(" ")));
    }
    if let Err(error) = cargo_deb(workspace) {
        progress(&format!("not installed: cargo-deb: {error}"));
    }
    Ok(Tally::default())
}

fn install_debian(packages: &[&str]) -> Result<()> {
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        run(command.stdin(Stdio::null()).stdout(Stdio::null()))
    };
    progress(&format!("installing {}", packages.join(" ")));
    apt(&["update", "-qq"])?;
    let words = ["install", "-qq", "-y", "--no-install-recommends"];
    apt(&[&words, packages].concat())
}

/// The program, which is built where it is missing (two minutes).
pub(crate) fn cargo_deb(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join(TOOLS_FOLDER);
    let program = folder.join("bin/cargo-deb");
    if program.exists() {
        return Ok(program);
    }
    progress(&format!("building cargo-deb {CARGO_DEB}"));
    let mut install = workspace.cargo("install --quiet --locked cargo-deb --version");
    run(install.arg(CARGO_DEB).arg("--root").arg(folder))?;
    Ok(program)
}
