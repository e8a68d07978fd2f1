//! Standard error as a place where nobody has to wait, and that may be gone.
//!
//! A pipe that nobody reads blocks whoever writes to it, a closed one is an error, a full disk another. So lines go through a
//! bounded queue to a thread of their own: what does not fit or cannot be written is counted and lost, and the program works on.
//!
//! `tracing-appender` was tried first: it bounds the number of lines and not their bytes, has no word for what was lost, and
//! prints with a panicking `println!` when its queue is full at the end of the program.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::threads::ThreadsError;

/// Bytes of lines that wait to be written; further ones are lost.
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// Time for the lines that still wait when the program ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause before a write is tried again where the terminal or pipe does not block and is full.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// Lost lines are reported when the queue is empty, and where it never is, this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// The queue of this process, once it is started.
static PROCESS: OnceLock<StandardError> = OnceLock::new();

/// Writes to standard error without waiting; clones share one queue.
#[derive(Debug, Clone)]
pub struct StandardError(Arc<Queue>);

/// Writes what waits when it is dropped, for at most two seconds.
#[derive(Debug)]
#[must_use = "lines that wait at the end of the program are written when this is dropped"]
pub struct Flush(StandardError);

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines lost since the start of the program.
    lost: u64,
    /// A line is being written.
    writing: bool,
    closed: bool,
}

/// Starts the thread that writes.
///
/// # Errors
/// The system has no thread.
pub fn start() -> Result<(StandardError, Flush), ThreadsError> {
    let failed = |cause| ThreadsError::single("the log", cause);
    // Not `io::stderr()` itself: whoever else uses it would wait for its lock while this thread waits for a reader.
    let file = io::stderr().as_fd().try_clone_to_owned();
    let file = File::from(file.map_err(failed)?);
    let queue = StandardError(Arc::new(Queue {
        state: Mutex::default(),
        changed: Condvar::new(),
    }));
    let writer = queue.clone();
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.run(file))
        .map_err(failed)?;
    let queue = PROCESS.get_or_init(|| queue).clone();
    Ok((queue.clone(), Flush(queue)))
}

/// Writes `line` and a line feed: through the queue if it is started, else at once.
pub fn write_line(line: &str) {
    write(format!("{line}\n").into_bytes());
}

/// Writes `text` as it is, as [`write_line`] does.
pub fn write(text: Vec<u8>) {
    match PROCESS.get() {
        Some(queue) => queue.push(text),
        // Where standard error is gone, nothing can be said about it.
        None => drop(io::stderr().write_all(&text)),
    }
}

impl StandardError {
    fn push(&self, line: Vec<u8>) {
        let mut state = self.state();
        if state.closed || state.bytes + line.len() > QUEUE_BYTES_MAX {
            state.lost += 1;
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.0.changed.notify_all();
    }

    /// Writes line by line until the queue is closed and empty.
    fn run(&self, mut file: impl Write) {
        let mut reports = Reports::default();
        while let Some(line) = self.next() {
            let written = write_all(&mut file, &line);
            let (lost, is_empty) = self.finish(line.len(), written.is_ok());
            if written.is_ok() && reports.are_due(lost, is_empty) {
                warn!(
                    lines = lost,
                    "log lines are lost: standard error was full, slow or closed"
                );
            }
        }
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.writing = true;
                return Some(line);
            }
            if state.closed {
                return None;
            }
            state = wait(self.0.changed.wait(state));
        }
    }

    /// A line counts until it is written, so that the bound holds for it too.
    fn finish(&self, bytes: usize, is_written: bool) -> (u64, bool) {
        let mut state = self.state();
        state.writing = false;
        state.bytes -= bytes;
        state.lost += u64::from(!is_written);
        self.0.changed.notify_all();
        (state.lost, state.lines.is_empty())
    }

    /// Waits until all lines are written, and takes no more.
    fn close(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let mut state = self.state();
        while state.writing || !state.lines.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                break;
            };
            state = wait(self.0.changed.wait_timeout(state, left)).0;
        }
        state.closed = true;
        self.0.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        wait(self.0.state.lock())
    }
}

/// No code panics while it holds the lock, so a poisoned state is whole.
fn wait<T>(locked: Result<T, PoisonError<T>>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}

/// Waits where the other end does not block and is full: another process may have made it so.
fn write_all(file: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(RETRY_INTERVAL);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// When lost lines are reported.
#[derive(Debug, Default)]
struct Reports {
    reported: u64,
    last: Option<Instant>,
}

impl Reports {
    fn are_due(&mut self, lost: u64, is_empty: bool) -> bool {
        let waited = self
            .last
            .is_none_or(|last| last.elapsed() > REPORT_INTERVAL);
        let due = lost > self.reported && (is_empty || waited);
        if due {
            self.reported = lost;
            self.last = Some(Instant::now());
        }
        due
    }
}

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.close(FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests;
