//! The state of a file, without reading it.

use std::{fs::Metadata, os::unix::fs::MetadataExt, path::Path};

/// The state of a file: another one after each change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) bytes: u64,
    pub(crate) modified: (i64, i64),
    /// No program can set this back: it tells a file that was restored from one that was not touched.
    pub(crate) changed: (i64, i64),
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
