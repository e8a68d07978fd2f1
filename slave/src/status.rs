//! What a slave does, for `tig-slave status`: the form of its status file, and where it lies.
//!
//! Invariant: the file holds no secret, is written whole, and has a bounded length; whoever reads it distrusts it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tig_process::{text_file, whole_file};

use crate::name::SlaveName;

/// Folder inside the algorithms folder, with a file for each slave.
const FOLDER: &str = "status";
const EXTENSION: &str = "json";
/// A longer file is not of a slave.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// Slaves of one folder that are read.
pub const SLAVES_COUNT_MAX: usize = 256;
/// Anybody on the machine may see it.
const FILE_MODE: u32 = 0o644;
/// Characters of a text from outside in a status.
const TEXT_CHARS_MAX: usize = 500;

/// A slave writes its status at least this often while it runs.
pub const HEARTBEAT_INTERVAL_MS: u64 = 5_000;
/// A status that is older is of a slave that was killed.
pub const FRESH_MS_MAX: u64 = 4 * HEARTBEAT_INTERVAL_MS;

/// What a slave is at.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// It has not reached the master yet.
    #[default]
    Starting,
    /// It has a batch at work.
    Computing,
    /// The master has no batch for it.
    Waiting,
    /// The master does not answer, or not as one.
    NoMaster,
    /// It delivers what is computed, and ends.
    Stopping,
}

/// A batch at work.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct BatchAtWork {
    /// Id of the batch.
    pub id: String,
    /// Id of its algorithm.
    pub algorithm_id: String,
    /// Nonces to be computed.
    pub nonces: u64,
    /// Nonces that are computed; `None` if an external worker does not say.
    pub nonces_done: Option<u64>,
    /// Nonces to be proved.
    pub proofs: usize,
    /// When it was begun, in Unix milliseconds.
    pub begun_ms: u64,
}

/// What went wrong last.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct LastError {
    /// In words.
    pub text: String,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// All of it. Fields that a reader does not know are left out, those that are missing have their default.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Status {
    /// Name of the slave.
    pub name: String,
    /// Name of its machine.
    pub machine: String,
    /// Its version.
    pub version: String,
    /// Its process.
    pub process: u32,
    /// URL of its master.
    pub master: String,
    /// `builtin`, or the path of the worker.
    pub engine: String,
    /// Nonces computed at the same time.
    pub workers: usize,
    /// When it was started, in Unix milliseconds.
    pub started_ms: u64,
    /// When this was written, in Unix milliseconds.
    pub updated_ms: u64,
    /// What it is at.
    pub doing: Doing,
    /// The batch at work.
    pub batch: Option<BatchAtWork>,
    /// Batches that wait behind it.
    pub batches_ahead: usize,
    /// Batches computed since the start.
    pub batches_done: u64,
    /// Nonces in them.
    pub nonces_done: u64,
    /// Nonces per second over the last minute.
    pub nonces_per_second_1m: f64,
    /// Nonces per second over the last 15 minutes.
    pub nonces_per_second_15m: f64,
    /// Results that the master has taken.
    pub results_delivered: u64,
    /// Results that the master has rejected.
    pub results_rejected: u64,
    /// Results that wait for the master.
    pub results_held: usize,
    /// Batches that brought no result.
    pub errors: u64,
    /// What went wrong last.
    pub last_error: Option<LastError>,
}

/// Why what a slave does cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The folders of services are closed to other users.
    #[error("cannot look into {path}: permission denied; use sudo")]
    Denied {
        /// File or folder.
        path: String,
    },
    /// Anything else, such as a file that is not the status of a slave.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// File or folder.
        path: String,
        /// In words.
        cause: String,
    },
}

impl StatusError {
    /// What `cause` says about `path`.
    #[must_use]
    pub fn from_io(path: &Path, cause: &io::Error) -> Self {
        let path = path.display().to_string();
        match cause.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Unreadable {
                path,
                cause: cause.to_string(),
            },
        }
    }
}

impl Status {
    /// Whether the slave was there at `now_ms`.
    #[must_use]
    pub fn is_fresh(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.updated_ms) <= FRESH_MS_MAX
    }
}

/// A text from outside, fit for a status and for one line.
pub(crate) fn printable(text: &str) -> String {
    let shown = text.chars().filter(|character| !character.is_control());
    shown.take(TEXT_CHARS_MAX).collect()
}

/// The status file of one slave, until it is removed. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct StatusFile {
    path: PathBuf,
    /// Held while the file is written: a write that is under way when the slave ends must not bring the file back.
    is_removed: Arc<Mutex<bool>>,
}

impl StatusFile {
    pub(crate) fn of(algorithms_folder: &Path, name: &SlaveName) -> Self {
        // A name may have characters that a path must not have.
        let own = blake3::hash(name.as_str().as_bytes()).to_hex();
        let file = format!("{}.{EXTENSION}", &own[..16]);
        Self {
            path: algorithms_folder.join(FOLDER).join(file),
            is_removed: Arc::default(),
        }
    }

    pub(crate) fn write(&self, status: &Status) -> io::Result<()> {
        let is_removed = self.is_removed();
        if *is_removed {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        whole_file::write(&self.path, &serde_json::to_vec(status)?, FILE_MODE)
    }

    /// Ends the file: it is not written again.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let mut is_removed = self.is_removed();
        *is_removed = true;
        std::fs::remove_file(&self.path)
    }

    /// No code panics while it holds the lock.
    fn is_removed(&self) -> MutexGuard<'_, bool> {
        self.is_removed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The statuses of the slaves that share `algorithms_folder`, by name, and what cannot be read.
///
/// # Errors
/// When the folder of statuses cannot be read; a missing one has none.
pub fn read_all(algorithms_folder: &Path) -> Result<(Vec<Status>, Vec<StatusError>), StatusError> {
    let folder = algorithms_folder.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((Vec::new(), Vec::new()));
        }
        entries => entries.map_err(|error| StatusError::from_io(&folder, &error))?,
    };
    let (mut statuses, mut faults) = (Vec::new(), Vec::new());
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| path.extension().is_some_and(|found| found == EXTENSION));
    for path in files.take(SLAVES_COUNT_MAX) {
        let read = text_file::read(&path, FILE_BYTES_MAX).map_err(|error| error.to_string());
        let parsed = read.and_then(|text| {
            serde_json::from_str(&text).map_err(|_| "it is not the status of a slave".to_owned())
        });
        match parsed {
            Ok(status) => statuses.push(status),
            Err(cause) => faults.push(StatusError::Unreadable {
                path: path.display().to_string(),
                cause,
            }),
        }
    }
    statuses.sort_by(|a: &Status, b: &Status| a.name.cmp(&b.name));
    Ok((statuses, faults))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(name: &str) -> Status {
        Status {
            name: name.to_owned(),
            updated_ms: 100_000,
            ..Status::default()
        }
    }

    #[test]
    fn slaves_of_one_folder_have_a_status_each() {
        let folder = tempfile::tempdir().unwrap();
        let (none, faults) = read_all(folder.path()).unwrap();
        assert!(none.is_empty() && faults.is_empty());
        for name in ["b", "a/../..", "b"] {
            let file = StatusFile::of(folder.path(), &name.parse().unwrap());
            file.write(&status(name)).unwrap();
        }
        let (statuses, faults) = read_all(folder.path()).unwrap();
        assert_eq!(statuses, [status("a/../.."), status("b")]);
        assert!(faults.is_empty());
        let file = StatusFile::of(folder.path(), &"b".parse().unwrap());
        file.remove().unwrap();
        file.clone().write(&status("b")).unwrap();
        assert_eq!(read_all(folder.path()).unwrap().0.len(), 1, "it has ended");
    }

    #[test]
    fn files_that_are_not_a_status_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(FOLDER);
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("half.json"), "{\"name\":").unwrap();
        std::fs::write(own.join("long.json"), " ".repeat(100_000)).unwrap();
        std::fs::write(own.join("other.part"), "{}").unwrap();
        std::fs::write(own.join("future.json"), r#"{"name":"x","later":[1]}"#).unwrap();
        let (statuses, faults) = read_all(folder.path()).unwrap();
        assert_eq!(statuses[0].name, "x");
        assert_eq!((statuses.len(), faults.len()), (1, 2), "{faults:?}");
        let mut faults = faults.iter();
        assert!(faults.all(|fault| matches!(fault, StatusError::Unreadable { .. })));
    }

    #[test]
    fn status_of_a_killed_slave_goes_stale() {
        let status = status("a");
        assert!(status.is_fresh(100_000) && status.is_fresh(100_000 + FRESH_MS_MAX));
        assert!(!status.is_fresh(100_001 + FRESH_MS_MAX));
    }
}
