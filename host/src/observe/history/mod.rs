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
use std::sync::atomic::{AtomicUsize, Ordering};
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
pub(crate) struct History(Option<Opened>);

struct Opened {
    /// Locked while files are read and written, so never by a thread that serves clients.
    state: Mutex<State>,
    /// Series that have a place, as of the last sample.
    kept: AtomicUsize,
    /// Series that the last sample had no room for.
    left_out: AtomicUsize,
}

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
                let (kept, left_out) = recorder.counts();
                let state = State {
                    recorder,
                    is_failing: false,
                };
                Self(Some(Opened {
                    state: Mutex::new(state),
                    kept: AtomicUsize::new(kept),
                    left_out: AtomicUsize::new(left_out),
                }))
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
        let Some(opened) = &self.0 else {
            return;
        };
        let mut samples = Samples::default();
        visit(&mut samples);
        let mut state = opened.lock();
        let recorded = state.recorder.record(samples.samples, now_ms);
        let (kept, left_out) = state.recorder.counts();
        opened.kept.store(kept, Ordering::Relaxed);
        opened.left_out.store(left_out, Ordering::Relaxed);
        match recorded {
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

    /// Passes the metrics of the history itself to `sink`. Waits for nothing: threads that serve clients call it.
    pub(crate) fn visit(&self, sink: &mut impl MetricSink) {
        use crate::observe::meters::Kind::Gauge;
        let value = |count: fn(&Opened) -> &AtomicUsize| {
            let opened = self.0.as_ref()?;
            Some(count(opened).load(Ordering::Relaxed) as f64)
        };
        let kept = value(|opened| &opened.kept);
        let left_out = value(|opened| &opened.left_out);
        let help = "Series that have a place in the history, with those that are gone.";
        sink.single("tig_host_history_series", Gauge, help, kept);
        let help = "Series that the last sample of the history had no room for.";
        sink.single("tig_host_history_series_left_out", Gauge, help, left_out);
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, HistoryError> {
        Ok(self.0.as_ref().ok_or(HistoryError::Off)?.lock())
    }
}

impl Opened {
    /// No code panics while it holds the lock, so the state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::observe::meters::Kind;

    const AT_MS: u64 = 1_700_000_000_000;

    /// 4095 bytes are the longest path: `/90-days.ring` fits behind this one, `/.tmpabcdef.part` does not.
    const PATH_BYTES: usize = 4_081;

    fn sample(history: &History, at_ms: u64) {
        let visit = |samples: &mut Samples| samples.single("jobs", Kind::Gauge, "", Some(1.0));
        history.sample(visit, at_ms);
    }

    fn is_failing(history: &History) -> bool {
        history.lock().unwrap().is_failing
    }

    #[test]
    fn full_disk_costs_values_only() {
        let folder = tempfile::tempdir().unwrap();
        // Reads as zeros, and has no room.
        symlink("/dev/full", folder.path().join("day.ring")).unwrap();
        write_series(folder.path());
        let history = History::open(folder.path());
        for step in 0..3 {
            sample(&history, AT_MS + step * FINE.step_ms);
            assert!(is_failing(&history));
        }
        let pairs = [("metric".to_owned(), "jobs".to_owned())];
        let query = HistoryQuery::from_pairs(&pairs, AT_MS).unwrap();
        let reply = history.query(&query, AT_MS).unwrap();
        let values: Vec<_> = reply.series[0].values.iter().flatten().collect();
        assert!(values.is_empty(), "{values:?}");
    }

    #[test]
    fn own_metrics_do_not_wait_for_queries() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path());
        sample(&history, AT_MS);
        let query = history.lock().unwrap();
        let mut own = Samples::default();
        history.visit(&mut own);
        drop(query);
        let values: Vec<_> = own.samples.iter().map(|it| it.value).collect();
        assert_eq!(values, [1.0, 0.0]);
    }

    #[test]
    fn history_that_cannot_write_at_first_is_on() {
        let folder = tempfile::tempdir().unwrap();
        // The longest path in which there is room for the files, and none for the one that is to become the file of the
        // series. As with a full disk, and also if root runs the test.
        let mut long = folder.path().to_owned();
        while long.as_os_str().len() < PATH_BYTES {
            let missing = PATH_BYTES - long.as_os_str().len() - 1;
            // Never is just the separator left.
            let bytes = if missing > 200 { 100 } else { missing };
            long.push("x".repeat(bytes));
        }
        let history = History::open(&long);
        assert!(history.metrics().is_ok());
        sample(&history, AT_MS);
        assert!(is_failing(&history));
    }

    #[test]
    fn history_that_is_off_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let history = History::open(&file);
        sample(&history, AT_MS);
        assert!(matches!(history.metrics(), Err(HistoryError::Off)));
    }

    /// Without it, the ring is one that belongs to no series, and is set aside.
    fn write_series(folder: &Path) {
        let text = "{\"format\":1,\"columns\":[]}";
        std::fs::write(folder.join("series.json"), text).unwrap();
    }
}
