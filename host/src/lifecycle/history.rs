//! The thread that samples the metrics for the history.

use std::path::Path;
use std::sync::{Arc, mpsc};

use crate::error::HostError;
use crate::http::metrics::Metrics;
use crate::observe::history::{FOLDER, History};
use crate::runtime::shared::Shared;
use crate::threads::Threads;

/// The history of a host with its store in `backup_folder`. One that changes nothing outside of its process has none, and so
/// has one whose time is virtual.
pub(crate) fn open(backup_folder: &Path, shared: &Shared, is_observing: bool) -> Arc<History> {
    let keeps_history = !is_observing && !shared.services.clock.is_virtual();
    Arc::new(if keeps_history {
        History::open(&backup_folder.join(FOLDER))
    } else {
        History::off()
    })
}

/// Samples `metrics` until the returned sender is used.
pub(crate) fn start(
    threads: &Threads,
    history: &Arc<History>,
    metrics: &Arc<Metrics>,
    shared: &Arc<Shared>,
) -> Result<mpsc::Sender<()>, HostError> {
    let (sender, stop) = mpsc::channel();
    let (history, metrics, shared) = (Arc::clone(history), Arc::clone(metrics), Arc::clone(shared));
    let sample = move || {
        let now_ms = || shared.services.clock.now_ms();
        history.run(now_ms, |samples| metrics.visit(samples), &stop);
    };
    threads
        .spawn("history", sample)
        .map_err(HostError::thread)?;
    Ok(sender)
}
