//! Waits for changes of the plugin's sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant as TokioInstant, sleep, timeout_at};

use super::snapshot::{Scope, Snapshot};

/// Time without a notification before files are read.
const SAVE_QUIET: Duration = Duration::from_millis(60);
/// Longest delay by notifications.
const SAVE_QUIET_MAX: Duration = Duration::from_secs(1);
/// Time between two looks without a notification: not every file system sends them, and crates beside the plugin's are not watched.
const SOURCES_INTERVAL: Duration = Duration::from_secs(3);

/// Files that have changed.
#[derive(Debug)]
pub(super) struct Change {
    /// When the first of them was noticed.
    pub(super) at: Instant,
    /// Their paths in the package's folder, or outside of it.
    pub(super) files: Vec<PathBuf>,
}

/// Waits for changes of the sources in a folder.
pub(super) struct Sources {
    scope: Scope,
    known: Arc<Snapshot>,
    noticed: Option<Instant>,
    notified: mpsc::Receiver<()>,
    /// Without one the folder is only looked at from time to time.
    watcher: Option<RecommendedWatcher>,
    watched: Vec<PathBuf>,
    cut_is_said: bool,
}

impl Sources {
    /// The sources in `folder` as they are now; `target` is not a source.
    pub(super) async fn open(folder: &Path, target: &Path) -> Self {
        let (sender, notified) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            // One that waits stands for all.
            let _ = sender.try_send(());
        });
        let mut sources = Self {
            scope: Scope {
                folder: folder.to_owned(),
                target: target.to_owned(),
                inputs: Vec::new(),
            },
            known: Arc::default(),
            noticed: None,
            notified,
            watcher: watcher.ok(),
            watched: Vec::new(),
            cut_is_said: false,
        };
        sources.watch_folders();
        sources.known = Arc::new(sources.snapshot().await);
        sources
    }

    /// Waits for the next change. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Change {
        loop {
            if let Some(change) = self.look().await {
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

    /// Takes what the last build has read as sources, and where it has written as none.
    pub(super) async fn follow(&mut self, inputs: Vec<PathBuf>, target: &Path) {
        if self.scope.inputs == inputs && self.scope.target == target {
            return;
        }
        self.scope.inputs = inputs;
        self.scope.target = target.to_owned();
        let now = self.snapshot().await;
        let known = Snapshot::clone(&self.known);
        self.known = Arc::new(known.rebased(&self.scope.folder, now));
    }

    /// Whether there are more files than are looked at; said once.
    pub(super) fn take_cut(&mut self) -> bool {
        let is_news = self.known.is_cut && !self.cut_is_said;
        self.cut_is_said |= is_news;
        is_news
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

    async fn look(&mut self) -> Option<Change> {
        self.watch_folders();
        let found = self.snapshot().await;
        let files = self.known.changed(&found);
        // Also without a change: times are newer in it.
        self.known = Arc::new(found);
        if files.is_empty() {
            return None;
        }
        let at = self.noticed.take().unwrap_or_else(Instant::now);
        Some(Change { at, files })
    }

    async fn snapshot(&self) -> Snapshot {
        let (scope, known) = (self.scope.clone(), Arc::clone(&self.known));
        let look = tokio::task::spawn_blocking(move || scope.look(&known));
        // A look that cannot be taken changes nothing.
        look.await.unwrap_or_else(|_| Snapshot::clone(&self.known))
    }

    /// Watches the folder, and each in it but the one that cargo builds in.
    fn watch_folders(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let scope = &self.scope;
        let entries = fs::read_dir(&scope.folder).into_iter().flatten();
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let inner = paths.filter(|path| path.is_dir() && !scope.leaves_out(path));
        let mut present = vec![(scope.folder.clone(), RecursiveMode::NonRecursive)];
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
        let mut sources = Sources::open(folder.path(), &path("target")).await;
        for (name, text) in [
            ("target/x", "1"),
            ("src/lib.rs", "1"),
            ("Cargo.lock", "1"),
            ("src/.lib.rs.swp", "1"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        assert!(sources.look().await.is_none());
        fs::write(path("src/lib.rs"), "2").unwrap();
        let change = sources.next().await;
        assert_eq!(change.files, [PathBuf::from("src/lib.rs")]);
        fs::remove_file(path("src/lib.rs")).unwrap();
        assert_eq!(sources.next().await.files, change.files);
    }
}
