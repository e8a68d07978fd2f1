//! A plugin file as it was read, with the libraries that it needs from beside itself.

use std::path::{Path, PathBuf};

use tig_plugin_api::Manifest;
use tig_process::file_signature::Signature;
use tig_process::whole_file;

use super::libraries::{self, Library};
use super::{PluginError, content, file, inspect};

/// Permissions of a plugin file that the host installs.
const INSTALLED_MODE: u32 = 0o644;

/// Digits of a hash in logs.
const SHORT_HASH_DIGITS: usize = 16;

/// A plugin file that was read whole and fits this host, but is not loaded.
#[derive(Clone, Debug)]
pub struct PluginFile {
    /// The operator's file.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// BLAKE3 of its bytes, and of those of the libraries that it needs from beside itself, in hex.
    pub hash: String,
    /// The file's state before it was read.
    pub signature: Option<Signature>,
    pub(super) bytes: Vec<u8>,
    pub(super) libraries: Vec<Library>,
}

impl PluginFile {
    /// Reads `path` and checks what can be checked without loading it.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub fn read(path: &Path) -> Result<Self, PluginError> {
        let signature = Signature::of(path);
        let bytes = file::read(path)?;
        let manifest = inspect(path, &bytes)?;
        let libraries = libraries::read_siblings(path, &bytes)?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
            hash: hash(&bytes, &libraries),
            signature,
            bytes,
            libraries,
        })
    }

    /// Whether the file carries its digest, which [`inspect`] has checked.
    #[must_use]
    pub(crate) fn is_sealed(&self) -> bool {
        let digest = self.manifest.digest.as_deref().unwrap_or_default();
        digest.contains(|digit| digit != '0')
    }

    /// # Errors
    ///
    /// The file, or a library beside it, has changed since it was read.
    pub(super) fn check_unchanged(&self) -> Result<(), PluginError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut libraries = self.libraries.iter();
        let is_unchanged = content::is_same(&self.path, &self.bytes)
            && libraries
                .all(|library| content::is_same(&folder.join(&library.place), &library.bytes));
        is_unchanged
            .then_some(())
            .ok_or_else(|| PluginError::Changed {
                path: self.path.clone(),
            })
    }

    /// Writes the file to `path`, whole, and the libraries beside it.
    ///
    /// # Errors
    ///
    /// The system's reason, or another library lies in the place of one that the plugin needs.
    pub(crate) fn install(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new(""));
        for library in &self.libraries {
            install_library(&folder.join(&library.place), &library.bytes)?;
        }
        whole_file::write(path, &self.bytes, INSTALLED_MODE)
    }
}

/// A library that is there already is not replaced: other plugins may use it.
fn install_library(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    match std::fs::read(path) {
        Ok(present) if present == bytes => Ok(()),
        Ok(_) => Err(std::io::Error::other(format!(
            "{} is another build of the library that it needs",
            path.display()
        ))),
        Err(_) => {
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
            std::fs::write(path, bytes)
        }
    }
}

/// The file's own hash, if it needs no library from beside itself.
fn hash(bytes: &[u8], libraries: &[Library]) -> String {
    let own = blake3::hash(bytes);
    if libraries.is_empty() {
        return own.to_hex().to_string();
    }
    let mut all = blake3::Hasher::new();
    all.update(own.as_bytes());
    for library in libraries {
        all.update(library.hash.as_bytes());
    }
    all.finalize().to_hex().to_string()
}

/// The part of a file's hash that people compare.
#[must_use]
pub(crate) fn short_hash(hash: &str) -> &str {
    hash.get(..SHORT_HASH_DIGITS).unwrap_or(hash)
}
