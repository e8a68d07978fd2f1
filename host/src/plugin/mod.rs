//! From a file to code: read, check, copy, try in a child process, load, handshake.
//!
//! Invariants: neither the operator's own file nor a library beside it is ever mapped, so they may be overwritten at any
//! time; nothing is mapped that has not been read whole, loaded once by a child process, and found unchanged afterwards; a
//! loaded library is never unmapped.

mod candidate;
mod copy;
mod error;
mod file;
mod file_fault;
mod libraries;
mod library;
mod open_files;
mod probe;
mod seal;
mod writers;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tig_plugin_api::Settings;

use self::{libraries::Mapped, probe::Trial};

pub use candidate::Candidate;
pub(crate) use candidate::short_hash;
pub use error::PluginError;
pub(crate) use file::inspect;
pub(crate) use file_fault::FileFault;
pub use library::Plugin;
pub(crate) use library::open;
pub(crate) use open_files::OpenFiles;
pub(crate) use writers::Writers;

/// Copies a candidate into `folder`, loads the copy in a child process and makes an instance there, as
/// `PROGRAM probe --new FILE`: nothing of what it asks for takes place.
///
/// # Errors
///
/// The text of the error says what the child said, or how it ended.
pub(crate) fn try_in_child(
    program: &Path,
    folder: &Path,
    candidate: &Candidate,
    settings: &Settings,
) -> Result<(), PluginError> {
    let refused = |reason| PluginError::New {
        version: candidate.manifest.version.clone(),
        reason,
    };
    let settings = serde_json::to_vec(settings).map_err(|error| refused(error.to_string()))?;
    let copy = copy::write_copy(folder, candidate)?;
    match Trial::start(program, &copy, &candidate.path, Some(&settings))?.finish()? {
        probe::Found::Sound => Ok(()),
        probe::Found::Refused(reason) => Err(refused(reason)),
    }
}

/// The probe of a candidate is ended after this time.
pub(crate) const PROBE_MAX: Duration = Duration::from_secs(10);

/// Turns candidates into plugins.
#[derive(Clone, Debug)]
pub struct Loader {
    cache_folder: PathBuf,
    probe_program: Option<PathBuf>,
    writers: Writers,
    mapped: Mapped,
}

impl Loader {
    /// Keeps copies of plugin files in `cache_folder`, by their hash, and tries them as `PROBE_PROGRAM probe FILE`; without
    /// that program they are mapped untried.
    #[must_use]
    pub fn new(cache_folder: PathBuf, probe_program: Option<PathBuf>) -> Self {
        Self {
            cache_folder,
            probe_program,
            writers: Writers::default(),
            mapped: Mapped::default(),
        }
    }

    /// Who is known to have files of the plugin folder open for writing.
    #[must_use]
    pub(crate) fn writers(&self) -> &Writers {
        &self.writers
    }

    /// Reads a candidate once nobody writes to its file any more.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub(crate) fn read(&self, path: &Path) -> Result<Candidate, PluginError> {
        self.wait_for_writer(path)?;
        Candidate::read(path)
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

    /// Copies the candidate's bytes, tries the copy in a child process and loads it, if the candidate's file is still what
    /// was read.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub fn load(&self, candidate: &Candidate) -> Result<Plugin, PluginError> {
        self.finish(candidate, self.begin(candidate)?)
    }

    /// Loads candidates one after another, as [`Loader::load`] does; while one is tried, the next is copied and its trial
    /// begins, so that two processors are busy.
    pub(crate) fn load_each<'a>(
        &'a self,
        candidates: &'a [Candidate],
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

    /// Like [`Loader::load`], whatever has become of the candidate's file.
    ///
    /// # Errors
    ///
    /// See [`PluginError`].
    pub(crate) fn load_as_read(&self, candidate: &Candidate) -> Result<Plugin, PluginError> {
        let (copy, trial) = self.try_out(candidate)?;
        trial.map(Trial::finish).transpose()?;
        self.map(&copy, candidate)
    }

    fn begin<'a>(&self, candidate: &'a Candidate) -> Result<Begun<'a>, PluginError> {
        self.wait_for_writer(&candidate.path)?;
        self.try_out(candidate)
    }

    fn finish(
        &self,
        candidate: &Candidate,
        (copy, trial): Begun<'_>,
    ) -> Result<Plugin, PluginError> {
        trial.map(Trial::finish).transpose()?;
        candidate.check_unchanged()?;
        self.map(&copy, candidate)
    }

    fn try_out<'a>(&self, candidate: &'a Candidate) -> Result<Begun<'a>, PluginError> {
        let copy = copy::write_copy(&self.cache_folder, candidate)?;
        let program = self.probe_program.as_deref();
        let trial = program.map(|program| Trial::start(program, &copy, &candidate.path, None));
        let trial = trial.transpose()?;
        Ok((copy, trial))
    }

    fn map(&self, copy: &Path, candidate: &Candidate) -> Result<Plugin, PluginError> {
        // Only now: another plugin may have been mapped since the trial has begun.
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

/// A candidate's copy, and the trial of it that has begun, if there is to be one.
type Begun<'a> = (PathBuf, Option<Trial<'a>>);

/// Writes the digest of a plugin file into its manifest, so that a host refuses any other bytes in its place.
///
/// # Errors
///
/// See [`PluginError`].
pub(crate) fn seal(path: &Path) -> Result<(), PluginError> {
    let mut bytes = file::read(path)?;
    file::seal(path, &mut bytes)?;
    let failed = |source| PluginError::File {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let permissions = std::fs::metadata(path).map_err(failed)?.permissions();
    let partial = path.with_extension("so.part");
    std::fs::write(&partial, &bytes).map_err(failed)?;
    std::fs::set_permissions(&partial, permissions).map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed)
}

/// # Errors
///
/// No code can be loaded from files in `folder`, or where it will be made.
pub(crate) fn check_cache_folder(folder: &Path) -> Result<(), PluginError> {
    copy::refuse_noexec(folder)
}

/// The nearest folder above `path` that is there.
#[must_use]
pub(crate) fn existing_folder(path: &Path) -> &Path {
    copy::existing(path)
}
