//! Progress of work that takes longer than people wait in silence: one line that is redrawn on a terminal, else a line now and then.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use crate::standard_error;

/// Work that is done sooner says nothing.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// Time between two drawings on a terminal.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);
/// Time between two lines elsewhere.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Moves a terminal's cursor to the beginning of its line, which is cleared.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// A line on standard error that says what goes on, in place of the one before.
#[derive(Debug)]
pub struct StatusLine {
    is_terminal: bool,
    shown: String,
    next: Instant,
}

impl StatusLine {
    /// Nothing is shown before `delay` has passed.
    #[must_use]
    pub fn new(delay: Duration) -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            shown: String::new(),
            next: Instant::now() + delay,
        }
    }

    /// Whether a text would be shown now.
    #[must_use]
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Shows a text that differs from the last one, unless it is too early.
    pub fn show(&mut self, text: &str) {
        if !self.is_due() || self.shown == text {
            return;
        }
        text.clone_into(&mut self.shown);
        let interval = if self.is_terminal {
            standard_error::write(format!("{CLEAR_LINE}{text}").into_bytes());
            DRAW_INTERVAL
        } else {
            standard_error::write_line(text);
            LINE_INTERVAL
        };
        self.next = Instant::now() + interval;
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        // The result takes its place.
        if self.is_terminal && !self.shown.is_empty() {
            standard_error::write(CLEAR_LINE.into());
        }
    }
}

/// Progress of one piece of work, on standard error.
#[derive(Debug)]
pub struct Progress {
    /// Such as `exporting`.
    what: String,
    /// Such as `values`.
    unit: &'static str,
    total: Option<u64>,
    done: u64,
    line: StatusLine,
}

impl Progress {
    /// Nothing of `total` is done yet; without a total, only what is done is shown.
    #[must_use]
    pub fn new(what: impl Into<String>, unit: &'static str, total: Option<u64>) -> Self {
        Self {
            what: what.into(),
            unit,
            total,
            done: 0,
            line: StatusLine::new(FIRST_DELAY),
        }
    }

    /// So much more is done.
    pub fn add(&mut self, count: u64) {
        self.done = self.done.saturating_add(count);
        if self.line.is_due() {
            let text = text(&self.what, self.unit, self.done, self.total);
            self.line.show(&text);
        }
    }
}

fn text(what: &str, unit: &str, done: u64, total: Option<u64>) -> String {
    match total.filter(|&total| total > 0) {
        Some(total) => {
            let percent = u128::from(done.min(total)) * 100 / u128::from(total);
            format!("{what}: {percent} % ({done} of {total} {unit})")
        }
        None => format!("{what}: {done} {unit}"),
    }
}

/// A reader or writer whose bytes or lines are progress.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    progress: Progress,
}

impl<T> Counted<T> {
    /// Counts what passes through `inner`: lines if it is written to, bytes if it is read.
    #[must_use]
    pub fn new(inner: T, progress: Progress) -> Self {
        Self { inner, progress }
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        let is_line_end = |byte: &&u8| **byte == b'\n';
        let lines = bytes.iter().take(count).filter(is_line_end).count();
        self.progress.add(lines as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.progress.add(count as u64);
        Ok(count)
    }
}

impl<T: BufRead> BufRead for Counted<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.progress.add(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_shown_where_the_total_is_known() {
        let shown = |done, total| text("copying", "bytes", done, total);
        assert_eq!(shown(3, None), "copying: 3 bytes");
        assert_eq!(shown(1, Some(3)), "copying: 33 % (1 of 3 bytes)");
        assert_eq!(shown(4, Some(3)), "copying: 100 % (4 of 3 bytes)");
        assert_eq!(shown(0, Some(0)), "copying: 0 bytes");
    }

    #[test]
    fn lines_and_bytes_are_counted() {
        let progress = || Progress::new("x", "lines", None);
        let mut written = Counted::new(Vec::new(), progress());
        written.write_all(b"a\nb\nc").unwrap();
        assert_eq!(written.progress.done, 2);
        let mut lines = Counted::new(&b"a\nbc\n"[..], progress());
        let mut text = String::new();
        lines.read_line(&mut text).unwrap();
        assert_eq!((text.as_str(), lines.progress.done), ("a\n", 2));
        lines.read_to_string(&mut text).unwrap();
        assert_eq!(lines.progress.done, 5);
    }
}
