//! Where the values of variables come from: the process's environment, and else the `.env` file of the folder.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tig_process::text_file::{self, TextError};

use crate::env_file::{self, LineFault};
use crate::variables;

/// Name of the file.
pub(crate) const FILE_NAME: &str = ".env";
/// A longer file is refused.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;
/// Permission bits of others than a file's owner.
const OTHERS: u32 = 0o077;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// The folder itself is missing.
    #[error("there is no folder {}; give that of the validator as --folder", .0.display())]
    NoFolder(PathBuf),
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TextError,
    },
    /// It has faults.
    #[error("{}: {}", path.display(), joined(faults))]
    Faults {
        /// The file.
        path: PathBuf,
        /// At least one.
        faults: Vec<LineFault>,
    },
}

fn joined(faults: &[LineFault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; also: ")
}

/// The values of variables.
pub(crate) struct Environment {
    file: BTreeMap<String, String>,
    process: fn(&str) -> Option<String>,
    /// What an operator should know of the file.
    pub(crate) notes: Vec<String>,
}

impl Environment {
    /// Reads the file in `folder`; without one only the process's environment counts.
    ///
    /// # Errors
    ///
    /// See [`EnvironmentError`].
    pub(crate) fn load(
        folder: &Path,
        process: fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let path = folder.join(FILE_NAME);
        let text = match text_file::read(&path, FILE_BYTES_MAX) {
            Ok(text) => text,
            Err(TextError::Read(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                if !folder.is_dir() {
                    return Err(EnvironmentError::NoFolder(folder.to_owned()));
                }
                String::new()
            }
            Err(source) => return Err(EnvironmentError::Read { path, source }),
        };
        let entries = match env_file::parse(&text) {
            Ok(entries) => entries,
            Err(faults) => return Err(EnvironmentError::Faults { path, faults }),
        };
        let of_variables = entries
            .iter()
            .filter_map(|entry| variables::note(&entry.key));
        let notes = exposed(&path).into_iter().chain(of_variables).collect();
        let pairs = entries.into_iter().map(|entry| (entry.key, entry.value));
        Ok(Self {
            file: pairs.collect(),
            process,
            notes,
        })
    }

    /// The value of a variable; an empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.get_also_empty(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable of which an empty one means something.
    pub(crate) fn get_also_empty(&self, name: &str) -> Option<String> {
        (self.process)(name).or_else(|| self.file.get(name).cloned())
    }

    /// The value of a variable in the file alone; an empty one counts as not set.
    pub(crate) fn in_file(&self, name: &str) -> Option<&str> {
        let value = self.file.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Whether the process has another value of a variable than the file.
    pub(crate) fn is_shadowed(&self, name: &str) -> bool {
        let process = (self.process)(name);
        self.in_file(name)
            .is_some_and(|value| process.is_some_and(|process| process != value))
    }
}

/// A warning if others than the file's owner can read it.
fn exposed(path: &Path) -> Option<String> {
    let mode = exposed_mode(path)?;
    Some(format!(
        "{} may hold secrets and can be read by others than its owner (mode {mode:o}); `chmod 600` it",
        path.display()
    ))
}

/// The permissions of a file that others than its owner can use.
pub(crate) fn exposed_mode(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & OTHERS != 0).then_some(mode & 0o777)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn load(text: &[u8], mode: u32) -> Result<Environment, EnvironmentError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Environment::load(folder.path(), |name| {
            (name == "DEBUG_MINER_PORT").then(|| "9".to_owned())
        })
    }

    #[test]
    fn process_goes_before_the_file() {
        let text = b"DEBUG_MINER_PORT=8\nDEBUG_MINER_KEY=key\nDEBUG_MINER_ADDRESS=\n";
        let environment = load(text, 0o600).unwrap();
        assert_eq!(environment.get("DEBUG_MINER_PORT").as_deref(), Some("9"));
        assert_eq!(environment.get("DEBUG_MINER_KEY").as_deref(), Some("key"));
        assert_eq!(environment.get("DEBUG_MINER_ADDRESS"), None, "empty");
        assert_eq!(environment.notes, [""; 0]);
    }

    #[test]
    fn missing_file_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::load(folder.path(), |_| None).unwrap();
        assert_eq!(environment.get("DEBUG_MINER_KEY"), None);
        let error = Environment::load(&folder.path().join("none"), |_| None)
            .err()
            .unwrap();
        assert!(matches!(error, EnvironmentError::NoFolder(_)), "{error}");
    }

    #[test]
    fn readable_secrets_and_unknown_names_are_reported() {
        let environment = load(b"REDIS_PORT=1\nFOO=2\n", 0o644).unwrap();
        let [exposed, gone, unknown] = &environment.notes[..] else {
            panic!("{:?}", environment.notes)
        };
        assert!(exposed.contains("(mode 644)"), "{exposed}");
        assert!(gone.starts_with("REDIS_PORT is not needed"), "{gone}");
        assert_eq!(unknown, "FOO is unknown");
    }

    #[test]
    fn unreadable_file_is_an_error() {
        let error = load(b"A=\xff", 0o600).err().unwrap();
        assert!(matches!(error, EnvironmentError::Read { .. }), "{error}");
        let error = load(b"A", 0o600).err().unwrap();
        assert!(matches!(error, EnvironmentError::Faults { .. }), "{error}");
    }
}
