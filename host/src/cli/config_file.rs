//! Notices that the config file has changed and waits until it is whole. A missing file does not count as a change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tig_process::file_signature::Signature;

/// Time between two checks of the config file.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

pub(super) struct ConfigFile {
    path: PathBuf,
    seen: Option<Signature>,
}

impl ConfigFile {
    /// Call this before the file is read, so that later changes are noticed.
    pub(super) fn about_to_read(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            seen: Signature::of(path),
        }
    }

    /// Waits until the file differs from the last time, and no program writes to it.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let now = Signature::of(&self.path);
            if now.is_none() || now == self.seen {
                continue;
            }
            let path = self.path.clone();
            let settled = tokio::task::spawn_blocking(move || Signature::settled(&path));
            // Without a result, the next check finds the change again.
            let Ok(now) = settled.await else { continue };
            self.seen = now;
            return;
        }
    }
}
