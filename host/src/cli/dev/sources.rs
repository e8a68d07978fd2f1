//! The plugin's sources, by what is in them: a file that is written again with the same content has not changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant as TokioInstant, sleep, timeout_at};

/// Time without a notification before files are read.
const SAVE_QUIET: Duration = Duration::from_millis(60);
/// Longest delay by notifications.
const SAVE_QUIET_MAX: Duration = Duration::from_secs(1);
/// Time between two looks without a notification: not every file system sends them.
const SOURCES_INTERVAL: Duration = Duration::from_secs(3);
/// Files that are looked at.
const SOURCE_COUNT_MAX: usize = 5_000;
/// Bytes of a file that are compared by content; a larger one is compared by its size.
const SOURCE_BYTES_MAX: u64 = 4 << 20;
/// Folders below the package's.
const SOURCE_DEPTH_MAX: usize = 16;
/// Folder that cargo builds in by default.
const TARGET: &str = "target";
/// Written by cargo itself.
const LOCK_FILE: &str = "Cargo.lock";

/// Content of each file.
type Snapshot = BTreeMap<PathBuf, blake3::Hash>;

/// Files that have changed.
#[derive(Debug)]
pub(super) struct Change {
    /// When the first of them was noticed.
    pub(super) at: Instant,
    /// Their paths in the package's folder.
    pub(super) files: Vec<PathBuf>,
}

/// Waits for changes of the sources in a folder.
pub(super) struct Sources {
    folder: PathBuf,
    target: PathBuf,
    known: Snapshot,
    noticed: Option<Instant>,
    notified: mpsc::Receiver<()>,
    /// Without one the folder is only looked at from time to time.
    watcher: Option<RecommendedWatcher>,
    watched: Vec<PathBuf>,
}

impl Sources {
    /// The sources in `folder` as they are now; `target` is not a source.
    pub(super) fn open(folder: &Path, target: &Path) -> Self {
        let (sender, notified) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            // One that waits stands for all.
            let _ = sender.try_send(());
        });
        let mut sources = Self {
            folder: folder.to_owned(),
            target: target.to_owned(),
            known: Snapshot::new(),
            noticed: None,
            notified,
            watcher: watcher.ok(),
            watched: Vec::new(),
        };
        sources.watch_folders();
        sources.known = sources.snapshot();
        sources
    }

    /// Waits for the next change. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Change {
        loop {
            if let Some(change) = self.look() {
                return change;
            }
            self.noticed = None;
            tokio::select! {
                Some(()) = self.notified.recv() => self.noticed = Some(Instant::now()),
                () = sleep(SOURCES_INTERVAL) => continue,
            }
            self.wait_for_quiet().await;
        }
    }

    /// Editors write a file in several steps, and formatters write it again.
    async fn wait_for_quiet(&mut self) {
        let longest = TokioInstant::now() + SAVE_QUIET_MAX;
        loop {
            let quiet = (TokioInstant::now() + SAVE_QUIET).min(longest);
            match timeout_at(quiet, self.notified.recv()).await {
                Ok(Some(())) if TokioInstant::now() < longest => {}
                _ => return,
            }
        }
    }

    fn look(&mut self) -> Option<Change> {
        self.watch_folders();
        let found = self.snapshot();
        let files = changed(&self.known, &found);
        if files.is_empty() {
            return None;
        }
        self.known = found;
        let at = self.noticed.take().unwrap_or_else(Instant::now);
        Some(Change { at, files })
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        self.visit(&self.folder, 0, &mut snapshot);
        snapshot
    }

    fn visit(&self, folder: &Path, depth: usize, snapshot: &mut Snapshot) {
        let entries = fs::read_dir(folder).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if self.is_left_out(&path) || snapshot.len() >= SOURCE_COUNT_MAX {
                continue;
            }
            if metadata.is_dir() && depth < SOURCE_DEPTH_MAX {
                self.visit(&path, depth + 1, snapshot);
            } else if metadata.is_file()
                && let Some(hash) = content_hash(&path, metadata.len())
            {
                let name = path.strip_prefix(&self.folder).unwrap_or(&path);
                snapshot.insert(name.to_owned(), hash);
            }
        }
    }

    fn is_left_out(&self, path: &Path) -> bool {
        path == self.target || is_left_out_name(path)
    }

    /// Watches the folder, and each in it but the one that cargo builds in.
    fn watch_folders(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let is_source =
            |path: &PathBuf| path.is_dir() && *path != self.target && !is_left_out_name(path);
        let inner = paths.filter(is_source);
        let mut present = vec![(self.folder.clone(), RecursiveMode::NonRecursive)];
        present.extend(inner.map(|path| (path, RecursiveMode::Recursive)));
        self.watched
            .retain(|path| present.iter().any(|(it, _)| it == path));
        for (path, mode) in present {
            if !self.watched.contains(&path) && watcher.watch(&path, mode).is_ok() {
                self.watched.push(path);
            }
        }
    }
}

/// Files of editors and of cargo.
fn is_left_out_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == TARGET || name == LOCK_FILE || name.starts_with(['.', '#']) || name.ends_with('~')
}

/// `None` if the file cannot be read: it may be gone.
fn content_hash(path: &Path, bytes: u64) -> Option<blake3::Hash> {
    if bytes > SOURCE_BYTES_MAX {
        return Some(blake3::hash(&bytes.to_le_bytes()));
    }
    Some(blake3::hash(&fs::read(path).ok()?))
}

/// Files that differ between two looks.
fn changed(known: &Snapshot, found: &Snapshot) -> Vec<PathBuf> {
    let new = found
        .iter()
        .filter(|(path, hash)| known.get(*path) != Some(hash));
    let gone = known.keys().filter(|path| !found.contains_key(*path));
    new.map(|(path, _)| path).chain(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn change_is_of_content_and_of_sources_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("target")).unwrap();
        fs::create_dir(path("src")).unwrap();
        fs::write(path("src/lib.rs"), "1").unwrap();
        let mut sources = Sources::open(folder.path(), &path("target"));
        for (name, text) in [
            ("target/x", "1"),
            ("src/lib.rs", "1"),
            ("Cargo.lock", "1"),
            ("src/.lib.rs.swp", "1"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        assert!(sources.look().is_none());
        fs::write(path("src/lib.rs"), "2").unwrap();
        let change = sources.next().await;
        assert_eq!(change.files, [PathBuf::from("src/lib.rs")]);
        fs::remove_file(path("src/lib.rs")).unwrap();
        assert_eq!(sources.next().await.files, change.files);
    }
}
