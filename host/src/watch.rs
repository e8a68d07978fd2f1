//! Notices that a plugin file has changed and waits until it is whole.
//!
//! Build tools replace a file by removing and linking it, `cp` overwrites it in place, and network file systems tell
//! nothing at all: so every notification only means "look again", and one looks every [`POLL`] without any.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
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

/// Why the watching thread wakes up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wake {
    /// Something in the folder has changed.
    Changed,
    /// The host stops.
    Stop,
}

/// Begins to watch `folder`. Without the system's notifications one still polls.
pub fn notifications(folder: &Path, wake: Sender<Wake>) -> Option<RecommendedWatcher> {
    let watch = || {
        let mut watcher = notify::recommended_watcher(move |_| {
            // The receiver is gone when the host stops.
            let _ = wake.send(Wake::Changed);
        })?;
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

/// Waits until it is time to look again; `false` when the host stops.
pub fn wait(wakes: &Receiver<Wake>) -> bool {
    match wakes.recv_timeout(POLL) {
        Ok(Wake::Changed) => settle(wakes),
        Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => false,
        Err(RecvTimeoutError::Timeout) => true,
    }
}

fn settle(wakes: &Receiver<Wake>) -> bool {
    let deadline = Instant::now() + QUIET_MAX;
    loop {
        match wakes.recv_timeout(QUIET) {
            Ok(Wake::Changed) if Instant::now() < deadline => {}
            Ok(Wake::Changed) | Err(RecvTimeoutError::Timeout) => return true,
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
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
