//! Lines on screen: a time, a topic, a text. They also read well in a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use tig_process::error_chain::error_chain;
use time::OffsetDateTime;

use super::super::output;
use super::super::shown_text::escaped;
use super::error::DevError;

/// Lines that wait to be written; further ones are lost while nobody reads.
const SCREEN_LINES_MAX: usize = 4_096;
/// Columns of a topic.
const TOPIC_COLUMNS: usize = 9;
/// Time for the lines that still wait at the end.
const SCREEN_FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Where lines go. A reader that stands still does not stop the program.
#[derive(Clone)]
pub(super) struct Screen {
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

/// Waits for the lines that still wait when it is dropped.
pub(super) struct ScreenFlush(Receiver<()>);

impl Screen {
    /// Starts the thread that writes.
    pub(super) fn start() -> std::io::Result<(Self, ScreenFlush)> {
        let (lines, waiting) = mpsc::sync_channel(SCREEN_LINES_MAX);
        let (done, ended) = mpsc::channel();
        let lost = Arc::<AtomicU64>::default();
        let seen = Arc::clone(&lost);
        let thread = thread::Builder::new().name("screen".to_owned());
        thread.spawn(move || {
            write_all(&waiting, &seen);
            // The program may have ended already.
            let _ = done.send(());
        })?;
        Ok((Self { lines, lost }, ScreenFlush(ended)))
    }

    /// Writes a line about a topic. Nothing in `text` steers the terminal.
    pub(super) fn show(&self, topic: &str, text: &str) {
        let line = format!("{}  {topic:TOPIC_COLUMNS$} {}", now(), escaped(text));
        self.push(line);
    }

    /// Writes an error, and what a program has said about it.
    pub(super) fn show_error(&self, topic: &str, error: &DevError) {
        self.show(topic, &error_chain(error));
        for line in error.lines() {
            self.push(format!("    {}", escaped(&line)));
        }
    }

    /// Writes a line of a tool of the developer as it is.
    pub(super) fn pass_on(&self, line: &str) {
        self.push(line.to_owned());
    }

    fn push(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(waiting: &Receiver<String>, lost: &AtomicU64) {
    while let Ok(line) = waiting.recv() {
        output::line(&line);
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            output::line(&format!(
                "({count} lines are lost: the reader was too slow)"
            ));
        }
    }
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second())
}

impl Drop for ScreenFlush {
    fn drop(&mut self) {
        // A reader that stands still is not waited for.
        let _ = self.0.recv_timeout(SCREEN_FLUSH_TIMEOUT);
    }
}
