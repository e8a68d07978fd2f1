//! What the stages of a slave have seen, for its status file.
//!
//! Invariant: nothing is decided by it, and a fault of the file costs the slave a log line, not a batch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tig_protocol::{Batch, Recent};
use tokio_util::sync::CancellationToken;

use crate::name::machine_name;
use crate::settings::Settings;
use crate::status::{
    BatchAtWork, Doing, HEARTBEAT_INTERVAL_MS, LastError, Status, StatusFile, printable,
};

/// Pause between two looks at whether the status has changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Shared by the stages; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Observer {
    seen: Arc<Mutex<Seen>>,
    /// Nonces of the batch at work that are computed.
    nonces_done: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Seen {
    status: Status,
    short: Recent<60_000>,
    long: Recent<900_000>,
    /// The built-in worker counts its nonces.
    is_counted: bool,
    /// Batches fetched, and of them those that were taken by the compute stage.
    fetched: u64,
    taken: u64,
}

impl Observer {
    pub(crate) fn new(settings: &Settings) -> Self {
        let status = Status {
            name: settings.name.to_string(),
            machine: machine_name(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            master: settings.master.to_string(),
            engine: settings.engine.describe(),
            workers: settings.workers.get(),
            started_ms: now_ms(),
            ..Status::default()
        };
        let seen = Seen {
            is_counted: settings.engine.is_builtin(),
            status,
            ..Seen::default()
        };
        Self {
            seen: Arc::new(Mutex::new(seen)),
            nonces_done: Arc::default(),
        }
    }

    /// The master has answered a poll.
    pub(crate) fn polled(&self, has_batch: bool) {
        let mut seen = self.seen();
        seen.fetched += u64::from(has_batch);
        if seen.status.batch.is_none() {
            seen.status.doing = Doing::Waiting;
        }
    }

    pub(crate) fn poll_failed(&self, cause: &str) {
        let mut seen = self.seen();
        seen.fail(cause);
        if seen.status.batch.is_none() {
            seen.status.doing = Doing::NoMaster;
        }
    }

    /// A batch was fetched and cannot be computed here.
    pub(crate) fn given_back(&self, cause: &str) {
        let mut seen = self.seen();
        seen.taken += 1;
        seen.status.errors += 1;
        seen.fail(cause);
    }

    /// The compute stage has begun a batch. Returns where its nonces are to be counted.
    pub(crate) fn begun(&self, batch: &Batch) -> Arc<AtomicU64> {
        let mut seen = self.seen();
        self.nonces_done.store(0, Ordering::Relaxed);
        seen.taken += 1;
        seen.status.doing = Doing::Computing;
        seen.status.batch = Some(BatchAtWork {
            id: batch.id(),
            algorithm_id: printable(&batch.settings.algorithm_id),
            nonces: batch.num_nonces,
            nonces_done: None,
            proofs: batch.sampled_nonces.len(),
            begun_ms: now_ms(),
        });
        Arc::clone(&self.nonces_done)
    }

    pub(crate) fn finished(&self, num_nonces: u64) {
        let now_ms = now_ms();
        let mut seen = self.seen();
        seen.short.add(num_nonces as f64, now_ms);
        seen.long.add(num_nonces as f64, now_ms);
        seen.status.batches_done += 1;
        seen.status.nonces_done += num_nonces;
        seen.end_batch();
    }

    /// The batch at work has brought no result; without a cause it was stopped.
    pub(crate) fn failed(&self, cause: Option<&str>) {
        let mut seen = self.seen();
        if let Some(cause) = cause {
            seen.status.errors += 1;
            seen.fail(cause);
        }
        seen.end_batch();
    }

    pub(crate) fn delivered(&self) {
        self.seen().status.results_delivered += 1;
    }

    pub(crate) fn rejected(&self, reason: &str) {
        let mut seen = self.seen();
        seen.status.results_rejected += 1;
        seen.fail(&format!("the master rejects a result: {reason}"));
    }

    /// So many results wait for the master.
    pub(crate) fn holds(&self, results: usize) {
        self.seen().status.results_held = results;
    }

    /// Writes what is seen to `file` until `stop`, then once more; removes the file when it is dropped.
    pub(crate) async fn write_to(&self, file: StatusFile, stop: CancellationToken) {
        let _removed_at_the_end = Removed(file.clone());
        let mut written: Option<Status> = None;
        let mut is_fault_logged = false;
        loop {
            let is_stopping = stop.is_cancelled();
            let status = self.status(now_ms(), is_stopping);
            if is_due(written.as_ref(), &status) {
                let (file, next) = (file.clone(), status.clone());
                let done = tokio::task::spawn_blocking(move || file.write(&next)).await;
                match done.map_err(std::io::Error::other).flatten() {
                    Err(error) if !is_fault_logged => {
                        is_fault_logged = true;
                        tracing::info!(%error, "cannot write the status file; `tig-slave status` will not show this slave");
                    }
                    _ => {}
                }
                written = Some(status);
            }
            let pause = tokio::time::sleep(LOOK_INTERVAL);
            if is_stopping {
                pause.await;
            } else {
                stop.run_until_cancelled(pause).await;
            }
        }
    }

    fn status(&self, now_ms: u64, is_stopping: bool) -> Status {
        let seen = self.seen();
        let mut status = seen.status.clone();
        let begin_ms = status.started_ms;
        status.updated_ms = now_ms;
        status.nonces_per_second_1m = seen.short.per_ms(begin_ms, now_ms) * 1_000.0;
        status.nonces_per_second_15m = seen.long.per_ms(begin_ms, now_ms) * 1_000.0;
        let ahead = seen.fetched.saturating_sub(seen.taken);
        status.batches_ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        if let Some(batch) = status.batch.as_mut().filter(|_| seen.is_counted) {
            let done = self.nonces_done.load(Ordering::Relaxed);
            batch.nonces_done = Some(done.min(batch.nonces));
        }
        if is_stopping {
            status.doing = Doing::Stopping;
        }
        status
    }

    /// No code panics while it holds the lock.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn fail(&mut self, cause: &str) {
        self.status.last_error = Some(LastError {
            text: printable(cause),
            at_ms: now_ms(),
        });
    }

    fn end_batch(&mut self) {
        self.status.batch = None;
        self.status.doing = Doing::Waiting;
    }
}

/// Whether more has changed than the time and the rates that follow from it, or the last one gets old.
fn is_due(written: Option<&Status>, now: &Status) -> bool {
    let Some(written) = written else {
        return true;
    };
    let same_time = Status {
        updated_ms: written.updated_ms,
        nonces_per_second_1m: written.nonces_per_second_1m,
        nonces_per_second_15m: written.nonces_per_second_15m,
        ..now.clone()
    };
    let age_ms = now.updated_ms.saturating_sub(written.updated_ms);
    same_time != *written || age_ms >= HEARTBEAT_INTERVAL_MS
}

/// Removes the file of a slave that ends.
struct Removed(StatusFile);

impl Drop for Removed {
    fn drop(&mut self) {
        // Best effort: one that stays is stale soon.
        let _ = self.0.remove();
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_and_age_make_a_write_due() {
        let written = Status {
            updated_ms: 1_000,
            ..Status::default()
        };
        let later = |ms| Status {
            updated_ms: 1_000 + ms,
            nonces_per_second_1m: 7.0,
            ..written.clone()
        };
        assert!(is_due(None, &written));
        assert!(!is_due(Some(&written), &later(HEARTBEAT_INTERVAL_MS - 1)));
        assert!(is_due(Some(&written), &later(HEARTBEAT_INTERVAL_MS)));
        let changed = Status {
            results_held: 1,
            ..later(1)
        };
        assert!(is_due(Some(&written), &changed));
    }
}
