//! Turns a file into code: read, check, copy, try in a child process, load, compare layouts.
//!
//! Invariants: neither the operator's own file nor a library beside it is ever mapped, so they may be overwritten at
//! any time; every mapped file was read whole, loaded once by a child process, and found unchanged afterwards; a loaded
//! library is never unmapped.

mod content;
mod copy;
mod error;
mod file;
mod file_fault;
#[cfg(test)]
pub(crate) mod fixture;
mod layout_reason;
mod libraries;
mod library;
mod open_files;
mod plugin_file;
mod probe;
mod seal;
mod writers;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::PluginError;
pub(crate) use file::inspect;
pub use file_fault::FileFault;
pub use library::Plugin;
pub(crate) use library::open;
pub(crate) use open_files::OpenFiles;
pub use plugin_file::PluginFile;
pub(crate) use plugin_file::short_hash;
use serde::{Deserialize, Serialize};
use tig_plugin_api::Settings;
use tig_process::whole_file;
pub(crate) use writers::Writers;

use self::libraries::Mapped;
use self::probe::Trial;
use crate::keys::KeyUsers;

/// What a child process creates an instance from.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct FirstStart {
    /// Settings of the extension.
    pub settings: Settings,
    /// Who may use which key; the child has none of them, and signs with others.
    pub keys: KeyUsers,
}

/// Copies a plugin file into `folder`, loads the copy in a child process and creates an instance there, as `PROGRAM
/// probe --new FILE`; its effects are dropped.
///
/// # Errors
///
/// The error's text is the child's, or says how it ended.
pub(crate) fn try_in_child(
    program: &Path,
    folder: &Path,
    candidate: &PluginFile,
    start: &FirstStart,
) -> Result<(), PluginError> {
    let refused = |reason| PluginError::New {
        version: candidate.manifest.version.clone(),
        reason,
    };
    let start = serde_json::to_vec(start).map_err(|error| refused(error.to_string()))?;
    let copy = copy::write_copy(folder, candidate)?;
    match Trial::start(program, &copy, &candidate.path, Some(&start))?.finish()? {
        probe::Found::Sound => Ok(()),
        probe::Found::Refused(reason) => Err(refused(reason)),
    }
}

/// A child process that tries a plugin file is ended after this time.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Loads plugin files.
#[derive(Clone, Debug)]
pub struct Loader {
    cache_folder: PathBuf,
    probe_program: Option<PathBuf>,
    writers: Writers,
    mapped: Mapped,
}

impl Loader {
    /// Keeps copies of plugin files in `cache_folder`, by their hash, and tries them as `PROBE_PROGRAM probe FILE`;
    /// without that program they are mapped untried.
    #[must_use]
    pub fn new(cache_folder: PathBuf, probe_program: Option<PathBuf>) -> Self {
        Self {
            cache_folder,
            probe_program,
            writers: Writers::default(),
            mapped: Mapped::default(),
        }
    }

    /// The files of the plugin folder that a process has open for writing.
    #[must_use]
    pub(crate) fn writers(&self) -> &Writers {
        &self.writers
    }

    /// Reads a plugin file as soon as no process writes to it.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub(crate) fn read(&self, path: &Path) -> Result<PluginFile, PluginError> {
        self.wait_for_writer(path)?;
        PluginFile::read(path)
    }

    fn wait_for_writer(&self, path: &Path) -> Result<(), PluginError> {
        if self.writers.wait_until_closed(path) {
            return Ok(());
        }
        Err(PluginError::BeingWritten {
            path: path.to_owned(),
            writer: String::new(),
        })
    }

    /// Copies a plugin file, tries the copy in a child process and loads it, if the original is still as it was read.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub fn load(&self, candidate: &PluginFile) -> Result<Plugin, PluginError> {
        self.finish(candidate, self.begin(candidate)?)
    }

    /// Loads plugin files one after another, as [`Loader::load`] does; while one is tried, the next is copied and its
    /// trial begins, so that two processors are busy.
    pub(crate) fn load_each<'a>(
        &'a self,
        candidates: &'a [PluginFile],
    ) -> impl Iterator<Item = Result<Plugin, PluginError>> + 'a {
        let mut begun = candidates
            .iter()
            .map(|candidate| (candidate, self.begin(candidate)));
        let mut next = begun.next();
        std::iter::from_fn(move || {
            let (candidate, trial) = next.take()?;
            next = begun.next();
            Some(trial.and_then(|trial| self.finish(candidate, trial)))
        })
    }

    /// Like [`Loader::load`], even if the original has changed since.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub(crate) fn load_as_read(&self, candidate: &PluginFile) -> Result<Plugin, PluginError> {
        let (copy, trial) = self.try_out(candidate)?;
        trial.map(Trial::finish).transpose()?;
        self.map(&copy, candidate)
    }

    fn begin<'a>(&self, candidate: &'a PluginFile) -> Result<Begun<'a>, PluginError> {
        self.wait_for_writer(&candidate.path)?;
        self.try_out(candidate)
    }

    fn finish(
        &self,
        candidate: &PluginFile,
        (copy, trial): Begun<'_>,
    ) -> Result<Plugin, PluginError> {
        trial.map(Trial::finish).transpose()?;
        candidate.check_unchanged()?;
        self.map(&copy, candidate)
    }

    fn try_out<'a>(&self, candidate: &'a PluginFile) -> Result<Begun<'a>, PluginError> {
        let copy = copy::write_copy(&self.cache_folder, candidate)?;
        let program = self.probe_program.as_deref();
        let trial = program.map(|program| Trial::start(program, &copy, &candidate.path, None));
        let trial = trial.transpose()?;
        Ok((copy, trial))
    }

    fn map(&self, copy: &Path, candidate: &PluginFile) -> Result<Plugin, PluginError> {
        // Checked last: another plugin may have been mapped since the trial began.
        if let Some(library) = self.mapped.conflict(&candidate.libraries) {
            return Err(PluginError::LibraryLoaded {
                path: candidate.path.clone(),
                library: library.to_owned(),
            });
        }
        let mut plugin = open(copy, &candidate.path, candidate.manifest.clone())?;
        self.mapped.add(&candidate.libraries);
        plugin.hash.clone_from(&candidate.hash);
        plugin.code_bytes = candidate.bytes.len() as u64;
        Ok(plugin)
    }
}

/// The copy of a plugin file, and its trial, if there is one.
type Begun<'a> = (PathBuf, Option<Trial<'a>>);

/// Writes the digest of a plugin file into its manifest, so that a host rejects any other bytes.
///
/// # Errors
///
/// See [`PluginError`].
pub(crate) fn seal(path: &Path) -> Result<(), PluginError> {
    let mut bytes = file::read(path)?;
    file::seal(path, &mut bytes)?;
    let failed = PluginError::file("write", path);
    let mode = std::fs::metadata(path).map_err(&failed)?.mode();
    whole_file::write(path, &bytes, mode).map_err(failed)
}

/// # Errors
///
/// No code can be loaded from files in `folder`, or where it will be created.
pub(crate) fn check_cache_folder(folder: &Path) -> Result<(), PluginError> {
    copy::refuse_noexec(folder)
}

/// The nearest existing folder at or above `path`.
#[must_use]
pub(crate) fn existing_folder(path: &Path) -> &Path {
    copy::existing(path)
}
