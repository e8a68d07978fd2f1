//! Which files of a folder a process has open for writing, as far as the system's notifications say.
//!
//! Invariant: a file is taken for closed unless it was seen to be written to after the last time that a writer closed it; what
//! other machines write on a network file system is not notified.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind},
};

/// An operator's request waits this long for a writer to close the file.
pub(super) const WRITER_TIMEOUT: Duration = Duration::from_secs(3);

/// Pause between two looks for the writer's end.
const WRITER_INTERVAL: Duration = Duration::from_millis(10);

/// Names of the files that are being written. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writers(Arc<Mutex<HashSet<OsString>>>);

impl Writers {
    /// Takes note of a notification.
    pub(crate) fn record(&self, event: &Event) {
        let mut names = self.lock();
        if event.need_rescan() {
            // The end of a write may be among what was lost.
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

    /// Nothing is known any more: another folder is watched.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether the file of this name is being written.
    #[must_use]
    pub(crate) fn is_writing(&self, path: &Path) -> bool {
        path.file_name()
            .is_some_and(|name| self.lock().contains(name))
    }

    /// Waits until nobody writes to the file; `false` if that takes too long.
    #[must_use]
    pub(crate) fn wait_until_closed(&self, path: &Path) -> bool {
        let deadline = Instant::now() + WRITER_TIMEOUT;
        while self.is_writing(path) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(WRITER_INTERVAL);
        }
        true
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, HashSet<OsString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Setting a file's time, as `rsync` does after it has closed a file, is notified as if it were written to. Only a write
/// gives a file the same time of modification and of change.
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
    fn a_written_file_is_open_until_it_is_closed_or_replaced() {
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
    fn lost_notifications_leave_no_file_open_for_ever() {
        let writers = noted(&[EventKind::Modify(ModifyKind::Data(DataChange::Any))]);
        writers.record(&Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(!writers.is_writing(Path::new(FILE)));
    }
}
