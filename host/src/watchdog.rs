//! Names handlers that take too long. A native handler cannot be stopped: it is reported, and its mailbox waits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::{error, warn};

/// A handler that takes longer is worth a warning.
pub const SLOW: Duration = Duration::from_secs(1);

/// A handler that takes longer needs a person.
pub const STUCK: Duration = Duration::from_secs(10);

/// How often handlers are looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What an extension is doing.
#[derive(Debug, Default)]
pub struct Activity(Mutex<Option<Call>>);

#[derive(Clone, Debug)]
struct Call {
    what: String,
    since: Instant,
    reported: Duration,
}

impl Activity {
    /// A call begins; `what` names it.
    pub fn begin(&self, what: &str) {
        *self.lock() = Some(Call {
            what: what.to_owned(),
            since: Instant::now(),
            reported: Duration::ZERO,
        });
    }

    /// The call has ended.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// The call that has passed a bound since the last look, and the bound.
    fn overdue(&self, now: Instant) -> Option<(String, Duration)> {
        let mut guard = self.lock();
        let call = guard.as_mut()?;
        let taken = now.duration_since(call.since);
        let passed = [STUCK, SLOW].into_iter().find(|&bound| taken >= bound)?;
        if passed <= call.reported {
            return None;
        }
        call.reported = passed;
        Some((call.what.clone(), passed))
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at all extensions once.
pub fn look(names: &[String], activities: &[Arc<Activity>]) {
    let now = Instant::now();
    for (extension, activity) in names.iter().zip(activities) {
        match activity.overdue(now) {
            Some((what, STUCK)) => error!(
                extension,
                what,
                "stuck for more than {} s; its events wait, the other extensions go on",
                STUCK.as_secs()
            ),
            Some((what, bound)) => {
                warn!(extension, what, "takes more than {} s", bound.as_secs());
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_reported_once() {
        let activity = Activity::default();
        let start = Instant::now();
        assert_eq!(activity.overdue(start), None);
        activity.begin("new_block");
        let later = Instant::now();
        assert_eq!(activity.overdue(later + SLOW / 2), None);
        assert_eq!(
            activity.overdue(later + SLOW),
            Some(("new_block".to_owned(), SLOW))
        );
        assert_eq!(activity.overdue(later + SLOW * 2), None);
        assert_eq!(
            activity.overdue(later + STUCK),
            Some(("new_block".to_owned(), STUCK))
        );
        assert_eq!(activity.overdue(later + STUCK * 2), None);
        activity.end();
        assert_eq!(activity.overdue(later + STUCK * 3), None);
    }
}
