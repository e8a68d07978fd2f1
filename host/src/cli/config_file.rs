//! Notices that the config file, or a file that its sections name, has changed, and waits until it is whole. A missing config
//! file does not count as a change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tig_process::file_signature::Signature;

use crate::config::Config;

/// Time between two checks of the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

pub(super) struct ConfigFile {
    config: SeenFile,
    /// The files that its sections name.
    named: Vec<SeenFile>,
}

struct SeenFile {
    path: PathBuf,
    seen: Option<Signature>,
}

impl ConfigFile {
    /// Call this before the file is read, so that later changes are noticed.
    pub(super) fn about_to_read(path: &Path) -> Self {
        let config = SeenFile::new(path.to_owned());
        let named = Config::section_files(path).into_iter();
        Self {
            config,
            named: named.map(SeenFile::new).collect(),
        }
    }

    /// Waits until a file differs from the last time, and no program writes to it; returns what has changed.
    pub(super) async fn changed(&mut self) -> &'static str {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let Some((path, what)) = self.find_changed() else {
                continue;
            };
            let config = self.config.path.clone();
            let settled = tokio::task::spawn_blocking(move || {
                // For the wait alone: the config may name other files now, and each is looked at again.
                let _ = Signature::settled(&path);
                Self::about_to_read(&config)
            });
            // Without a result, the next check finds the change again.
            let Ok(seen) = settled.await else { continue };
            *self = seen;
            return what;
        }
    }

    fn find_changed(&self) -> Option<(PathBuf, &'static str)> {
        let config = &self.config;
        if config.path.exists() && config.is_changed() {
            return Some((config.path.clone(), "the config file has changed"));
        }
        let named = self.named.iter().find(|file| file.is_changed())?;
        let what = "a file that the config names has changed";
        Some((named.path.clone(), what))
    }
}

impl SeenFile {
    fn new(path: PathBuf) -> Self {
        let seen = Signature::of(&path);
        Self { path, seen }
    }

    fn is_changed(&self) -> bool {
        Signature::of(&self.path) != self.seen
    }
}
