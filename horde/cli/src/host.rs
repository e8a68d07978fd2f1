//! The host, by its program `tig-host`: whether one runs for a folder, one that is started for a command, and calls of its
//! extensions' commands.

mod call;
mod started;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use self::call::{CallError, call};
pub(crate) use self::started::{StartError, Started};

/// Name of the program.
const PROGRAM: &str = "tig-host";

/// `tig-host` could not be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {}: put tig-host beside this program, or into a folder of PATH", program.display())]
pub(crate) struct RunError {
    program: PathBuf,
    source: io::Error,
}

/// The program, and which host is meant.
#[derive(Clone, Debug)]
pub(crate) struct HostProgram {
    program: PathBuf,
    config: PathBuf,
}

impl HostProgram {
    /// The program beside this one, or else in PATH; the host of the config at `config`.
    pub(crate) fn find(config: PathBuf) -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        let beside = own.with_file_name(PROGRAM);
        let program = if beside.is_file() {
            beside
        } else {
            PathBuf::from(PROGRAM)
        };
        Self { program, config }
    }

    /// The config file.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// Whether a host of this config runs and answers.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn is_running(&self) -> Result<bool, RunError> {
        self.succeeds(&["status", "--json"])
    }

    /// Whether the store of this config can be opened, which takes a host that does not run.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn can_open_store(&self) -> Result<bool, RunError> {
        self.succeeds(&["store", "ls"])
    }

    /// Whether the program ends with 0.
    fn succeeds(&self, arguments: &[&str]) -> Result<bool, RunError> {
        let mut command = self.command(arguments);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.stdin(Stdio::null()).status();
        Ok(status.map_err(|source| self.not_run(source))?.success())
    }

    /// The program with these arguments, for the host of this config.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }

    fn not_run(&self, source: io::Error) -> RunError {
        RunError {
            program: self.program.clone(),
            source,
        }
    }
}
