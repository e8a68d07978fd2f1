//! The host, by its program `tig-host`: whether one runs for a folder, one that is started for a command, and calls of its
//! extensions' commands.

mod call;
mod started;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use tig_process::signals::StopFlag;

use crate::exit_code::INTERRUPTED;

pub(crate) use self::call::{CallError, call};
pub(crate) use self::started::{StartError, Started};

/// Name of the program.
const PROGRAM: &str = "tig-host";
/// Time between two looks whether a host has ended, or is to end.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Faults of a config that are kept.
const FAULTS_COUNT_MAX: usize = 20;

/// Name of the store's file in its folder.
pub(crate) const STORE_FILE: &str = "tig-host.redb";
/// Name of a host's config file in its folder.
pub(crate) const CONFIG_FILE: &str = "config.json";

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
    /// The program beside this one, or else in PATH; the host of the config in `folder`.
    pub(crate) fn find(folder: &Path) -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        let beside = own.with_file_name(PROGRAM);
        let program = if beside.is_file() {
            beside
        } else {
            PathBuf::from(PROGRAM)
        };
        Self {
            program,
            config: folder.join(CONFIG_FILE),
        }
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

    /// Whether an extension of the running host has begun something that is not over.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn has_unfinished(&self, extension: &str) -> Result<bool, RunError> {
        Ok(is_unfinished(
            &self.output(&["status", "--json"])?.stdout,
            extension,
        ))
    }

    /// The running host of this config, if one answers.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn process(&self) -> Result<Option<HostProcess>, RunError> {
        let output = self.output(&["status", "--json"])?;
        Ok(serde_json::from_slice(&output.stdout).ok().map(reachable))
    }

    /// What `tig-host check` finds in the config: nothing if it is sound.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn config_faults(&self) -> Result<Vec<String>, RunError> {
        let mut command = Command::new(&self.program);
        command.arg("check").arg(&self.config).arg("--json");
        let output = self.output_of(command)?;
        if output.status.success() {
            return Ok(Vec::new());
        }
        Ok(faults(&output))
    }

    /// Calls a command of an extension with these words, and with this program's own streams. Returns the exit code.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn pass(
        &self,
        extension: &str,
        command: &str,
        words: &[OsString],
    ) -> Result<u8, RunError> {
        let mut call = self.command(&["call", extension, command]);
        self.run_in_front(call.args(words))
    }

    /// Runs a host of this config until it ends, or until this program is to stop. Its log and its output are this program's own.
    /// Returns the exit code.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub(crate) fn run(&self, stop: &StopFlag) -> Result<u8, RunError> {
        let mut command = Command::new(&self.program);
        command
            .arg(&self.config)
            .args(["--port", "0", "--exit-with-parent"])
            .stdin(Stdio::piped())
            // A terminal sends its signals to all of a group: the host would take a second one for "at once".
            .process_group(0);
        let failed = |source| self.not_run(source);
        let mut child = command.spawn().map_err(failed)?;
        let mut stdin = child.stdin.take();
        loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                return Ok(exit_code(status));
            }
            if stop.reason().is_some() {
                // The host stops in order when this is closed.
                drop(stdin.take());
            }
            thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Becomes a host of this config: the process keeps its id, its streams and its signals, and ends with the host's exit code.
    /// Returns only if the program cannot be run.
    pub(crate) fn replace_this_process(&self, port: Option<u16>) -> RunError {
        let mut command = Command::new(&self.program);
        command.arg(&self.config);
        if let Some(port) = port {
            command.args(["--port", &port.to_string()]);
        }
        self.not_run(command.exec())
    }

    fn run_in_front(&self, command: &mut Command) -> Result<u8, RunError> {
        let status = command.status();
        Ok(exit_code(status.map_err(|source| self.not_run(source))?))
    }

    /// Whether the program ends with 0.
    fn succeeds(&self, arguments: &[&str]) -> Result<bool, RunError> {
        let mut command = self.command(arguments);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.stdin(Stdio::null()).status();
        Ok(status.map_err(|source| self.not_run(source))?.success())
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, RunError> {
        self.output_of(self.command(arguments))
    }

    fn output_of(&self, mut command: Command) -> Result<Output, RunError> {
        let command = command.stdin(Stdio::null());
        command.output().map_err(|source| self.not_run(source))
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

/// The exit code of a program; without one a signal has ended it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(INTERRUPTED)
}

/// Whether the status of a host says so; a host that does not answer has nothing under way.
fn is_unfinished(status: &[u8], extension: &str) -> bool {
    let status: Status = serde_json::from_slice(status).unwrap_or_default();
    let mut extensions = status.extensions.iter();
    extensions.any(|it| it.name == extension && it.unfinished > 0)
}

/// The faults in the output of `tig-host check --json`; a file that cannot be read is an error of the program.
fn faults(output: &Output) -> Vec<String> {
    let checked: Checked = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut faults: Vec<String> = checked
        .faults
        .into_iter()
        .take(FAULTS_COUNT_MAX)
        .map(|fault| format!("{}: {}", fault.path, fault.text))
        .collect();
    if faults.is_empty() {
        faults.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let line = |fault: &String| fault.trim().replace(char::is_control, " ");
    faults.iter().map(line).collect()
}

/// The part of `tig-host check --json` that counts here.
#[derive(Default, Deserialize)]
struct Checked {
    faults: Vec<ConfigFault>,
}

#[derive(Deserialize)]
struct ConfigFault {
    path: String,
    text: String,
}

/// Any address of this machine is reached by the loopback one.
fn reachable(mut process: HostProcess) -> HostProcess {
    if let Ok(socket) = process.address.parse::<SocketAddr>()
        && socket.ip().is_unspecified()
    {
        process.address = format!("127.0.0.1:{}", socket.port());
    }
    process
}

/// A running host.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HostProcess {
    /// Where it listens.
    pub(crate) address: String,
    /// Its process id.
    pub(crate) pid: u32,
}

/// The part of `tig-host status --json` that counts here.
#[derive(Default, Deserialize)]
struct Status {
    extensions: Vec<ExtensionStatus>,
}

#[derive(Deserialize)]
struct ExtensionStatus {
    name: String,
    unfinished: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_tells_what_is_not_over() {
        let status =
            br#"{"extensions": [{"name": "a", "unfinished": 0}, {"name": "b", "unfinished": 1}]}"#;
        assert!(!is_unfinished(status, "a"));
        assert!(is_unfinished(status, "b"));
        assert!(!is_unfinished(b"", "b"));
    }

    #[test]
    fn address_of_all_networks_is_reached_here() {
        for (address, expected) in [
            ("0.0.0.0:5115", "127.0.0.1:5115"),
            ("[::]:5115", "127.0.0.1:5115"),
            ("10.0.0.1:5115", "10.0.0.1:5115"),
        ] {
            let address = address.to_owned();
            assert_eq!(reachable(HostProcess { address, pid: 1 }).address, expected);
        }
    }
}
