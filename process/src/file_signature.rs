//! The state of a file, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// A file that has not changed for so long is taken for whole.
const SETTLED_AFTER: Duration = Duration::from_millis(150);
/// A file that keeps changing is not waited for any longer.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The state of a file: another one after each change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature {
    /// Device of the file.
    pub device: u64,
    /// Number of the file on the device.
    pub inode: u64,
    /// Length.
    pub bytes: u64,
    /// When its content changed: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// When anything of the file changed. No program can set this back, so a restored file differs from one that was not touched.
    pub changed: (i64, i64),
}

impl Signature {
    /// The file's present state; `None` if it is not there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path)
            .ok()
            .as_ref()
            .map(Self::from_metadata)
    }

    /// The state in which the file stays for a while, or its last one after a bounded wait; blocks the caller.
    #[must_use]
    pub fn settled(path: &Path) -> Option<Self> {
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        let mut before = Self::of(path);
        loop {
            thread::sleep(SETTLED_AFTER);
            let now = Self::of(path);
            if now == before || Instant::now() >= deadline {
                return now;
            }
            before = now;
        }
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether both are states of one file.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}
