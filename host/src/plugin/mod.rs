//! From a file to code: read, check, copy, try in a child process, load, handshake.
//!
//! Invariants: the operator's own file is never mapped, so it may be overwritten at any time; nothing is mapped that has
//! not been read whole and loaded once by a child process; a loaded library is never unmapped.

mod copy;
mod file;
mod library;
mod probe;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tig_plugin_api::{Manifest, Settings};

pub use file::inspect;
pub use library::{Plugin, open};

/// Loads a candidate's file in a child process and makes an instance there, as `PROGRAM probe --new FILE`: nothing of what it
/// asks for takes place.
///
/// # Errors
///
/// The text of the error says what the child said, or how it ended.
pub fn try_in_child(
    program: &Path,
    candidate: &Candidate,
    settings: &Settings,
) -> Result<(), PluginError> {
    let refused = |reason| PluginError::New {
        version: candidate.manifest.version.clone(),
        reason,
    };
    let settings = serde_json::to_vec(settings).map_err(|error| refused(error.to_string()))?;
    match probe::run(program, &candidate.path, &candidate.path, Some(&settings))? {
        probe::Found::Sound => Ok(()),
        probe::Found::Refused(reason) => Err(refused(reason)),
    }
}

/// Why a file is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The file is not there.
    #[error("no file {}{suggestion}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        suggestion: String,
    },
    /// The file cannot be read, or its copy not written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no shared library of this kind of machine, or not whole.
    #[error("{} is no plugin: {reason}; build it as a cdylib with #[extension]", path.display())]
    NoPlugin {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// It was built for another version of the contract.
    #[error(
        "{} was built for plugin API {plugin}, this host has {host}; {}",
        path.display(),
        if plugin > host { "upgrade the host" } else { "rebuild the plugin with the host's tig-plugin-api" }
    )]
    ApiVersion {
        /// The file.
        path: PathBuf,
        /// The plugin's version.
        plugin: u32,
        /// The host's version.
        host: u32,
    },
    /// A panic in it would end the process.
    #[error(
        "{} was built with panic=abort, so that a panic in it would end the host; build it with panic=unwind",
        path.display()
    )]
    PanicAbort {
        /// The file.
        path: PathBuf,
    },
    /// Loading it in a child process failed, or killed the child.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Probe {
        /// The file.
        path: PathBuf,
        /// What the child said, or how it ended.
        reason: String,
    },
    /// The library or its layout is refused.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its `new` has failed.
    #[error("cannot start version {version}: {reason}")]
    New {
        /// The plugin's version.
        version: String,
        /// What `new` said.
        reason: String,
    },
}

/// Digits of a hash in logs.
const SHORT_HASH_DIGITS: usize = 16;

/// The probe of a candidate is ended after this time.
pub const PROBE_MAX: Duration = Duration::from_secs(10);

/// A plugin file that was read whole and fits this host, but is not loaded.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The operator's file.
    pub path: PathBuf,
    /// What the file says of itself.
    pub manifest: Manifest,
    /// BLAKE3 of its bytes, in hex.
    pub hash: String,
    bytes: Vec<u8>,
}

impl Candidate {
    /// Reads `path` and checks what can be checked without loading it.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub fn read(path: &Path) -> Result<Self, PluginError> {
        let bytes = file::read(path)?;
        let manifest = inspect(path, &bytes)?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        Ok(Self {
            path: path.to_owned(),
            manifest,
            hash,
            bytes,
        })
    }

    /// Puts the file's bytes at `path`, whole.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn install(&self, path: &Path) -> std::io::Result<()> {
        let partial = path.with_extension("so.part");
        std::fs::write(&partial, &self.bytes)?;
        std::fs::rename(&partial, path)
    }
}

/// As much of a file's hash as people compare.
#[must_use]
pub fn short_hash(hash: &str) -> &str {
    hash.get(..SHORT_HASH_DIGITS).unwrap_or(hash)
}

/// Turns candidates into plugins.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Where copies of plugin files are kept, by their hash.
    pub cache_folder: PathBuf,
    /// The program that tries a candidate as `PROGRAM probe FILE`; `None` maps candidates untried.
    pub probe_program: Option<PathBuf>,
}

impl Loader {
    /// Copies the candidate's bytes, tries the copy in a child process and loads it.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub fn load(&self, candidate: &Candidate) -> Result<Plugin, PluginError> {
        let copy = copy::keep(&self.cache_folder, candidate)?;
        if let Some(program) = &self.probe_program {
            probe::run(program, &copy, &candidate.path, None)?;
        }
        let mut plugin = open(&copy, &candidate.path, candidate.manifest.clone())?;
        plugin.hash.clone_from(&candidate.hash);
        plugin.code_bytes = candidate.bytes.len() as u64;
        Ok(plugin)
    }
}
