//! Output of programs: results on standard output, the reason for an end on standard error.
//!
//! A reader that goes away has read enough: that is not a failure. Anything else that keeps a result from being written is.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use crate::error_chain::error_chain;
use crate::standard_error;
use crate::threads::ThreadsError;

/// Time for a line of a program that has other things to do.
const ANNOUNCE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why standard output takes nothing any more.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// A result could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}; nothing after this was written")]
pub struct OutputError(&'static io::Error);

/// Writes a line to standard output; after a failure nothing is written any more, see [`check`].
pub fn line(text: &str) {
    if FAILURE.get().is_some() {
        return;
    }
    let mut stdout = io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        // It is the first failure that counts.
        let _ = FAILURE.set(error);
    }
}

/// Prints rows as columns, each as wide as its widest cell.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        line(padded.join("  ").trim_end());
    }
}

/// Standard output for whoever writes bytes; flush it, or write whole lines.
#[must_use]
pub fn writer() -> impl Write {
    Checked
}

struct Checked;

impl Checked {
    fn keep<T>(result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            let _ = FAILURE.set(error);
            kind.into()
        })
    }
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::keep(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::keep(io::stdout().flush())
    }
}

/// Whether standard output takes nothing any more.
#[must_use]
pub fn is_closed() -> bool {
    FAILURE.get().is_some()
}

/// Whether everything was written that somebody wanted to read.
///
/// # Errors
/// Standard output is full or broken.
pub fn check() -> Result<(), OutputError> {
    match FAILURE.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(OutputError(error)),
        _ => Ok(()),
    }
}

/// The line of a server that says where it listens: it is lost where standard output is full, slow or closed.
///
/// # Errors
/// The system has no thread to write it.
pub fn announce(text: &str) -> Result<(), ThreadsError> {
    let text = text.to_owned();
    let (sender, done) = mpsc::channel();
    thread::Builder::new()
        .name("announce".to_owned())
        .spawn(move || {
            line(&text);
            // The program may have gone on already.
            let _ = sender.send(());
        })
        .map_err(|cause| ThreadsError::single("standard output", cause))?;
    let _ = done.recv_timeout(ANNOUNCE_TIMEOUT);
    Ok(())
}

/// Writes `error: ` and the error with its causes on one line of standard error; the program ends with this code.
pub fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    error_line(&error_chain(error));
    ExitCode::FAILURE
}

/// Writes `text` as one line of standard error: what a person wants to know, and a program that reads the output does not.
pub fn note_line(text: &str) {
    standard_error::write_line(text);
}

/// Writes `error: ` and `text` as one line of standard error.
pub fn error_line(text: &str) {
    standard_error::write_line(&format!("error: {text}"));
}
