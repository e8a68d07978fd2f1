//! Replaces an extension while it runs: its file is checked, copied, tried and loaded, and its instance takes over.
//!
//! Invariant: whatever is wrong with the new file, the running version goes on untouched, and the reason is reported
//! once.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tig_plugin_api::Settings;
use tig_process::error_chain::error_chain;
use tig_process::file_signature::Signature;
use tracing::{info, warn};

use crate::config::Fault;
use crate::lifecycle::admission;
use crate::lifecycle::watch::{POLL_INTERVAL, QUIET, Settling, Verdict, WRITER_PATIENCE};
use crate::limits::SWITCH_TIMEOUT;
use crate::observe::status::State;
use crate::plugin::{Loader, Plugin, PluginError, PluginFile, short_hash};
use crate::runtime::announcement;
use crate::runtime::command::{Command, Successor};
use crate::runtime::extension::Extension;
use crate::runtime::failure::SwitchError;
use crate::runtime::shared::Shared;

/// The outcome of a reload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A version has taken over from another, or from itself with other settings.
    Reloaded {
        /// Version that ran.
        from: String,
        /// Version that runs.
        to: String,
    },
    /// The running version has the same file and the same settings.
    Unchanged {
        /// Version that runs.
        version: String,
    },
    /// The extension was added.
    Added {
        /// Version that runs.
        version: String,
    },
    /// The extension was removed.
    Removed {
        /// Version that ran.
        version: String,
    },
}

/// The outcome for one extension.
#[derive(Debug)]
pub struct Attempt {
    /// Name of the extension.
    pub name: String,
    /// What became of it.
    pub outcome: Result<Outcome, ReloadError>,
}

/// An extension and its file.
pub(crate) struct Watched {
    /// The extension.
    pub extension: Arc<Extension>,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// The operator's file.
    pub path: PathBuf,
    /// The file's state when it was last read.
    pub seen: Option<Signature>,
    /// The change since, until the file is whole.
    pub settling: Settling,
}

/// Why the running version keeps running.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file cannot be read, or is not a plugin for this host.
    #[error("{source}")]
    File {
        /// What is wrong with it.
        source: PluginError,
    },
    /// The file cannot be loaded.
    #[error("{source}")]
    Load {
        /// Its version.
        version: String,
        /// What is wrong with it.
        source: PluginError,
    },
    /// The new version does not fit its section or the other extensions.
    #[error("{}", joined(faults))]
    Misfit {
        /// Its version.
        version: String,
        /// Every misfit.
        faults: Vec<Fault>,
    },
    /// The new version does not take over.
    #[error("{source}")]
    Switch {
        /// Its version.
        version: String,
        /// Why not.
        source: SwitchError,
    },
}

impl ReloadError {
    /// Version of the new file, if it could be read.
    #[must_use]
    pub(crate) fn version(&self) -> Option<&str> {
        match self {
            Self::File { source } => source.version(),
            Self::Load { version, .. }
            | Self::Misfit { version, .. }
            | Self::Switch { version, .. } => Some(version),
        }
    }

    /// Whether the file may be loaded as soon as its writer is done.
    fn is_passing(&self) -> bool {
        match self {
            Self::File { source } | Self::Load { source, .. } => source.is_passing(),
            Self::Misfit { .. } | Self::Switch { .. } => false,
        }
    }
}

fn joined(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; also: ")
}

/// Checks a file, and reloads it if it has changed and is whole; returns the time until the next check.
pub(crate) fn check_file(shared: &Shared, loader: &Loader, watched: &mut Watched) -> Duration {
    let found = Signature::of(&watched.path);
    let is_writing = loader.writers().is_writing(&watched.path);
    let settling = &mut watched.settling;
    match settling.check(watched.seen, found, is_writing, Instant::now()) {
        Verdict::Same => POLL_INTERVAL,
        Verdict::Wait(time) => time,
        Verdict::Overdue => {
            warn!(
                extension = watched.extension.name,
                "{} has been open for writing for {} s; it is loaded when its writer closes it (`touch` it if it has none)",
                watched.path.display(),
                WRITER_PATIENCE.as_secs()
            );
            POLL_INTERVAL
        }
        Verdict::Settled => {
            watched.seen = found;
            reload_changed(shared, loader, watched)
        }
    }
}

/// Reloads a file that has changed; returns the time until the next check.
fn reload_changed(shared: &Shared, loader: &Loader, watched: &mut Watched) -> Duration {
    if watched.seen.is_none() {
        warn!(
            extension = watched.extension.name,
            running = watched.extension.version(),
            "{} is gone; the running version goes on",
            watched.path.display()
        );
        watched.extension.end_rejection();
        return POLL_INTERVAL;
    }
    match attempt(shared, loader, watched) {
        Err(error) if error.is_passing() => {
            watched.seen = None;
            QUIET
        }
        Err(error) => {
            announce(shared, &watched.extension, &error);
            POLL_INTERVAL
        }
        Ok(_) => POLL_INTERVAL,
    }
}

/// Replaces the extension by its present file, with the present settings.
///
/// # Errors
///
/// See [`ReloadError`]; the error is logged and published as well.
pub(crate) fn reload(
    shared: &Shared,
    loader: &Loader,
    watched: &Watched,
) -> Result<Outcome, ReloadError> {
    attempt(shared, loader, watched)
        .inspect_err(|error| announce(shared, &watched.extension, error))
}

fn attempt(shared: &Shared, loader: &Loader, watched: &Watched) -> Result<Outcome, ReloadError> {
    let extension = &watched.extension;
    let read = loader.read(&watched.path);
    let candidate = read.map_err(|source| ReloadError::File { source })?;
    let is_same = candidate.hash == extension.hash() && !extension.is_changed_by(&watched.settings);
    if is_same && extension.state() != State::Stopped {
        extension.end_rejection();
        let version = extension.version();
        return Ok(Outcome::Unchanged { version });
    }
    replace(shared, watched, &candidate, || loader.load(&candidate))
}

/// Replaces the extension by `candidate`, which `load` loads, with the present settings.
///
/// # Errors
///
/// As for [`reload`].
pub(crate) fn take_over(
    shared: &Shared,
    watched: &Watched,
    candidate: &PluginFile,
    load: impl FnOnce() -> Result<Plugin, PluginError>,
) -> Result<Outcome, ReloadError> {
    replace(shared, watched, candidate, load)
        .inspect_err(|error| announce(shared, &watched.extension, error))
}

fn replace(
    shared: &Shared,
    watched: &Watched,
    candidate: &PluginFile,
    load: impl FnOnce() -> Result<Plugin, PluginError>,
) -> Result<Outcome, ReloadError> {
    let started = Instant::now();
    let extension = &watched.extension;
    let (from, to) = (extension.version(), candidate.manifest.version.clone());
    let version = || candidate.manifest.version.clone();
    admit(shared, watched, candidate)?;
    let plugin = load().map_err(|source| ReloadError::Load {
        version: version(),
        source,
    })?;
    switch(watched, plugin, SWITCH_TIMEOUT).map_err(|source| ReloadError::Switch {
        version: version(),
        source,
    })?;
    info!(
        extension = extension.name,
        from,
        to,
        hash = short_hash(&candidate.hash),
        milliseconds = started.elapsed().as_millis(),
        "extension reloaded"
    );
    announcement::reloaded(&shared.services.bus, extension, &from, &to);
    Ok(Outcome::Reloaded { from, to })
}

/// Checks that the new version fits its section, whose keys may have changed, and the other extensions.
fn admit(shared: &Shared, watched: &Watched, candidate: &PluginFile) -> Result<(), ReloadError> {
    // The host has written these settings itself.
    let settings = serde_json::from_slice::<Settings>(&watched.settings);
    let sections = settings.map(|settings| settings.config).unwrap_or_default();
    let name = &watched.extension.name;
    let extensions = shared.services.bus.extensions();
    let others = extensions
        .iter()
        .filter(|extension| extension.name != *name);
    let routes = others.flat_map(|extension| {
        let own = extension.routes().into_iter();
        own.map(|route| (extension.name.clone(), route))
    });
    let faults =
        admission::successor_faults(&sections, name, &candidate.manifest, routes.collect());
    if faults.is_empty() {
        return Ok(());
    }
    Err(ReloadError::Misfit {
        version: candidate.manifest.version.clone(),
        faults,
    })
}

fn switch(watched: &Watched, plugin: Plugin, timeout: Duration) -> Result<(), SwitchError> {
    let (done, result) = mpsc::channel();
    let settings = Arc::clone(&watched.settings);
    let successor = Successor {
        plugin,
        settings,
        done,
    };
    watched
        .extension
        .mailbox
        .put_command(Command::Swap(Box::new(successor)));
    result
        .recv_timeout(timeout)
        .unwrap_or(Err(SwitchError::Late))
}

/// Logs and publishes that a new version is rejected.
fn announce(shared: &Shared, extension: &Extension, error: &ReloadError) {
    let reason = error_chain(error);
    announcement::rejected(&shared.services.bus, extension, error.version(), &reason);
}

#[cfg(test)]
impl Watched {
    /// An extension whose runner takes no command.
    pub(super) fn unattended(name: &str) -> Self {
        Self {
            extension: Arc::new(Extension::new(name)),
            settings: Arc::from(&b"{}"[..]),
            path: PathBuf::new(),
            seen: None,
            settling: Settling::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::fixture;
    use crate::runtime::mailbox::Taken;

    #[test]
    fn switch_of_a_busy_extension_is_late_and_due() {
        let watched = Watched::unattended("counter");
        let plugin = fixture::load("counter");
        let late = switch(&watched, plugin, Duration::ZERO).unwrap_err();
        assert_eq!(late, SwitchError::Late);
        assert!(matches!(
            watched.extension.mailbox.take(),
            Taken::Command(Command::Swap(_))
        ));
    }
}
