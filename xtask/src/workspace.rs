//! The workspace as cargo sees it, and cargo itself.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

use crate::Result;

/// The part of `cargo metadata` that is needed here.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// Its crates.
    pub(crate) packages: Vec<Package>,
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
}

/// A crate of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    /// Registries that it may be published to; `None` for any of them.
    pub(crate) publish: Option<Vec<String>>,
}

/// A line of its manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev`, `build`, or nothing.
    pub(crate) kind: Option<String>,
}

impl Package {
    /// Whether it is meant for others, too.
    pub(crate) fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
    }

    /// Where its manifest is.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }

    /// The same, from the root of the workspace, with `/`.
    pub(crate) fn relative_folder(&self, root: &Path) -> String {
        let folder = self.folder();
        let folder = folder.strip_prefix(root).unwrap_or(folder);
        folder.display().to_string()
    }
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let mut command = Command::new(program("CARGO", "cargo"));
        command
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(root.unwrap_or(Path::new(".")));
        Ok(serde_json::from_str(&read(&mut command)?)?)
    }

    /// `cargo` with the words of `arguments`, in the root of the workspace.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = Command::new(program("CARGO", "cargo"));
        command
            .args(arguments.split_whitespace())
            .current_dir(&self.root);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_xtask(name)) {
            command.env_remove(name);
        }
        command
    }

    /// The same, for the packages of these programs and extensions.
    pub(crate) fn cargo_for<'a>(
        &self,
        arguments: &str,
        names: impl IntoIterator<Item = &'a &'a str>,
    ) -> Command {
        let mut command = self.cargo(arguments);
        for name in names {
            command.args(["-p", &name.replace('_', "-")]);
        }
        command
    }

    /// `rustc`, in the root of the workspace.
    pub(crate) fn rustc(&self) -> Command {
        let mut command = Command::new(program("RUSTC", "rustc"));
        command.current_dir(&self.root);
        command
    }
}

/// Whether cargo has set the variable to describe the package of xtask. Build scripts that watch such a variable would run
/// again, and all that depends on them would be rebuilt, each time cargo is started here and by hand in turns.
fn is_of_xtask(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// The program that cargo names in `variable`, so that a chosen toolchain stays chosen.
fn program(variable: &str, name: &str) -> std::ffi::OsString {
    std::env::var_os(variable).unwrap_or_else(|| name.into())
}

/// Runs `command` with our own outputs.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| format!("cannot start {}: {error}", text(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", text(command)).into())
    }
}

/// Runs `command` and returns its standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8(outputs(command)?.stdout)?)
}

/// Runs `command` and returns what it reports on standard error.
pub(crate) fn read_reports(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8(outputs(command)?.stderr)?)
}

fn outputs(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .map_err(|error| format!("cannot start {}: {error}", text(command)))?;
    if output.status.success() {
        return Ok(output);
    }
    let cause = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {}", text(command), cause.trim()).into())
}

/// A command as one would type it.
fn text(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_stem();
    let words = name.into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(std::ffi::OsStr::to_string_lossy).collect();
    format!("`{}`", words.join(" "))
}
