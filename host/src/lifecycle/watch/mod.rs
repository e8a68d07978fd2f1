//! Notices that a plugin file has changed and waits until it is whole.
//!
//! Build tools replace a file by removing and linking it, `cp` overwrites it in place, and network file systems send no
//! notifications at all. So a notification only means "check again", and files are checked every [`POLL_INTERVAL`]
//! without any. Notifications do show whether a writer still has the file open ([`Writers`](crate::plugin::Writers)).

mod folder;
mod settling;

use std::time::{Duration, Instant};

pub(crate) use self::folder::FolderWatch;
pub(crate) use self::settling::{Settling, Verdict, WRITER_PATIENCE};

/// Time between two checks without a notification.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Time without a notification before a check.
pub(crate) const QUIET: Duration = Duration::from_millis(150);

/// Longest delay of a check by notifications.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(2);

/// When to check the files next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Schedule {
    due: Instant,
    /// Time of the first change since the last check.
    changed: Option<Instant>,
}

impl Schedule {
    /// The files were checked `now`; they are checked again after `wait` at the latest.
    #[must_use]
    pub(crate) fn checked(now: Instant, wait: Duration) -> Self {
        Self {
            due: now + wait.min(POLL_INTERVAL),
            changed: None,
        }
    }

    /// Records a change: the files are checked when no more have come for a while.
    pub(crate) fn change(&mut self, now: Instant) {
        let first = *self.changed.get_or_insert(now);
        self.due = (now + QUIET).min(first + QUIET_MAX);
    }

    /// Time until the next check.
    #[must_use]
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_waits_for_quiet_but_not_for_ever() {
        let start = Instant::now();
        let mut schedule = Schedule::checked(start, POLL_INTERVAL);
        assert_eq!(schedule.wait(start), POLL_INTERVAL);
        schedule.change(start);
        assert_eq!(schedule.wait(start), QUIET);
        schedule.change(start + QUIET / 2);
        assert_eq!(schedule.wait(start + QUIET / 2), QUIET);
        schedule.change(start + QUIET_MAX);
        assert_eq!(schedule.wait(start + QUIET_MAX), Duration::ZERO);
    }
}
