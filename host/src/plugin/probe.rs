//! Tries a candidate in a child process: a damaged library can kill whoever maps it.

use std::{
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::io::ioctl_fionbio;

use super::{PROBE_MAX, PluginError};
use crate::exit_code;

/// Longest text that is taken from the child.
const TEXT_BYTES_MAX: usize = 4096;

/// Pieces of text that are read before the next look at the child.
const PIECES_PER_LOOK_MAX: usize = 64;

/// What the child has found.
pub(super) enum Found {
    /// All that it was to try works.
    Sound,
    /// The file can be loaded, but `new` refuses the settings.
    Refused(String),
}

/// Runs `program probe copy`; `original` is the operator's file, for the error. With `settings` (JSON), the child makes an
/// instance too.
pub(super) fn run(
    program: &Path,
    copy: &Path,
    original: &Path,
    settings: Option<&[u8]>,
) -> Result<Found, PluginError> {
    let system = |source| PluginError::File {
        what: "start a child process to try",
        path: original.to_owned(),
        source,
    };
    let refused = |reason| PluginError::Probe {
        path: original.to_owned(),
        reason,
    };
    let mut child = Command::new(program)
        .arg("probe")
        .args(settings.map(|_| "--new"))
        .arg(copy)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(system)?;
    let mut pipes = Pipes::of(&mut child, settings.unwrap_or_default()).map_err(system)?;
    let Some(status) = wait(&mut child, &mut pipes).map_err(system)? else {
        return Err(refused(format!(
            "loading it takes more than {} s",
            PROBE_MAX.as_secs()
        )));
    };
    if status.success() {
        return Ok(Found::Sound);
    }
    let text = pipes.last_words();
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

/// The child's status, or `None` if it had to be ended.
fn wait(child: &mut Child, pipes: &mut Pipes<'_>) -> io::Result<Option<ExitStatus>> {
    const POLL: Duration = Duration::from_millis(1);
    let deadline = Instant::now() + PROBE_MAX;
    while Instant::now() < deadline {
        pipes.transfer();
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// What goes to the child, and what comes from it. The host never waits for a child that does not read, and a child never for
/// the host: one that has much to say would otherwise look stuck.
struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    unsent: &'a [u8],
    stderr: Option<ChildStderr>,
    text: Vec<u8>,
}

impl<'a> Pipes<'a> {
    fn of(child: &mut Child, settings: &'a [u8]) -> io::Result<Self> {
        let pipes = Self {
            stdin: child.stdin.take(),
            unsent: settings,
            stderr: child.stderr.take(),
            text: Vec::new(),
        };
        if let (Some(stdin), Some(stderr)) = (&pipes.stdin, &pipes.stderr) {
            ioctl_fionbio(stdin, true)?;
            ioctl_fionbio(stderr, true)?;
        }
        Ok(pipes)
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
            // What cannot be read is only missing from the explanation.
            let Ok(count @ 1..) = stderr.read(&mut piece) else {
                return;
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
