//! The folder of a run, below the one that cargo builds in. Those of runs that were killed are removed by the next one.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// Folder of the plugin files.
pub(super) const PLUGINS: &str = "plugins";
/// Folder of the host's store.
pub(super) const BACKUP: &str = "backup";
/// Beginning of the folder's name.
const FOLDER_PREFIX: &str = "tig-dev-";
/// File beside it that is locked while one is made.
const MAKING_LOCK_FILE: &str = "tig-dev.lock";
/// File in it that is locked as long as the run goes on.
const RUN_LOCK_FILE: &str = "run.lock";
/// A run has locked its folder after so long.
const LOCKING_TIME: Duration = Duration::from_secs(60);

/// The folder, which is removed when this is dropped. Only its owner can read in it: there are keys.
pub(super) struct RunFolder {
    folder: TempDir,
    _lock: File,
}

impl RunFolder {
    /// Makes one in `target`, where programs may be run: not every folder of temporary files allows that.
    pub(super) fn make(target: &Path) -> io::Result<Self> {
        // One run at a time: a folder that is not locked yet looks like one of a killed run.
        let making = File::create(target.join(MAKING_LOCK_FILE))?;
        making.lock()?;
        remove_abandoned(target);
        let folder = tempfile::Builder::new()
            .prefix(FOLDER_PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(target)?;
        let lock = File::create(folder.path().join(RUN_LOCK_FILE))?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of runs that go on no more. What cannot be removed stays for the next run.
fn remove_abandoned(target: &Path) {
    let entries = fs::read_dir(target).into_iter().flatten();
    let names = entries.filter_map(Result::ok).map(|entry| entry.path());
    for folder in names.filter(|path| is_run_folder(path) && is_abandoned(path)) {
        // Its programs may end right now, and write their last.
        let _ = fs::remove_dir_all(folder);
    }
}

fn is_run_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(FOLDER_PREFIX.as_bytes()) && path.is_dir() && !path.is_symlink()
}

fn is_abandoned(folder: &PathBuf) -> bool {
    if let Ok(lock) = File::open(folder.join(RUN_LOCK_FILE)) {
        return lock.try_lock().is_ok();
    }
    // It may have been made just now.
    let modified = fs::metadata(folder).and_then(|it| it.modified());
    let age = modified.map(|it| SystemTime::now().duration_since(it));
    matches!(age, Ok(Ok(age)) if age > LOCKING_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_of_a_killed_run_is_removed() {
        let target = tempfile::tempdir().unwrap();
        let running = RunFolder::make(target.path()).unwrap();
        let mode = fs::metadata(running.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let killed = target.path().join("tig-dev-killed");
        let new = target.path().join("tig-dev-new");
        let other = target.path().join("debug");
        for folder in [&killed, &new, &other] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(killed.join(RUN_LOCK_FILE), "").unwrap();
        fs::write(killed.join("api_key"), "secret").unwrap();
        let _next = RunFolder::make(target.path()).unwrap();
        assert!(!killed.exists());
        assert!(running.path().exists() && new.exists() && other.exists());
    }
}
