//! Algorithms that this slave cannot run for a reason of its own (no module, no disk, no threads), and until when it does
//! not try again.
//!
//! Invariant: an algorithm is tried again after a bounded time, however often it has failed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tig_protocol::Backoff;

use crate::random::random_unit;

/// Algorithms remembered; the one that failed least recently goes first.
const UNABLE_COUNT_MAX: usize = 64;

/// Why a batch is given back without a try, and for how long the master need not offer others of its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) retry: Duration,
}

/// Failures that the fetch stage and the compute stage have found; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Unable(Arc<Mutex<Table>>);

impl Unable {
    pub(crate) fn new(pace: Backoff) -> Self {
        let entries = VecDeque::new();
        Self(Arc::new(Mutex::new(Table { pace, entries })))
    }

    /// Whether it is too early to try this algorithm again.
    pub(crate) fn refusal(&self, algorithm_id: &str) -> Option<Refusal> {
        self.table().refusal(algorithm_id, Instant::now())
    }

    /// A try has failed. The log has it once, and again if the reason changes.
    pub(crate) fn failed(&self, algorithm_id: &str, reason: String) -> Refusal {
        let now = Instant::now();
        let (refusal, is_news) = self
            .table()
            .failed(algorithm_id, reason, now, random_unit());
        let (cause, retry_s) = (&refusal.reason, refusal.retry.as_secs());
        if is_news {
            tracing::warn!(
                algorithm_id,
                cause,
                retry_s,
                "cannot run this algorithm; its batches are given back"
            );
        } else {
            tracing::debug!(
                algorithm_id,
                cause,
                retry_s,
                "still cannot run this algorithm"
            );
        }
        refusal
    }

    /// A batch of this algorithm was computed.
    pub(crate) fn succeeded(&self, algorithm_id: &str) {
        if self.table().remove(algorithm_id).is_some() {
            tracing::info!(algorithm_id, "this algorithm runs again");
        }
    }

    /// No code panics while it holds the lock.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The decisions behind [`Unable`]; no clock, no randomness.
#[derive(Debug)]
struct Table {
    pace: Backoff,
    entries: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    algorithm_id: String,
    reason: String,
    failures: u32,
    until: Instant,
}

impl Table {
    fn refusal(&self, algorithm_id: &str, now: Instant) -> Option<Refusal> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.algorithm_id == algorithm_id)?;
        let retry = entry.until.saturating_duration_since(now);
        (!retry.is_zero()).then(|| Refusal {
            reason: entry.reason.clone(),
            retry,
        })
    }

    /// Also returns whether the reason is another than before.
    fn failed(
        &mut self,
        algorithm_id: &str,
        reason: String,
        now: Instant,
        unit: f64,
    ) -> (Refusal, bool) {
        let before = self.remove(algorithm_id);
        let is_news = before.as_ref().is_none_or(|entry| entry.reason != reason);
        let failures = before.map_or(0, |entry| entry.failures).saturating_add(1);
        let retry = self.pace.delay(failures, unit);
        if self.entries.len() >= UNABLE_COUNT_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            algorithm_id: algorithm_id.to_owned(),
            reason: reason.clone(),
            failures,
            until: now + retry,
        });
        (Refusal { reason, retry }, is_news)
    }

    fn remove(&mut self, algorithm_id: &str) -> Option<Entry> {
        let known = |entry: &Entry| entry.algorithm_id == algorithm_id;
        self.entries.remove(self.entries.iter().position(known)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            pace: Backoff::from_millis(5_000, 300_000),
            entries: VecDeque::new(),
        }
    }

    #[test]
    fn failing_algorithm_waits_longer_up_to_a_bound() {
        let (mut table, now) = (table(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..8 {
            let (refusal, _) = table.failed("a", "no disk".to_owned(), now, 1.0);
            waits.push(refusal.retry.as_secs());
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(table.refusal("a", now + Duration::from_secs(299)).is_some());
        assert_eq!(table.refusal("a", now + Duration::from_secs(300)), None);
        assert_eq!(table.refusal("b", now), None, "another algorithm goes on");
    }

    #[test]
    fn success_and_another_reason_are_news() {
        let (mut table, now) = (table(), Instant::now());
        let mut is_news = |reason: &str| table.failed("a", reason.to_owned(), now, 1.0).1;
        assert_eq!(
            [is_news("x"), is_news("x"), is_news("y")],
            [true, false, true]
        );
        table.remove("a");
        assert!(table.failed("a", "y".to_owned(), now, 1.0).1);
    }

    #[test]
    fn remembered_algorithms_are_bounded() {
        let (mut table, now) = (table(), Instant::now());
        for number in 0..=UNABLE_COUNT_MAX {
            table.failed(&number.to_string(), String::new(), now, 1.0);
        }
        assert_eq!(table.entries.len(), UNABLE_COUNT_MAX);
        assert_eq!(table.refusal("0", now), None);
    }
}
