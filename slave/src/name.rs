//! The slave's name, which the master reads from `User-Agent`. Invariant: always a legal header value.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use tig_process::text_file::{self, TextError};

use crate::random::random_u64;

/// Longest name.
const NAME_BYTES_MAX: usize = 64;
/// A name, a line break and what an editor may add.
const NAME_FILE_BYTES_MAX: u64 = 1 << 10;

/// A name that may be sent as `User-Agent`: 1 to 64 visible ASCII characters, no spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlaveName(String);

/// The text cannot be a slave's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("slave name {0:?} must be 1 to 64 visible ASCII characters without spaces")]
pub struct BadName(String);

/// The stored name cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// The file cannot be read or written.
    #[error("cannot keep the slave's name in {path}; give one with --name")]
    Io {
        /// File of the name.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a text.
    #[error("cannot read the slave's name in {path}; delete it or give one with --name")]
    Read {
        /// File of the name.
        path: String,
        /// Cause.
        #[source]
        source: TextError,
    },
    /// The file does not hold a name.
    #[error("{path} does not hold a slave name; delete it or give one with --name")]
    Bad {
        /// File of the name.
        path: String,
        /// Cause.
        #[source]
        source: BadName,
    },
}

impl FromStr for SlaveName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let legal = (1..=NAME_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if legal {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName(text.to_owned()))
        }
    }
}

impl fmt::Display for SlaveName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SlaveName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stored name of this machine's slaves in `folder`, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold a name.
    pub fn known_in(folder: &Path) -> Result<Option<Self>, NameError> {
        let path = folder.join(format!("slave-name-{}", machine_name()));
        if path.is_file() {
            Self::stored_in(folder).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The name of this machine's slaves in `folder`: read from the file `slave-name-<machine>`, made at the first call.
    ///
    /// # Errors
    /// When the file cannot be read or written, or does not hold a name.
    pub fn stored_in(folder: &Path) -> Result<Self, NameError> {
        let machine = machine_name();
        let path = folder.join(format!("slave-name-{machine}"));
        let io = |source| NameError::Io {
            path: path.display().to_string(),
            source,
        };
        if !path.try_exists().map_err(io)? {
            create_once(&path, &format!("{machine}-{:08x}\n", random_u64() >> 32)).map_err(io)?;
        }
        let text =
            text_file::read(&path, NAME_FILE_BYTES_MAX).map_err(|source| NameError::Read {
                path: path.display().to_string(),
                source,
            })?;
        text.trim().parse().map_err(|source| NameError::Bad {
            path: path.display().to_string(),
            source,
        })
    }
}

/// The host name, cut down to what is safe in a file name and in a header.
pub(crate) fn machine_name() -> String {
    let node = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let kept: String = node
        .chars()
        .filter(|char| char.is_ascii_alphanumeric() || *char == '-')
        .take(NAME_BYTES_MAX / 2)
        .collect();
    if kept.is_empty() {
        "slave".to_owned()
    } else {
        kept
    }
}

/// Makes `path` with `text`, unless it exists. The link makes the whole file appear at once: two slaves that start
/// together in one folder never read half a name, and agree.
fn create_once(path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("{:016x}.tmp", random_u64()));
    let mut file = std::fs::File::create_new(&temporary)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&temporary, path));
    std::fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_legal_header_values_are_names() {
        for name in ["rig-1", "a", "slave/1.0", &"x".repeat(64)] {
            assert_eq!(name.parse::<SlaveName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "two words",
            "a\r\nX-Api-Key: 1",
            "caf\u{e9}",
            "tab\t",
            &"x".repeat(65),
        ] {
            assert!(name.parse::<SlaveName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn stored_name_stays_the_same_in_one_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = SlaveName::stored_in(one.path()).unwrap();
        assert_eq!(SlaveName::stored_in(one.path()).unwrap(), first);
        assert_ne!(SlaveName::stored_in(other.path()).unwrap(), first);
        assert_eq!(
            std::fs::read_dir(one.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn unusable_folder_is_reported_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = SlaveName::stored_in(&missing).unwrap_err();
        assert!(matches!(error, NameError::Io { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(missing.to_str().unwrap()), "{text}");
        assert!(text.ends_with("give one with --name"), "{text}");
    }

    #[test]
    fn unreadable_name_file_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("slave-name-{}", machine_name()));
        for content in [&b"rig\xff"[..], &[b'a'; 2 << 10], b""] {
            std::fs::write(&file, content).unwrap();
            let error = SlaveName::stored_in(folder.path()).unwrap_err();
            let is_read = matches!(error, NameError::Read { .. });
            assert_eq!(is_read, !content.is_empty(), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(file.to_str().unwrap()), "{text}");
            assert!(text.contains("delete it or give one"), "{text}");
        }
    }

    #[test]
    fn damaged_name_file_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        SlaveName::stored_in(folder.path()).unwrap();
        let file = std::fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        std::fs::write(file, "not a name").unwrap();
        assert!(matches!(
            SlaveName::stored_in(folder.path()),
            Err(NameError::Bad { .. })
        ));
    }
}
