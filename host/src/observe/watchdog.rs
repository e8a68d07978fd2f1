//! Reports handlers that take too long. A native handler cannot be stopped: the operator is warned, and its mailbox
//! waits.
//!
//! A call only counts up, and the ticker takes the time. So a watched call costs next to nothing, and times are exact
//! to [`CHECK_INTERVAL`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::status::Busy;

/// A handler that takes longer is logged as a warning.
pub(crate) const SLOW: Duration = Duration::from_secs(1);

/// A handler that takes longer is logged as an error: an operator is needed.
pub(crate) const STUCK: Duration = Duration::from_secs(10);

/// Time between two checks of handlers.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// What an extension is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Number of calls begun plus calls ended: odd while one runs.
    steps: AtomicU64,
    /// Name of the call: the event, or method and path of the request.
    what: Mutex<Arc<str>>,
    seen: Mutex<Option<Seen>>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            steps: AtomicU64::new(0),
            what: Mutex::new("".into()),
            seen: Mutex::default(),
        }
    }
}

/// A call that was running at a check.
#[derive(Clone, Copy, Debug)]
struct Seen {
    steps: u64,
    since: Instant,
    reported: Duration,
}

impl Activity {
    /// Names the calls from now on.
    pub(crate) fn name(&self, what: &Arc<str>) {
        *lock(&self.what) = Arc::clone(what);
    }

    /// Begins a call. Only one thread calls this and [`Activity::end`].
    pub(crate) fn begin(&self) {
        self.step();
    }

    /// Ends the call.
    pub(crate) fn end(&self) {
        self.step();
    }

    /// Cheaper than an atomic addition, since only one thread writes.
    fn step(&self) {
        let steps = self.steps.load(Ordering::Relaxed);
        self.steps.store(steps + 1, Ordering::Relaxed);
    }

    /// Whether a call runs.
    #[must_use]
    pub(crate) fn is_running(&self) -> bool {
        !self.steps.load(Ordering::Relaxed).is_multiple_of(2)
    }

    /// The name of a call that has passed a bound since the last check, and the bound.
    pub(crate) fn check(&self, now: Instant) -> Option<(Arc<str>, Duration)> {
        let steps = self.steps.load(Ordering::Relaxed);
        let mut seen = lock(&self.seen);
        // Forgotten, so that the next call is timed from its own first check.
        if steps.is_multiple_of(2) {
            *seen = None;
            return None;
        }
        let call = match seen.as_mut() {
            // The same odd number: the very call of the last check, not a later one.
            Some(call) if call.steps == steps => call,
            _ => seen.insert(Seen {
                steps,
                since: now,
                reported: Duration::ZERO,
            }),
        };
        // From the first check that saw the call: it may have begun up to an interval earlier.
        let taken = now.duration_since(call.since);
        let passed = [STUCK, SLOW].into_iter().find(|&bound| taken >= bound)?;
        // Each bound is reported once per call, the greatest that was passed.
        if passed <= call.reported {
            return None;
        }
        call.reported = passed;
        Some((Arc::clone(&lock(&self.what)), passed))
    }

    /// The call that takes longer than [`SLOW`], if it still runs.
    #[must_use]
    pub(crate) fn overdue(&self) -> Option<Busy> {
        let seen = (*lock(&self.seen))?;
        let taken = seen.since.elapsed();
        // The call may have ended since the last check.
        let runs = self.steps.load(Ordering::Relaxed) == seen.steps;
        (runs && taken >= SLOW).then(|| Busy {
            what: lock(&self.what).to_string(),
            seconds: taken.as_secs(),
            stuck: taken >= STUCK,
        })
    }
}

/// No code panics while it holds one of the locks, so poisoned contents are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_reported_once() {
        let activity = Activity::default();
        let start = Instant::now();
        assert_eq!(activity.check(start), None);
        activity.name(&"new_block".into());
        activity.begin();
        assert_eq!(activity.check(start), None);
        assert_eq!(
            activity.check(start + SLOW),
            Some(("new_block".into(), SLOW))
        );
        assert_eq!(activity.check(start + SLOW * 2), None);
        assert_eq!(
            activity.check(start + STUCK),
            Some(("new_block".into(), STUCK))
        );
        assert_eq!(activity.check(start + STUCK * 2), None);
        activity.end();
        assert_eq!(activity.check(start + STUCK * 3), None);
    }

    #[test]
    fn many_short_calls_are_not_one_long_one() {
        let activity = Activity::default();
        let start = Instant::now();
        activity.begin();
        assert_eq!(activity.check(start), None);
        activity.end();
        activity.begin();
        assert_eq!(activity.check(start + STUCK), None);
    }
}
