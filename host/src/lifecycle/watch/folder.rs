//! The system's notifications about a folder, also when another folder takes its path.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

use super::POLL_INTERVAL;
use crate::plugin::Writers;

#[derive(Debug)]
pub(crate) struct FolderWatch {
    folder: PathBuf,
    /// `None` if the system grants no notifications: the folder is only polled then.
    watcher: Option<RecommendedWatcher>,
    /// Device and inode of the folder that is watched.
    watched: Option<(u64, u64)>,
    /// Whether the folder was removed: another folder may get its inode.
    is_lost: Arc<AtomicBool>,
    writers: Writers,
}

impl FolderWatch {
    /// Watches `folder`: `changed` is called whenever something in it may have changed.
    pub(crate) fn open(
        folder: &Path,
        writers: &Writers,
        changed: impl Fn() + Send + 'static,
    ) -> Self {
        let is_lost = Arc::<AtomicBool>::default();
        let (noted, lost, own) = (writers.clone(), Arc::clone(&is_lost), folder.to_owned());
        let notified = move |event: notify::Result<Event>| {
            if let Ok(event) = &event {
                noted.record(event);
                if is_removal(event, &own) {
                    lost.store(true, Ordering::Release);
                }
            }
            if event.is_ok_and(|event| is_reading(&event.kind)) {
                return;
            }
            changed();
        };
        let watcher = notify::recommended_watcher(notified);
        let mut watch = Self {
            folder: folder.to_owned(),
            watcher: watcher.inspect_err(|error| warn_of(folder, error)).ok(),
            watched: None,
            is_lost,
            writers: writers.clone(),
        };
        watch.renew();
        watch
    }

    /// Watches the folder that is now at the path, if it is another one.
    pub(crate) fn renew(&mut self) {
        let metadata = std::fs::metadata(&self.folder).ok();
        let present = metadata.map(|metadata| (metadata.dev(), metadata.ino()));
        let is_another = self.is_lost.swap(false, Ordering::AcqRel) || present != self.watched;
        let Some(watcher) = self.watcher.as_mut().filter(|_| is_another) else {
            return;
        };
        if self.watched.take().is_some() {
            // A removed folder has lost its watch already.
            let _ = watcher.unwatch(&self.folder);
            self.writers.clear();
        }
        if present.is_some() {
            match watcher.watch(&self.folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                Err(error) => warn_of(&self.folder, &error),
            }
        }
        // A folder that cannot be watched is not tried again until another takes its path.
        self.watched = present;
    }
}

/// Reading changes nothing: the host itself reads.
fn is_reading(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Close(AccessMode::Read))
    )
}

/// Notifications name the folder by its absolute path.
fn is_removal(event: &Event, folder: &Path) -> bool {
    let is_folder = |path: &PathBuf| path.ends_with(folder);
    matches!(event.kind, EventKind::Remove(_)) && event.paths.iter().any(is_folder)
}

fn warn_of(folder: &Path, error: &notify::Error) {
    let seconds = POLL_INTERVAL.as_secs();
    warn!(
        "{} is looked at every {seconds} s only: {error}",
        folder.display()
    );
}
