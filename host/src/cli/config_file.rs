//! Notices that the config file, or a file that it names, has changed, and waits until it is whole. A missing config file does
//! not count as a change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tig_process::file_signature::Signature;

use crate::config::Config;

/// Time between two checks of the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Key of the config for the file with the key of the listener's certificate.
const TLS_KEY: &str = "tls.key_file";

pub(super) struct ConfigFile {
    config: SeenFile,
    /// The files that it names: those of its sections, and those with secrets.
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
        let secrets = Config::secret_files(path).into_iter();
        // The renewal of certificates reads this one together with the certificate: alone, the new key would not fit.
        let secrets = secrets.filter(|(key, _)| key != TLS_KEY);
        let named = Config::section_files(path).into_iter();
        let named = named.chain(secrets.map(|(_, file)| file));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_key_is_left_to_its_renewal() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "config.json",
            r#"{"api_key_file":"key","tls":{"cert_file":"cert.pem","key_file":"key.pem"}}"#,
        );
        let seen = ConfigFile::about_to_read(&folder.path().join("config.json"));
        write("key.pem", "new");
        assert!(seen.find_changed().is_none());
        write("key", "new");
        assert!(seen.find_changed().is_some());
    }
}
