//! A host that is started for one command, and ends with it.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{HostProgram, RunError};

/// Longest time for a host to start.
const START_MAX: Duration = Duration::from_secs(60);
/// Time between two looks whether it has started.
const START_INTERVAL: Duration = Duration::from_millis(50);
/// Longest time for a host to stop: its extensions have 10 s, its threads 5 s.
const STOP_MAX: Duration = Duration::from_secs(20);
/// Lines of its log that are kept, to say why it has ended.
const LINES_MAX: usize = 20;
/// Longest line of its log that is kept, in bytes.
const LOG_LINE_BYTES_MAX: u64 = 4096;

/// Why no host runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It has ended.
    #[error("the host has ended ({status}): {}", last_lines.join(" | "))]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        last_lines: Vec<String>,
    },
    /// It does not answer.
    #[error("the host does not answer after {} s", START_MAX.as_secs())]
    Late,
    /// The operating system has no room for it.
    #[error("cannot watch the host")]
    Watch(#[source] io::Error),
}

/// A running host. It ends when this is dropped, and also if this process is killed.
pub(crate) struct Started {
    child: Child,
    /// The host ends when this is closed.
    stdin: Option<ChildStdin>,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Started {
    /// Starts a host and waits until it answers.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub(crate) fn start(host: &HostProgram) -> Result<Self, StartError> {
        let mut child = Command::new(&host.program)
            .arg(&host.config)
            .args(["--port", "0", "--exit-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| host.not_run(source))?;
        let stderr = child.stderr.take();
        let mut started = Self {
            stdin: child.stdin.take(),
            child,
            log: None,
        };
        if let Some(stderr) = stderr {
            // A host whose log nobody reads goes on, but the end of it says why it has ended.
            let read = thread::Builder::new().spawn(move || last_lines(stderr));
            started.log = Some(read.map_err(StartError::Watch)?);
        }
        started.wait(host)?;
        Ok(started)
    }

    fn wait(&mut self, host: &HostProgram) -> Result<(), StartError> {
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(StartError::Watch)? {
                let last_lines = self.log.take().and_then(|log| log.join().ok());
                let last_lines = last_lines.unwrap_or_default();
                return Err(StartError::Ended { status, last_lines });
            }
            if host.is_running()? {
                return Ok(());
            }
            thread::sleep(START_INTERVAL);
        }
        Err(StartError::Late)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // The end of its standard input lets the host stop in order.
        drop(self.stdin.take());
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(START_INTERVAL);
        }
        // What was committed is on disk, so a kill loses nothing. Both fail only if it has ended meanwhile.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a log to its end and returns its last lines.
fn last_lines(stderr: impl Read) -> Vec<String> {
    let mut reader = BufReader::new(stderr);
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = Vec::new();
        match reader
            .by_ref()
            .take(LOG_LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return lines,
            Ok(_) => {
                if lines.len() == LINES_MAX {
                    lines.remove(0);
                }
                let text = String::from_utf8_lossy(&line);
                lines.push(text.trim_end().replace(char::is_control, " "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_a_log_is_kept() {
        let log: String = (0..100)
            .map(|line| format!("line {line}\u{1b}\n"))
            .collect();
        let lines = last_lines(log.as_bytes());
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines.last().map(String::as_str), Some("line 99 "));
    }
}
