//! Programs that run beside this one, each under a guard.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{ChildStdin, Command};
use tokio::time::timeout;

use super::guard::{GUARD_COMMAND, GUARDED_STOP_TIMEOUT};

/// Bytes of a line that are kept; the rest of a longer one is left out.
const OUTPUT_LINE_BYTES_MAX: usize = 1 << 20;
/// Last lines of a program that are kept, to be shown if it ends.
const TAIL_LINES_MAX: usize = 20;
/// Characters of each of them.
const TAIL_LINE_COUNT_MAX: usize = 500;
/// The guard kills in time; it is killed itself if it has not ended then.
const GUARD_STOP_TIMEOUT: Duration = GUARDED_STOP_TIMEOUT.saturating_add(Duration::from_secs(2));
/// Loopback is not for proxies, whatever the environment says.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Variable with the ssh that git starts.
const GIT_SSH: &str = "GIT_SSH_COMMAND";

/// A program to start.
pub(super) struct Program<'a> {
    /// Its file, or a name in PATH.
    pub(super) file: &'a Path,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// Where it runs.
    pub(super) folder: &'a Path,
    /// Whether it speaks with others on this machine only.
    pub(super) is_local: bool,
}

/// A running program. Dropping it asks it to stop, and kills it and all that it has started if it takes too long.
pub(super) struct Child {
    process: tokio::process::Child,
    input: Option<ChildStdin>,
}

/// What a program writes.
pub(super) struct Outputs {
    /// Standard output.
    pub(super) output: Lines,
    /// Standard error.
    pub(super) errors: Lines,
}

impl Program<'_> {
    /// Starts it under `guard`, the file of this program.
    pub(super) fn start(&self, guard: &Path) -> io::Result<(Child, Outputs)> {
        let mut command = Command::new(guard);
        command
            .args([
                OsStr::new(GUARD_COMMAND),
                "--".as_ref(),
                self.file.as_os_str(),
            ])
            .args(&self.arguments)
            .current_dir(self.folder)
            // The Ctrl-C of a terminal is for this program, which ends the others.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.is_local {
            command.envs(NO_PROXY.map(|name| (name, "127.0.0.1,localhost")));
        } else {
            // Its group is not the terminal's, so a question would stop it.
            command.env("GIT_TERMINAL_PROMPT", "0");
            if std::env::var_os(GIT_SSH).is_none() {
                command.env(GIT_SSH, "ssh -o BatchMode=yes");
            }
        }
        let mut process = command.spawn()?;
        let outputs = Outputs {
            output: Lines::of(process.stdout.take()),
            errors: Lines::of(process.stderr.take()),
        };
        let input = process.stdin.take();
        Ok((Child { process, input }, outputs))
    }
}

impl Child {
    /// Waits for its end.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Whether it runs no more.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Ends it.
    pub(super) async fn stop(&mut self) {
        self.input = None;
        if timeout(GUARD_STOP_TIMEOUT, self.process.wait())
            .await
            .is_err()
        {
            // An error means that it has ended.
            let _ = self.process.kill().await;
        }
    }
}

/// Reads lines of bounded length.
pub(super) struct Lines(Option<BufReader<Box<dyn AsyncRead + Send + Unpin>>>);

impl Lines {
    fn of(stream: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        Self(stream.map(|stream| BufReader::new(Box::new(stream) as Box<_>)))
    }

    /// The next line without its end; `None` if there is no other.
    pub(super) async fn next(&mut self) -> Option<String> {
        let reader = self.0.as_mut()?;
        let mut line = Vec::new();
        let mut has_any = false;
        while let Ok(bytes) = reader.fill_buf().await {
            if bytes.is_empty() {
                break;
            }
            has_any = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = OUTPUT_LINE_BYTES_MAX - line.len();
            line.extend_from_slice(&part[..part.len().min(room)]);
            let count = end.map_or(bytes.len(), |end| end + 1);
            reader.consume(count);
            if end.is_some() {
                break;
            }
        }
        let text = || String::from_utf8_lossy(&line).trim_end().to_owned();
        has_any.then(text)
    }

    /// Reads to the end, and keeps the last lines.
    pub(super) async fn keep_in(mut self, tail: Tail) {
        while let Some(line) = self.next().await {
            tail.push(&line);
        }
    }
}

/// The last lines that a program has written.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// Adds a line in place of the oldest one.
    pub(super) fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.chars().take(TAIL_LINE_COUNT_MAX).collect());
    }

    /// All that are kept.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_with_the_stream() {
        let text = format!("a\n\n{}\nlast", "x".repeat(OUTPUT_LINE_BYTES_MAX + 5));
        let mut lines = Lines::of(Some(io::Cursor::new(text)));
        assert_eq!(lines.next().await.as_deref(), Some("a"));
        assert_eq!(lines.next().await.as_deref(), Some(""));
        assert_eq!(
            lines.next().await.map(|it| it.len()),
            Some(OUTPUT_LINE_BYTES_MAX)
        );
        assert_eq!(lines.next().await.as_deref(), Some("last"));
        assert_eq!(lines.next().await, None);
    }

    #[test]
    fn tail_keeps_the_last_lines() {
        let tail = Tail::default();
        for number in 0..TAIL_LINES_MAX + 2 {
            tail.push(&number.to_string());
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), TAIL_LINES_MAX);
        assert_eq!(lines[0], "2");
    }
}
