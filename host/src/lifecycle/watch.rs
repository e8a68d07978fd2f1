//! Notices that a plugin file has changed and waits until it is whole.
//!
//! Build tools replace a file by removing and linking it, `cp` overwrites it in place, and network file systems tell
//! nothing at all: so every notification only means "look again", and one looks every [`POLL`] without any.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

/// Looked at this often, notified or not.
pub const POLL: Duration = Duration::from_secs(5);

/// After a notification, wait until there was none for this long.
pub const QUIET: Duration = Duration::from_millis(150);

/// But no longer than this.
pub const QUIET_MAX: Duration = Duration::from_secs(2);

/// Begins to watch `folder`. Without the system's notifications one still polls.
pub fn notifications(
    folder: &Path,
    changed: impl Fn() + Send + 'static,
) -> Option<RecommendedWatcher> {
    let watch = || {
        let mut watcher = notify::recommended_watcher(move |_| changed())?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok::<_, notify::Error>(watcher)
    };
    watch()
        .inspect_err(|error| {
            let seconds = POLL.as_secs();
            warn!(
                "{} is looked at every {seconds} s only: {error}",
                folder.display()
            );
        })
        .ok()
}

/// When to look at the files next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Schedule {
    due: Instant,
    /// When the first change since the last look was told.
    changed: Option<Instant>,
}

impl Schedule {
    /// Looked at `now`.
    #[must_use]
    pub fn looked(now: Instant) -> Self {
        Self {
            due: now + POLL,
            changed: None,
        }
    }

    /// A change is told: look when all has been quiet for a while.
    pub fn change(&mut self, now: Instant) {
        let first = *self.changed.get_or_insert(now);
        self.due = (now + QUIET).min(first + QUIET_MAX);
    }

    /// Time until the next look.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Signature {
    /// The file's present state; `None` if it is not there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path)
            .ok()
            .as_ref()
            .map(Self::from_metadata)
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// The state in which the file stays for [`QUIET`], or its last one after [`QUIET_MAX`].
    #[must_use]
    pub fn settled(path: &Path) -> Option<Self> {
        let deadline = Instant::now() + QUIET_MAX;
        let mut before = Self::of(path);
        loop {
            std::thread::sleep(QUIET);
            let now = Self::of(path);
            if now == before || Instant::now() >= deadline {
                return now;
            }
            before = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_when_a_change_has_settled_but_not_for_ever_later() {
        let start = Instant::now();
        let mut schedule = Schedule::looked(start);
        assert_eq!(schedule.wait(start), POLL);
        schedule.change(start);
        assert_eq!(schedule.wait(start), QUIET);
        schedule.change(start + QUIET / 2);
        assert_eq!(schedule.wait(start + QUIET / 2), QUIET);
        schedule.change(start + QUIET_MAX);
        assert_eq!(schedule.wait(start + QUIET_MAX), Duration::ZERO);
    }
}
