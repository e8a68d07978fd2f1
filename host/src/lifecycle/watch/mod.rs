//! Notices that a plugin file has changed and waits until it is whole.
//!
//! Build tools replace a file by removing and linking it, `cp` overwrites it in place, and network file systems send no
//! notifications at all: so every notification only means "look again", and one looks every [`POLL`] without any. What
//! notifications do say is whether a writer still has the file open ([`Writers`](crate::plugin::Writers)).

mod folder;
mod settling;

use std::time::{Duration, Instant};

pub(crate) use self::{
    folder::FolderWatch,
    settling::{Settling, Verdict, WRITER_PATIENCE},
};

/// Looked at this often, notified or not.
pub(crate) const POLL: Duration = Duration::from_secs(5);

/// After a notification, wait until there was none for this long.
pub(crate) const QUIET: Duration = Duration::from_millis(150);

/// But no longer than this.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(2);

/// When to look at the files next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Schedule {
    due: Instant,
    /// When the first change since the last look was told.
    changed: Option<Instant>,
}

impl Schedule {
    /// Looked `now`, to look again after `wait` at the latest.
    #[must_use]
    pub(crate) fn looked(now: Instant, wait: Duration) -> Self {
        Self {
            due: now + wait.min(POLL),
            changed: None,
        }
    }

    /// A change is told: look when all has been quiet for a while.
    pub(crate) fn change(&mut self, now: Instant) {
        let first = *self.changed.get_or_insert(now);
        self.due = (now + QUIET).min(first + QUIET_MAX);
    }

    /// Time until the next look.
    #[must_use]
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_when_a_change_has_settled_but_not_for_ever_later() {
        let start = Instant::now();
        let mut schedule = Schedule::looked(start, POLL);
        assert_eq!(schedule.wait(start), POLL);
        schedule.change(start);
        assert_eq!(schedule.wait(start), QUIET);
        schedule.change(start + QUIET / 2);
        assert_eq!(schedule.wait(start + QUIET / 2), QUIET);
        schedule.change(start + QUIET_MAX);
        assert_eq!(schedule.wait(start + QUIET_MAX), Duration::ZERO);
    }
}
