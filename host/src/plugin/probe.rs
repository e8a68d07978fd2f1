//! Tries a plugin file in a child process: mapping a damaged library can kill the process.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{PROBE_TIMEOUT, PluginError};
use crate::exit_code;

/// What was not done, in the error.
const WHAT: &str = "start a child process to try";

/// Longest text that is kept from the child.
const CHILD_TEXT_BYTES_MAX: usize = 4096;

/// Pieces of text that are read before the next check of the child.
const PIECES_PER_CHECK_MAX: usize = 64;

/// Longest pause between two checks of the child and the clock.
const CHECK_INTERVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// The same where the system does not notify the child's end.
const CHECK_INTERVAL_BLIND: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};

/// The result of a trial.
pub(super) enum Found {
    /// The plugin works.
    Sound,
    /// The file can be loaded, but `new` refuses the settings.
    Refused(String),
}

/// A child process that tries a plugin file; dropping it ends the process.
pub(super) struct Trial<'a> {
    child: Child,
    pipes: Pipes<'a>,
    original: &'a Path,
}

impl<'a> Trial<'a> {
    /// Starts `program probe copy`; `original` is the operator's file, for the error. With `settings` (JSON), the child
    /// creates an instance too.
    pub(super) fn start(
        program: &Path,
        copy: &Path,
        original: &'a Path,
        settings: Option<&'a [u8]>,
    ) -> Result<Self, PluginError> {
        let mut child = Command::new(program)
            .arg("probe")
            .args(settings.map(|_| "--new"))
            .arg(copy)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(PluginError::file(WHAT, original))?;
        let pipes = Pipes::from_child(&mut child, settings.unwrap_or_default())
            .map_err(PluginError::file(WHAT, original))?;
        Ok(Self {
            child,
            pipes,
            original,
        })
    }

    /// Waits for the end of the child.
    pub(super) fn finish(mut self) -> Result<Found, PluginError> {
        let refused = |reason| PluginError::Probe {
            path: self.original.to_owned(),
            reason,
        };
        let waited = wait(&mut self.child, &mut self.pipes)
            .map_err(PluginError::file(WHAT, self.original))?;
        let Some(status) = waited else {
            return Err(refused(format!(
                "loading it takes more than {} s",
                PROBE_TIMEOUT.as_secs()
            )));
        };
        if status.success() {
            return Ok(Found::Sound);
        }
        let text = self.pipes.last_words();
        if status.code() == Some(exit_code::CONFIG.into()) {
            return Ok(Found::Refused(text));
        }
        Err(refused(match status.signal() {
            Some(signal) => {
                format!("loading it kills the process (signal {signal}); build or copy it again")
            }
            None if text.is_empty() => format!("loading it ends the process ({status})"),
            None => text,
        }))
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        // Both do nothing to a child that has ended, and fail only without a child.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child's status, or `None` if it takes too long.
fn wait(child: &mut Child, pipes: &mut Pipes<'_>) -> io::Result<Option<ExitStatus>> {
    let end = end_of(child);
    let deadline = Instant::now() + PROBE_TIMEOUT;
    while Instant::now() < deadline {
        pipes.transfer();
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        pipes.wait(end.as_ref());
    }
    Ok(None)
}

/// A descriptor that becomes readable when the child ends, where the system has such.
fn end_of(child: &Child) -> Option<OwnedFd> {
    pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok()
}

/// The child's standard input and error. Neither side ever waits for the other: a child with much text would otherwise
/// look stuck.
struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    unsent: &'a [u8],
    stderr: Option<ChildStderr>,
    text: Vec<u8>,
    /// Whether the child has closed its end of `stderr`; polling it would return at once.
    has_hung_up: bool,
}

impl<'a> Pipes<'a> {
    fn from_child(child: &mut Child, settings: &'a [u8]) -> io::Result<Self> {
        let pipes = Self {
            stdin: child.stdin.take(),
            unsent: settings,
            stderr: child.stderr.take(),
            text: Vec::new(),
            has_hung_up: false,
        };
        if let (Some(stdin), Some(stderr)) = (&pipes.stdin, &pipes.stderr) {
            ioctl_fionbio(stdin, true)?;
            ioctl_fionbio(stderr, true)?;
        }
        Ok(pipes)
    }

    /// Waits until the child has ended, reads or writes, but no longer than [`CHECK_INTERVAL`].
    fn wait(&self, end: Option<&OwnedFd>) {
        let wait = if end.is_some() {
            CHECK_INTERVAL
        } else {
            CHECK_INTERVAL_BLIND
        };
        let end = end.map(|end| PollFd::new(end, PollFlags::IN));
        let stdin = self.stdin.as_ref();
        let stdin = stdin.map(|stdin| PollFd::new(stdin, PollFlags::OUT));
        let stderr = self.stderr.as_ref().filter(|_| !self.has_hung_up);
        let stderr = stderr.map(|stderr| PollFd::new(stderr, PollFlags::IN));
        let mut awaited: Vec<_> = end.into_iter().chain(stdin).chain(stderr).collect();
        // A failed poll only makes the next check early.
        let _ = poll(&mut awaited, Some(&wait));
    }

    fn transfer(&mut self) {
        self.send();
        self.receive();
    }

    fn send(&mut self) {
        let Some(stdin) = &mut self.stdin else {
            return;
        };
        match stdin.write(self.unsent) {
            Ok(count) => self.unsent = &self.unsent[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // A child that has died reports it by its status.
            Err(_) => self.unsent = &[],
        }
        if self.unsent.is_empty() {
            self.stdin = None;
        }
    }

    /// Reads what is there, and keeps the beginning.
    fn receive(&mut self) {
        let Some(stderr) = &mut self.stderr else {
            return;
        };
        let mut piece = [0; 4096];
        for _ in 0..PIECES_PER_CHECK_MAX {
            let count = match stderr.read(&mut piece) {
                Ok(count @ 1..) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Text that cannot be read is only missing from the explanation.
                Ok(_) | Err(_) => {
                    self.has_hung_up = true;
                    return;
                }
            };
            let room = CHILD_TEXT_BYTES_MAX - self.text.len();
            self.text.extend_from_slice(&piece[..count.min(room)]);
        }
    }

    fn last_words(&mut self) -> String {
        self.receive();
        let text = String::from_utf8_lossy(&self.text);
        text.trim()
            .strip_prefix("error: ")
            .unwrap_or(text.trim())
            .replace('\n', " ")
    }
}
