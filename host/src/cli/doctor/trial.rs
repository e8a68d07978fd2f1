//! Starts the process that observes, and waits for its result.
//!
//! Invariant: the process does not outlive this one: it ends with its standard input.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::observer::{Observation, Order, RESULT_PREFIX};

/// Time beyond the observation for loading plugins and for the end.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Longest text that is kept of the reason of a failed start.
const REASON_BYTES_MAX: u64 = 4 << 10;

/// Longest result.
const RESULT_BYTES_MAX: u64 = 16 << 20;

/// Why there is no observation.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrialFault {
    /// No process.
    #[error("cannot start a process for it: {0}")]
    Start(#[from] io::Error),
    /// The process has ended without a result.
    #[error("the extensions do not start: {0}")]
    Ended(String),
    /// No result came in time.
    #[error("no result after {0} s")]
    Late(u64),
}

/// The observing process; it ends with this.
struct Observer(Child);

impl Drop for Observer {
    fn drop(&mut self) {
        // Both do nothing to a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the extensions of the config at `path` for at most `wait`, and passes on how it goes.
pub(super) fn watch(
    path: &Path,
    wait: Duration,
    progress: impl Fn(&str),
) -> Result<Observation, TrialFault> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg("observe")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let observer = Observer(child);
    let wanted = Order {
        config: path.to_owned(),
        seconds_max: wait.as_secs(),
    };
    // Held open until the end: its end would end the process.
    let mut stdin = stdin;
    if let Some(stdin) = &mut stdin {
        let line = serde_json::to_string(&wanted).map_err(io::Error::other)?;
        writeln!(stdin, "{line}")?;
    }
    let (sender, found) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        // Nobody waits any more if this fails.
        let _ = sender.send(stdout.and_then(read_result));
    })?;
    let reason =
        thread::Builder::new().spawn(move || stderr.map(read_reason).unwrap_or_default())?;
    let begun = Instant::now();
    let found = loop {
        let seconds = begun.elapsed().as_secs();
        progress(&format!(
            "trial run of the extensions, at most {} s .. {seconds} s",
            wait.as_secs()
        ));
        match found.recv_timeout(PROGRESS_INTERVAL) {
            Ok(found) => break found,
            Err(mpsc::RecvTimeoutError::Timeout) if begun.elapsed() < wait + START_TIMEOUT => {}
            Err(_) => return Err(TrialFault::Late(begun.elapsed().as_secs())),
        }
    };
    drop(stdin);
    drop(observer);
    match found {
        Some(observation) => Ok(observation),
        // The process has ended, so that reading has too.
        None => Err(TrialFault::Ended(reason.join().unwrap_or_default())),
    }
}

/// The result among what plugins print.
fn read_result(stdout: impl Read) -> Option<Observation> {
    let mut lines = BufReader::new(stdout.take(RESULT_BYTES_MAX)).lines();
    lines.find_map(|line| {
        let line = line.ok()?;
        serde_json::from_str(line.strip_prefix(RESULT_PREFIX)?).ok()
    })
}

/// The error that the process has ended with; all is read, so that it never waits.
fn read_reason(mut stderr: impl Read) -> String {
    let mut text = Vec::new();
    // What cannot be read is missing from the reason only.
    let _ = stderr
        .by_ref()
        .take(REASON_BYTES_MAX)
        .read_to_end(&mut text);
    let _ = io::copy(&mut stderr, &mut io::sink());
    let text = String::from_utf8_lossy(&text);
    let error = text.lines().find_map(|line| line.strip_prefix("error: "));
    match error.or(text.lines().last()) {
        Some(line) => line.to_owned(),
        None => "the process has ended without a reason".to_owned(),
    }
}
