//! One child process with its log.
//!
//! Invariant: the child is gone when its [`Process`] is dropped. It also sees its standard input end when this program dies
//! without dropping anything, which is why every child is started with `--exit-with-parent`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait::wait_for;

/// Time for a child to say where it listens.
const START_S_MAX: u64 = 30;
/// Time for a child to stop by itself before it is killed.
const STOP_MS_MAX: u64 = 3_000;
/// Beginning of a server's first line.
const LISTENING: &str = "listening on http://";

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    log: PathBuf,
    output: PathBuf,
}

/// A child did not start, or ended when it should not.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program cannot be started.
    #[error("cannot start {name}")]
    Spawn {
        /// The program.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// It ended by itself.
    #[error("{name} ended with {status}: {last_line}")]
    Ended {
        /// The program.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line of its log.
        last_line: String,
    },
    /// It runs, and says nothing.
    #[error("{name} did not print its address within {START_S_MAX} s; see {}", log.display())]
    Silent {
        /// The program.
        name: String,
        /// Log of the program.
        log: PathBuf,
    },
}

impl Process {
    /// Starts `command` with a standard input that stays open; standard error is appended to `<folder>/<name>.log`.
    ///
    /// # Errors
    /// The program or its log cannot be opened.
    pub fn spawn(name: &str, command: &mut Command, folder: &Path) -> Result<Self, ProcessError> {
        Self::spawn_with_stdin(name, command, folder, Stdio::piped())
    }

    /// Like [`Process::spawn`], with a standard input that somebody else holds open.
    ///
    /// # Errors
    /// The program or its log cannot be opened.
    pub fn spawn_with_stdin(
        name: &str,
        command: &mut Command,
        folder: &Path,
        stdin: Stdio,
    ) -> Result<Self, ProcessError> {
        let log = folder.join(format!("{name}.log"));
        let errors = File::options().create(true).append(true).open(&log);
        let errors = errors.map_err(|source| ProcessError::Spawn {
            name: name.to_owned(),
            source,
        })?;
        Self::spawn_with(name, command, folder, stdin, errors.into())
    }

    /// Like [`Process::spawn`], with a standard error that is not a log file.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn spawn_with_stderr(
        name: &str,
        command: &mut Command,
        folder: &Path,
        stderr: Stdio,
    ) -> Result<Self, ProcessError> {
        Self::spawn_with(name, command, folder, Stdio::piped(), stderr)
    }

    fn spawn_with(
        name: &str,
        command: &mut Command,
        folder: &Path,
        stdin: Stdio,
        stderr: Stdio,
    ) -> Result<Self, ProcessError> {
        let log = folder.join(format!("{name}.log"));
        let output = folder.join(format!("{name}.out"));
        let spawn = || {
            // Loopback is not for proxies, whatever the environment says.
            command
                .env("NO_PROXY", "127.0.0.1")
                .env("no_proxy", "127.0.0.1")
                .env("NO_COLOR", "1")
                .stdin(stdin)
                .stdout(File::create(&output)?)
                .stderr(stderr)
                .spawn()
        };
        let mut child = spawn().map_err(|source| ProcessError::Spawn {
            name: name.to_owned(),
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            stdin: child.stdin.take(),
            child,
            log,
            output,
        })
    }

    /// Waits until the child prints its address on standard output: `127.0.0.1:PORT`.
    ///
    /// # Errors
    /// It ends or stays silent.
    pub fn address(&mut self) -> Result<String, ProcessError> {
        self.wait_for_line(|line| line.strip_prefix(LISTENING).map(str::to_owned))
    }

    /// Waits for the first line that the child prints on standard output.
    ///
    /// # Errors
    /// It ends or stays silent.
    pub fn first_line(&mut self) -> Result<String, ProcessError> {
        self.wait_for_line(|line| Some(line.to_owned()))
    }

    fn wait_for_line(
        &mut self,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<String, ProcessError> {
        let limit = Duration::from_secs(START_S_MAX);
        let printed = wait_for("the first line", limit, || {
            match self.read_line().and_then(|line| read(&line)) {
                Some(text) => Some(Ok(text)),
                None => self.check_running().err().map(Err),
            }
        });
        printed.unwrap_or_else(|_| {
            Err(ProcessError::Silent {
                name: self.name.clone(),
                log: self.log.clone(),
            })
        })
    }

    fn read_line(&self) -> Option<String> {
        let output = std::fs::read_to_string(&self.output).ok()?;
        // A line without its end may be half of one.
        let (line, _) = output.split_once('\n')?;
        Some(line.to_owned())
    }

    /// Says whether the child still runs.
    ///
    /// # Errors
    /// It has ended.
    pub fn check_running(&mut self) -> Result<(), ProcessError> {
        match self.exit_status() {
            None => Ok(()),
            Some(status) => Err(ProcessError::Ended {
                name: self.name.clone(),
                status,
                last_line: self.log_tail(1),
            }),
        }
    }

    /// How the child ended; `None` while it runs.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The child's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last `lines` lines of the log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let log = self.log();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Ends the child at once, as `kill -9` does.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the child to stop by closing its standard input, and kills it if it takes too long.
    pub fn stop(&mut self) {
        self.stdin = None;
        let limit = Duration::from_millis(STOP_MS_MAX);
        if wait_for("the end", limit, || self.exit_status()).is_err() {
            self.kill();
        }
    }
}

/// The most memory that a process has had, in bytes; `None` if the system does not say it.
#[must_use]
pub fn peak_memory_bytes(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
