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
use crate::runtime::command::{Command, Retry, Successor};
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
    /// The file was rolled back before, and is not tried again by itself.
    #[error("{reason}; file and settings are the same: `tig-host reload {name}` tries again")]
    RolledBack {
        /// Name of the extension.
        name: String,
        /// Its version.
        version: String,
        /// Why it was rolled back.
        reason: String,
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
            | Self::RolledBack { version, .. }
            | Self::Switch { version, .. } => Some(version),
        }
    }

    /// Whether the switch still happens when the running handler returns.
    #[must_use]
    pub(crate) fn is_due(&self) -> bool {
        let Self::Switch { source, .. } = self else {
            return false;
        };
        *source == SwitchError::Late
    }

    /// Whether the file may be loaded as soon as its writer is done.
    fn is_passing(&self) -> bool {
        match self {
            Self::File { source } | Self::Load { source, .. } => source.is_passing(),
            Self::Misfit { .. } | Self::RolledBack { .. } | Self::Switch { .. } => false,
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
        // A version that is still due came from this file.
        let _ = watched.extension.mailbox.withdraw_swaps();
        watched.extension.end_rejection();
        return POLL_INTERVAL;
    }
    match attempt(shared, loader, watched, Retry::Yes) {
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
    watched: &mut Watched,
) -> Result<Outcome, ReloadError> {
    attempt(shared, loader, watched, Retry::Yes)
        .inspect_err(|error| announce(shared, &watched.extension, error))
}

/// Like [`reload`], for a config that is applied: a file that was rolled back with the same settings is not tried again.
/// Who edits another key has not asked for it, and what it sends on probation cannot be undone.
///
/// # Errors
///
/// See [`ReloadError`].
pub(crate) fn follow_config(
    shared: &Shared,
    loader: &Loader,
    watched: &mut Watched,
) -> Result<Outcome, ReloadError> {
    attempt(shared, loader, watched, Retry::No)
        .inspect_err(|error| announce(shared, &watched.extension, error))
}

fn check_not_rolled_back(watched: &Watched, candidate: &PluginFile) -> Result<(), ReloadError> {
    let extension = &watched.extension;
    let rolled_back = || extension.rolled_back(&candidate.hash, &watched.settings);
    match rolled_back() {
        Some(reason) if stays(extension, || rolled_back().is_some()) => {
            Err(not_retried(watched, candidate, reason))
        }
        // If a switch to it is under way, the runner decides once that is over.
        _ => Ok(()),
    }
}

fn not_retried(watched: &Watched, candidate: &PluginFile, reason: String) -> ReloadError {
    ReloadError::RolledBack {
        name: watched.extension.name.clone(),
        version: candidate.manifest.version.clone(),
        reason,
    }
}

/// Whether `is_so` of the extension and stays so. A switch that is still due would change it, so it is withdrawn.
fn stays(extension: &Extension, is_so: impl Fn() -> bool) -> bool {
    // Once more after the withdrawal: the runner may just have ended a switch.
    is_so() && !extension.mailbox.withdraw_swaps() && is_so()
}

/// Reads the present file, and replaces the extension by it.
fn attempt(
    shared: &Shared,
    loader: &Loader,
    watched: &mut Watched,
    retry: Retry,
) -> Result<Outcome, ReloadError> {
    // What is still due is outdated, also if the present file or its settings are rejected: then the running version goes on.
    let _ = watched.extension.mailbox.withdraw_swaps();
    let read = loader.read(&watched.path);
    let candidate = read.map_err(|source| ReloadError::File { source })?;
    let outcome = attempt_file(shared, loader, watched, &candidate, retry);
    // Else the check of the file would take it for another one, and try what was just rejected or rolled back.
    if !outcome.as_ref().is_err_and(ReloadError::is_passing) {
        watched.seen = candidate.signature;
    }
    outcome
}

fn attempt_file(
    shared: &Shared,
    loader: &Loader,
    watched: &Watched,
    candidate: &PluginFile,
    retry: Retry,
) -> Result<Outcome, ReloadError> {
    if retry == Retry::No {
        check_not_rolled_back(watched, candidate)?;
    }
    let extension = &watched.extension;
    let runs = || {
        candidate.hash == extension.hash()
            && !extension.is_changed_by(&watched.settings)
            && extension.state() != State::Stopped
    };
    if stays(extension, runs) {
        extension.end_rejection();
        let version = extension.version();
        return Ok(Outcome::Unchanged { version });
    }
    replace(SWITCH_TIMEOUT, shared, watched, candidate, retry, || {
        loader.load(candidate)
    })
}

/// Replaces the extension by `candidate`, which `load` loads, with the present settings; waits for the switch for `timeout`.
///
/// # Errors
///
/// As for [`reload`].
pub(crate) fn take_over(
    timeout: Duration,
    shared: &Shared,
    watched: &Watched,
    candidate: &PluginFile,
    load: impl FnOnce() -> Result<Plugin, PluginError>,
) -> Result<Outcome, ReloadError> {
    replace(timeout, shared, watched, candidate, Retry::Yes, load)
        .inspect_err(|error| announce(shared, &watched.extension, error))
}

/// As [`take_over`], but for a version that may have been rolled back, and without a report of the error.
pub(super) fn replace(
    timeout: Duration,
    shared: &Shared,
    watched: &Watched,
    candidate: &PluginFile,
    retry: Retry,
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
    switch(watched, plugin, retry, timeout).map_err(|source| match source {
        SwitchError::NotRetried(reason) => not_retried(watched, candidate, reason),
        source => ReloadError::Switch {
            version: version(),
            source,
        },
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

fn switch(
    watched: &Watched,
    plugin: Plugin,
    retry: Retry,
    timeout: Duration,
) -> Result<(), SwitchError> {
    let (done, result) = mpsc::channel();
    let settings = Arc::clone(&watched.settings);
    let successor = Successor {
        plugin,
        settings,
        retry,
        done,
    };
    let mailbox = &watched.extension.mailbox;
    // In place of one that is still due: the later one stays, and another one right behind would end its probation.
    let _ = mailbox.withdraw_swaps();
    mailbox.put_command(Command::Swap(Box::new(successor)));
    result
        .recv_timeout(timeout)
        .unwrap_or(Err(SwitchError::Late))
}

/// Logs and publishes that a new version is rejected.
fn announce(shared: &Shared, extension: &Extension, error: &ReloadError) {
    if let ReloadError::RolledBack { reason, .. } = error {
        let (name, offered) = (&extension.name, error.version());
        // Its rejection was published, but another one may have replaced it since.
        extension.reject(offered, reason);
        return warn!(extension = name, offered, "not tried again: {error}");
    }
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
    use crate::runtime::probation::Installed;
    use crate::store::Store;

    #[test]
    fn switch_of_a_busy_extension_is_late_and_due() {
        let watched = Watched::unattended("counter");
        let plugin = fixture::load("counter");
        let late = switch(&watched, plugin, Retry::Yes, Duration::ZERO).unwrap_err();
        assert_eq!(late, SwitchError::Late);
        assert!(matches!(
            watched.extension.mailbox.take(),
            Taken::Command(Command::Swap(_))
        ));
    }

    const OTHER_SETTINGS: &[u8] = br#"{"name": "counter", "config": {"counter": {"start": 1}}}"#;

    /// The counter as it runs, with a busy handler.
    fn busy_counter() -> Watched {
        let mut watched = Watched::unattended("counter");
        watched.path = fixture::path("counter");
        let plugin = fixture::load("counter");
        watched.extension.install(&plugin, &watched.settings);
        watched
    }

    /// Has the counter switch to other settings when its handler returns.
    fn switch_late(watched: &mut Watched, settings: &[u8]) {
        let present = std::mem::replace(&mut watched.settings, settings.into());
        let late = switch(
            watched,
            fixture::load("counter"),
            Retry::Yes,
            Duration::ZERO,
        );
        assert_eq!(late, Err(SwitchError::Late));
        watched.settings = present;
    }

    fn loader() -> (tempfile::TempDir, Loader) {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(folder.path().to_owned(), None);
        (folder, loader)
    }

    #[test]
    fn reverted_config_withdraws_a_due_switch() {
        let (_folder, loader) = loader();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = busy_counter();
        switch_late(&mut watched, OTHER_SETTINGS);
        let reverted = follow_config(&shared, &loader, &mut watched).unwrap();
        assert!(matches!(reverted, Outcome::Unchanged { .. }));
        assert!(watched.extension.mailbox.try_take().is_none());
    }

    #[test]
    fn switch_under_way_changes_what_runs() {
        let mut watched = busy_counter();
        switch_late(&mut watched, OTHER_SETTINGS);
        let extension = &watched.extension;
        assert!(extension.mailbox.try_take().is_some());
        assert!(!stays(extension, || true));
        // The runner comes back for more: the switch is over.
        assert!(extension.mailbox.try_take().is_none());
        assert!(stays(extension, || true));
    }

    /// Two in a row would confirm the new version at once, and put it on probation against itself.
    #[test]
    fn later_switch_replaces_a_due_one() {
        let mut watched = busy_counter();
        switch_late(&mut watched, b"{}");
        switch_late(&mut watched, OTHER_SETTINGS);
        let mailbox = &watched.extension.mailbox;
        let Some(Taken::Command(Command::Swap(successor))) = mailbox.try_take() else {
            panic!("no switch is due");
        };
        assert_eq!(*successor.settings, *OTHER_SETTINGS);
        assert!(mailbox.try_take().is_none());
    }

    #[test]
    fn deleted_file_withdraws_a_due_switch() {
        let (folder, loader) = loader();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = busy_counter();
        switch_late(&mut watched, OTHER_SETTINGS);
        watched.path = folder.path().join("gone.so");
        watched.seen = None;
        reload_changed(&shared, &loader, &mut watched);
        assert!(watched.extension.mailbox.try_take().is_none());
    }

    /// The reason says that the running version goes on.
    #[test]
    fn rejected_file_withdraws_a_due_switch() {
        let (folder, loader) = loader();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = busy_counter();
        switch_late(&mut watched, OTHER_SETTINGS);
        watched.path = folder.path().join("text.so");
        std::fs::write(&watched.path, "not a plugin").unwrap();
        let rejected = reload(&shared, &loader, &mut watched).unwrap_err();
        assert!(matches!(rejected, ReloadError::File { .. }), "{rejected}");
        assert!(watched.extension.mailbox.try_take().is_none());
    }

    /// Else the check of the file would try the same file again, rolled back or not.
    #[test]
    fn config_takes_note_of_the_file_that_it_tried() {
        let (_folder, loader) = loader();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = busy_counter();
        follow_config(&shared, &loader, &mut watched).unwrap();
        let wait = check_file(&shared, &loader, &mut watched);
        assert_eq!(wait, POLL_INTERVAL, "the file is not new");
    }

    #[test]
    fn config_skips_a_file_that_was_rolled_back() {
        let (_folder, loader) = loader();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = busy_counter();
        switch_late(&mut watched, OTHER_SETTINGS);
        let version = Installed {
            version: "0.1.0".to_owned(),
            hash: loader.read(&watched.path).unwrap().hash,
            settings: Arc::clone(&watched.settings),
        };
        let reason = "failed".to_owned();
        watched.extension.record_rollback(version, reason);
        let late = SwitchError::Late.to_string();
        watched.extension.reject(Some("0.1.0"), &late);
        let skipped = follow_config(&shared, &loader, &mut watched).unwrap_err();
        assert!(
            matches!(skipped, ReloadError::RolledBack { .. }),
            "{skipped}"
        );
        // The settings that were due are not those of the config any more.
        assert!(watched.extension.mailbox.try_take().is_none());
        let rejected = watched.extension.troubles(Instant::now()).rejected;
        assert_eq!(rejected.as_deref(), Some("0.1.0: failed"), "nothing is due");
        let candidate = loader.read(&watched.path).unwrap();
        watched.extension.set_state(State::Stopped);
        assert!(check_not_rolled_back(&watched, &candidate).is_ok());
        watched.extension.set_state(State::Running);
        assert!(check_not_rolled_back(&watched, &candidate).is_err());
        // It was not offered any more, and is again.
        watched.extension.end_rejection();
        assert!(check_not_rolled_back(&watched, &candidate).is_ok());
    }
}
