//! The history of the metrics, on disk: one day every 10 s, and 90 days every 10 minutes.
//!
//! Invariants: files and memory are bounded, whatever extensions report; trouble with the files costs values of the history
//! and nothing else.

mod block;
mod files;
mod labels;
mod query;
mod recorder;
mod reply;
mod ring;
mod series;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tig_process::error_chain::error_chain;
use tracing::{info, warn};

use self::files::FINE;
pub(crate) use self::query::{HistoryError, HistoryQuery};
use self::recorder::Recorder;
pub(crate) use self::reply::{HistoryMetrics, HistoryReply};

pub(crate) use self::series::Samples;
use crate::observe::prometheus::MetricSink;

/// Folder of the history in the backup folder.
pub(crate) const FOLDER: &str = "history";

/// The history of a host; without files if they cannot be opened.
pub(crate) struct History(Option<Mutex<State>>);

struct State {
    recorder: Recorder,
    /// The last sample could not be written.
    is_failing: bool,
}

impl History {
    /// Opens the history in `folder`. If that fails, a warning is logged and no history is kept.
    #[must_use]
    pub(crate) fn open(folder: &Path) -> Self {
        match Recorder::open(folder) {
            Ok((recorder, note)) => {
                if let Some(note) = note {
                    warn!("{note}");
                }
                Self(Some(Mutex::new(State {
                    recorder,
                    is_failing: false,
                })))
            }
            Err(error) => {
                let folder = folder.display();
                warn!(
                    "no history of metrics is kept: {folder}: {}",
                    error_chain(&error)
                );
                Self(None)
            }
        }
    }

    /// The history of a host that keeps none.
    #[must_use]
    pub(crate) fn off() -> Self {
        Self(None)
    }

    /// Samples the metrics that `visit` passes on at each step of the history, until a message comes.
    pub(crate) fn run(
        &self,
        now_ms: impl Fn() -> u64,
        visit: impl Fn(&mut Samples),
        stop: &mpsc::Receiver<()>,
    ) {
        loop {
            self.sample(&visit, now_ms());
            // At whole steps, so that two runs of a host have the same times.
            let wait = Duration::from_millis(FINE.step_ms - now_ms() % FINE.step_ms);
            if stop.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Writes the metrics that `visit` passes on. A failure is logged once, until a sample can be written again.
    pub(crate) fn sample(&self, visit: impl FnOnce(&mut Samples), now_ms: u64) {
        let mut samples = Samples::default();
        // Before the lock: the metrics have some of the history itself.
        visit(&mut samples);
        let Ok(mut state) = self.lock() else {
            return;
        };
        match state.recorder.record(samples.samples, now_ms) {
            Ok(()) if state.is_failing => {
                state.is_failing = false;
                info!("the history of metrics goes on");
            }
            Err(error) if !state.is_failing => {
                state.is_failing = true;
                warn!(
                    "the history of metrics has a gap from now on: {}",
                    error_chain(&error)
                );
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// The values that are asked for.
    ///
    /// # Errors
    ///
    /// See [`HistoryError`].
    pub(crate) fn query(
        &self,
        query: &HistoryQuery,
        now_ms: u64,
    ) -> Result<HistoryReply, HistoryError> {
        self.lock()?.recorder.query(query, now_ms)
    }

    /// The metrics that can be asked for.
    ///
    /// # Errors
    ///
    /// [`HistoryError::Off`].
    pub(crate) fn metrics(&self) -> Result<HistoryMetrics, HistoryError> {
        Ok(self.lock()?.recorder.metrics())
    }

    /// Passes the metrics of the history itself to `sink`.
    pub(crate) fn visit(&self, sink: &mut impl MetricSink) {
        use crate::observe::meters::Kind::Gauge;
        let counts = self.lock().map(|state| state.recorder.counts());
        let (kept, left_out) = match counts {
            Ok((kept, left_out)) => (Some(kept as f64), Some(left_out as f64)),
            Err(_) => (None, None),
        };
        let help = "Series that have a place in the history, with those that are gone.";
        sink.single("tig_host_history_series", Gauge, help, kept);
        let help = "Series that the last sample of the history had no room for.";
        sink.single("tig_host_history_series_left_out", Gauge, help, left_out);
    }

    /// No code panics while it holds the lock, so the state is still whole.
    fn lock(&self) -> Result<MutexGuard<'_, State>, HistoryError> {
        let state = self.0.as_ref().ok_or(HistoryError::Off)?;
        Ok(state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
