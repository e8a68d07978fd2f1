//! Tries a candidate in a child process: a damaged library can kill whoever maps it.

use std::{
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::Path,
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio},
    time::Instant,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::ioctl_fionbio,
    process::{Pid, PidfdFlags, pidfd_open},
};

use super::{PROBE_MAX, PluginError};
use crate::exit_code;

/// Longest text that is taken from the child.
const TEXT_BYTES_MAX: usize = 4096;

/// Pieces of text that are read before the next look at the child.
const PIECES_PER_LOOK_MAX: usize = 64;

/// Longest pause between two looks at the child and the clock.
const LOOK_INTERVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// The same where the child's end is not notified.
const LOOK_INTERVAL_BLIND: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};

/// What the child has found.
pub(super) enum Found {
    /// All that it was to try works.
    Sound,
    /// The file can be loaded, but `new` refuses the settings.
    Refused(String),
}

/// A child process that tries a plugin file; ended when it is dropped.
pub(super) struct Trial<'a> {
    child: Child,
    pipes: Pipes<'a>,
    original: &'a Path,
}

impl<'a> Trial<'a> {
    /// Starts `program probe copy`; `original` is the operator's file, for the error. With `settings` (JSON), the child makes
    /// an instance too.
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
            .map_err(system(original))?;
        let pipes = Pipes::from_child(&mut child, settings.unwrap_or_default())
            .map_err(system(original))?;
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
        let waited = wait(&mut self.child, &mut self.pipes).map_err(system(self.original))?;
        let Some(status) = waited else {
            return Err(refused(format!(
                "loading it takes more than {} s",
                PROBE_MAX.as_secs()
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
                format!("loading it kills the process (signal {signal}); build or copy it anew")
            }
            None if text.is_empty() => format!("loading it ends the process ({status})"),
            None => text,
        }))
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        // Both do nothing to a child that was waited for, and fail only if there is none.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn system(original: &Path) -> impl FnOnce(io::Error) -> PluginError {
    let path = original.to_owned();
    move |source| PluginError::File {
        what: "start a child process to try",
        path,
        source,
    }
}

/// The child's status, or `None` if it takes too long.
fn wait(child: &mut Child, pipes: &mut Pipes<'_>) -> io::Result<Option<ExitStatus>> {
    let end = end_of(child);
    let deadline = Instant::now() + PROBE_MAX;
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

/// What goes to the child, and what comes from it. The host never waits for a child that does not read, and a child never for
/// the host: one that has much to say would otherwise look stuck.
struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    unsent: &'a [u8],
    stderr: Option<ChildStderr>,
    text: Vec<u8>,
    /// The child has closed its end of `stderr`, which would not be waited for any more.
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

    /// Waits until the child has ended, takes or says something, but no longer than [`LOOK_INTERVAL`].
    fn wait(&self, end: Option<&OwnedFd>) {
        let wait = if end.is_some() {
            LOOK_INTERVAL
        } else {
            LOOK_INTERVAL_BLIND
        };
        let end = end.map(|end| PollFd::new(end, PollFlags::IN));
        let stdin = self.stdin.as_ref();
        let stdin = stdin.map(|stdin| PollFd::new(stdin, PollFlags::OUT));
        let stderr = self.stderr.as_ref().filter(|_| !self.has_hung_up);
        let stderr = stderr.map(|stderr| PollFd::new(stderr, PollFlags::IN));
        let mut awaited: Vec<_> = end.into_iter().chain(stdin).chain(stderr).collect();
        // A failure is a look before its time.
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
            // A child that has died says so by its status.
            Err(_) => self.unsent = &[],
        }
        if self.unsent.is_empty() {
            self.stdin = None;
        }
    }

    /// Reads what is there, and keeps its beginning.
    fn receive(&mut self) {
        let Some(stderr) = &mut self.stderr else {
            return;
        };
        let mut piece = [0; 4096];
        for _ in 0..PIECES_PER_LOOK_MAX {
            let count = match stderr.read(&mut piece) {
                Ok(count @ 1..) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // What cannot be read is only missing from the explanation.
                Ok(_) | Err(_) => {
                    self.has_hung_up = true;
                    return;
                }
            };
            let room = TEXT_BYTES_MAX - self.text.len();
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
