//! Notices that the config file has changed and waits until it is whole. A file that is gone is no change.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tig_process::file_signature::Signature;

/// The config file is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

pub(super) struct ConfigFile {
    path: PathBuf,
    seen: Option<Signature>,
}

impl ConfigFile {
    /// To be called before the file is read: what changes afterwards is noticed.
    pub(super) fn about_to_read(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            seen: Signature::of(path),
        }
    }

    /// Waits until the file is another than at the last time, and is not written to any more.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Signature::of(&self.path);
            if now.is_none() || now == self.seen {
                continue;
            }
            let path = self.path.clone();
            let settled = tokio::task::spawn_blocking(move || Signature::settled(&path));
            // Without an answer it is seen again at the next look.
            let Ok(now) = settled.await else { continue };
            self.seen = now;
            return;
        }
    }
}
