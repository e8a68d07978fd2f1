//! Modules on disk, each named by its own hash. Invariant: `<blake3>.wasm` is written whole or not at all, and is not
//! used unless it still has that hash.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::random::random_u64;

/// blake3 of a module; 64 hex digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ContentId(blake3::Hash);

impl ContentId {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes))
    }

    pub(crate) fn path_in(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.wasm"))
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_hex().fmt(formatter)
    }
}

impl TryFrom<String> for ContentId {
    type Error = blake3::HexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        blake3::Hash::from_hex(text).map(Self)
    }
}

impl From<ContentId> for String {
    fn from(content: ContentId) -> Self {
        content.to_string()
    }
}

/// The bytes of `content`, or `None` if they are missing or damaged.
pub(crate) fn load(folder: &Path, content: ContentId) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(content.path_in(folder)) {
        Ok(bytes) if ContentId::of(&bytes) == content => Ok(Some(bytes)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `bytes` at `path` in one step, so that slaves sharing the folder never see a part of them.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{:016x}.tmp", random_u64()));
    let written = std::fs::File::create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // Best effort: the first error is the one to report.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_or_missing_content_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let content = ContentId::of(b"module");
        assert_eq!(load(folder.path(), content).unwrap(), None);
        write_whole(&content.path_in(folder.path()), b"module").unwrap();
        assert_eq!(load(folder.path(), content).unwrap().unwrap(), b"module");
        std::fs::write(content.path_in(folder.path()), b"modul").unwrap();
        assert_eq!(load(folder.path(), content).unwrap(), None);
    }

    #[test]
    fn only_a_hash_becomes_a_file_name() {
        for text in ["\"../../etc/passwd\"", "\"\"", "\"00\""] {
            assert!(serde_json::from_str::<ContentId>(text).is_err());
        }
        let content = ContentId::of(b"module");
        let text = serde_json::to_string(&content).unwrap();
        assert_eq!(serde_json::from_str::<ContentId>(&text).unwrap(), content);
    }
}
