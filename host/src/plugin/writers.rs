//! Tracks the files of a folder that a process has open for writing, by the system's notifications.
//!
//! Invariant: a file counts as closed unless a write was notified after the last time that a writer closed it. Writes
//! of other machines on a network file system are not notified.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind};

/// Longest wait of an operator's request for a writer to close the file.
pub(super) const WRITER_TIMEOUT: Duration = Duration::from_secs(3);

/// Pause between two checks for the writer's end.
const WRITER_INTERVAL: Duration = Duration::from_millis(10);

/// Names of the files that are being written. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writers(Arc<Mutex<HashSet<OsString>>>);

impl Writers {
    /// Records a notification.
    pub(crate) fn record(&self, event: &Event) {
        let mut names = self.lock();
        if event.need_rescan() {
            // The end of a write may be among the lost notifications.
            names.clear();
        }
        for path in &event.paths {
            let Some(name) = path.file_name() else {
                continue;
            };
            match event.kind {
                EventKind::Modify(ModifyKind::Data(_)) if has_set_time(path) => {}
                EventKind::Modify(ModifyKind::Data(_)) => {
                    names.insert(name.to_owned());
                }
                EventKind::Access(AccessKind::Close(AccessMode::Write))
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Create(_)
                | EventKind::Remove(_) => {
                    names.remove(name);
                }
                _ => {}
            }
        }
    }

    /// Forgets all files, because another folder is watched.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether the file of this name is being written.
    #[must_use]
    pub(crate) fn is_writing(&self, path: &Path) -> bool {
        path.file_name()
            .is_some_and(|name| self.lock().contains(name))
    }

    /// Waits until no process writes to the file; `false` if that takes too long.
    #[must_use]
    pub(crate) fn wait_until_closed(&self, path: &Path) -> bool {
        let deadline = Instant::now() + WRITER_TIMEOUT;
        // Polled: operators wait seldom, and a condition variable would cost a wake for every notified write.
        while self.is_writing(path) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(WRITER_INTERVAL);
        }
        true
    }

    /// No code panics while it holds the lock, so the names are still whole.
    fn lock(&self) -> MutexGuard<'_, HashSet<OsString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Setting a file's time, as `rsync` does after it has closed a file, is notified like a write. Only a write gives a
/// file the same times of modification and of change.
fn has_set_time(path: &Path) -> bool {
    let times = |metadata: Metadata| {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        modified != (metadata.ctime(), metadata.ctime_nsec())
    };
    std::fs::metadata(path).is_ok_and(times)
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, RenameMode};

    use super::*;

    const FILE: &str = "plugins/libx.so";

    fn noted(kinds: &[EventKind]) -> Writers {
        let writers = Writers::default();
        for kind in kinds {
            writers.record(&Event::new(*kind).add_path(FILE.into()));
        }
        writers
    }

    #[test]
    fn written_file_is_open_until_closed_or_replaced() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let made = EventKind::Create(CreateKind::File);
        assert!(noted(&[made, written]).is_writing(Path::new(FILE)));
        assert!(!noted(&[made, written]).is_writing(Path::new("plugins/liby.so")));
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let replaced = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        for end in [closed, replaced, made] {
            assert!(
                !noted(&[written, end]).is_writing(Path::new(FILE)),
                "{end:?}"
            );
            assert!(noted(&[written, end, written]).is_writing(Path::new(FILE)));
        }
    }

    #[test]
    fn lost_notifications_leave_no_file_open() {
        let writers = noted(&[EventKind::Modify(ModifyKind::Data(DataChange::Any))]);
        writers.record(&Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(!writers.is_writing(Path::new(FILE)));
    }
}
