//! Applies a changed config to a running host: extensions are added, removed, moved and get other settings; the port
//! stays open.
//!
//! Invariant: everything that can be rejected is tried before a running extension is touched. A running extension that
//! does not accept its new settings goes on with the old ones.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tig_plugin_api::Manifest;
use tig_process::service_manager::service_manager;
use tracing::{info, warn};

use crate::config::{Config, ConfigError, Identity};
use crate::http::settings::ListenerSettings;
use crate::keys::Keys;
use crate::lifecycle::reload::{self, Attempt, Outcome, ReloadError, Watched};
use crate::lifecycle::watch::Settling;
use crate::lifecycle::{admission, plugin_files, start};
use crate::limits::SWITCH_TIMEOUT;
use crate::plugin::{Loader, Plugin, PluginError, PluginFile, short_hash};
use crate::runtime::command::Command;
use crate::runtime::extension::Extension;
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;
use crate::store::StoreError;

/// Time for the running handlers of all extensions that are removed at once. A handler that takes longer has no effects: the
/// supervisor serves nothing else meanwhile.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The part of a config that cannot change while the host runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FixedConfig {
    identity: Identity,
    backup_folder: std::path::PathBuf,
    plugin_folder: std::path::PathBuf,
    plugin_cache_folder: std::path::PathBuf,
    listen: SocketAddr,
    keys: Keys,
}

impl FixedConfig {
    /// The fixed part of `config`.
    #[must_use]
    pub(crate) fn from_config(config: &Config) -> Self {
        Self {
            identity: config.identity.clone(),
            backup_folder: config.backup_folder.clone(),
            plugin_folder: config.plugin_folder.clone(),
            plugin_cache_folder: config.plugin_cache_folder.clone(),
            listen: config.listen,
            keys: config.keys.clone(),
        }
    }

    fn check(&self, other: &Self) -> Result<(), ReconfigureError> {
        let differences = self.differences(other);
        if differences.is_empty() {
            return Ok(());
        }
        Err(ReconfigureError::Fixed(differences))
    }

    /// Keys with different values.
    fn differences(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<_> = self.identity.keys().chain(other.identity.keys()).collect();
        let identity = names.into_iter().map(|key| {
            (
                key.as_str(),
                self.identity.get(key) == other.identity.get(key),
            )
        });
        let own = [
            ("backup_folder", self.backup_folder == other.backup_folder),
            ("plugin_folder", self.plugin_folder == other.plugin_folder),
            (
                "plugin_cache_folder",
                self.plugin_cache_folder == other.plugin_cache_folder,
            ),
            ("bind or port", self.listen == other.listen),
            ("keys", self.keys == other.keys),
        ];
        let different = identity.chain(own).filter(|(_, same)| !same);
        different.map(|(key, _)| key.to_owned()).collect()
    }
}

/// Why a config is not applied.
#[derive(Debug, thiserror::Error)]
pub enum ReconfigureError {
    /// Keys that are only read at the start.
    #[error("{} cannot change while the host runs; stop it and start it again", .0.join(", "))]
    Fixed(Vec<String>),
    /// Config and plugins do not fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An extension cannot be added.
    #[error("extension `{name}`: {source}")]
    Extension {
        /// Its name.
        name: String,
        /// Why not.
        source: AddError,
    },
}

/// Why an extension cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Its file, or its `new`.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// Its durable events cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a config that was applied.
pub(crate) struct Applied {
    /// The config, with all that the extensions say of it.
    pub(crate) config: Config,
    /// The outcome for each extension.
    pub(crate) attempts: Vec<Attempt>,
}

/// Applies `config` in place of the one that `watched` run by.
///
/// # Errors
///
/// See [`ReconfigureError`]; nothing was changed then.
pub(crate) fn apply(
    shared: &Arc<Shared>,
    loader: &Loader,
    listener_settings: &ListenerSettings,
    fixed: &FixedConfig,
    watched: &mut Vec<Watched>,
    config: &Config,
) -> Result<Applied, ReconfigureError> {
    fixed.check(&FixedConfig {
        identity: fixed.identity.clone(),
        ..FixedConfig::from_config(config)
    })?;
    let (completed, new) = admit(watched, config)?;
    let config = &completed;
    // Only now: what the file leaves out of the identity, the extensions say.
    fixed.check(&FixedConfig::from_config(config))?;
    // First: `new` of an added extension may send requests already, also one that fails later.
    let http = &shared.services.http;
    let former_rates = http.set_rates(config.rates.clone());
    let former_trust = listener_settings.set_trust(&config.trust);
    let added = add_all(shared, loader, config, new);
    let added = added.inspect_err(|_| {
        http.set_rates(former_rates);
        listener_settings.set_trust(&former_trust);
    })?;

    let mut attempts: Vec<Attempt> = added
        .iter()
        .map(|it| attempt(it, Ok(added_as(it))))
        .collect();
    let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(watched)
        .into_iter()
        .partition(|it| config.extensions.contains(&it.extension.name));
    *watched = kept;
    let removed = gone.iter().zip(remove_all(shared, &gone));
    attempts.extend(removed.map(|(it, outcome)| attempt(it, Ok(outcome))));
    for kept in &mut *watched {
        // Several that take their time may take longer together than the service manager waits.
        service_manager().alive();
        kept.settings = start::settings(config, &kept.extension.name);
        let outcome = reload::follow_config(shared, loader, kept);
        attempts.push(attempt(kept, outcome));
    }
    watched.extend(added);
    let place = |name: &str| config.extensions.iter().position(|it| it == name);
    watched.sort_by_key(|it| place(&it.extension.name));
    shared.services.bus.order(&config.extensions);
    attempts.sort_by_key(|it| place(&it.name));
    Ok(Applied {
        config: completed,
        attempts,
    })
}

/// Checks that all parts of `config` fit together, and returns it with its whole identity, and the files of extensions to be added.
///
/// A damaged file does not reject the config if its extension runs: the running version goes on.
fn admit(
    watched: &[Watched],
    config: &Config,
) -> Result<(Config, Vec<(String, PluginFile)>), ReconfigureError> {
    let mut manifests = Vec::new();
    let mut new = Vec::new();
    for (name, read) in config.extensions.iter().zip(plugin_files::read(config)) {
        let running = watched.iter().find(|it| it.extension.name == *name);
        match (read, running.and_then(|it| it.extension.manifest())) {
            (Ok(candidate), Some(_)) => manifests.push(Arc::new(candidate.manifest)),
            (Err(_), Some(manifest)) => manifests.push(manifest),
            (Err(error), None) => return Err(rejected(name, error.into())),
            (Ok(candidate), None) => {
                manifests.push(Arc::new(candidate.manifest.clone()));
                new.push((name.clone(), candidate));
            }
        }
    }
    let manifests: Vec<&Manifest> = manifests.iter().map(|manifest| &**manifest).collect();
    let (completed, faults) = admission::admit(config, &manifests);
    config.reject(faults)?;
    Ok((completed, new))
}

fn attempt(watched: &Watched, outcome: Result<Outcome, ReloadError>) -> Attempt {
    Attempt {
        name: watched.extension.name.clone(),
        outcome,
    }
}

fn added_as(watched: &Watched) -> Outcome {
    Outcome::Added {
        version: watched.extension.version(),
    }
}

/// Starts all of `new`, or none.
fn add_all(
    shared: &Arc<Shared>,
    loader: &Loader,
    config: &Config,
    new: Vec<(String, PluginFile)>,
) -> Result<Vec<Watched>, ReconfigureError> {
    let mut loaded = Vec::new();
    for (name, candidate) in new {
        let plugin = loader.load(&candidate);
        let plugin = plugin.map_err(|error| rejected(&name, error.into()))?;
        loaded.push((name, candidate, plugin));
    }
    let mut added: Vec<Watched> = Vec::new();
    for (name, candidate, plugin) in loaded {
        service_manager().alive();
        match add(shared, config, &name, candidate, plugin) {
            Ok(watched) => added.push(watched),
            Err(reason) => {
                remove_all(shared, &added);
                return Err(rejected(&name, reason));
            }
        }
    }
    Ok(added)
}

fn rejected(name: &str, source: AddError) -> ReconfigureError {
    ReconfigureError::Extension {
        name: name.to_owned(),
        source,
    }
}

/// An extension with the durable events that an earlier one of its name has not handled.
fn extension_with_undelivered(shared: &Shared, name: &str) -> Result<Arc<Extension>, AddError> {
    let extension = Arc::new(Extension::new(name));
    start::redeliver_undelivered(shared, &extension)?;
    Ok(extension)
}

/// Starts an extension on its own thread, so that a `new` that does not return holds up no other.
fn add(
    shared: &Arc<Shared>,
    config: &Config,
    name: &str,
    candidate: PluginFile,
    plugin: Plugin,
) -> Result<Watched, AddError> {
    let settings = start::settings(config, name);
    let extension = extension_with_undelivered(shared, name)?;
    shared
        .services
        .bus
        .subscribe(&extension, &plugin.manifest.events);
    let (started, result) = mpsc::channel();
    let parts = (
        Arc::clone(shared),
        Arc::clone(&extension),
        Arc::clone(&settings),
    );
    let (version, hash) = (plugin.manifest.version.clone(), plugin.hash.clone());
    let start = move || {
        let (shared, extension, settings) = parts;
        extension.install(&plugin, &settings);
        let runner = match Runner::new(shared, extension, settings, plugin) {
            Ok(runner) => runner,
            Err(reason) => return drop(started.send(Err(reason))),
        };
        // A send fails if `new` took too long; the extension was left behind meanwhile.
        if started.send(Ok(())).is_ok() {
            runner.run();
        }
    };
    let result = match shared.threads.spawn(name, start) {
        Ok(()) => match result.recv_timeout(SWITCH_TIMEOUT) {
            Ok(made) => made.map_err(|failure| failure.0),
            Err(_) => {
                let seconds = SWITCH_TIMEOUT.as_secs();
                Err(format!("`new` has not returned for {seconds} s"))
            }
        },
        Err(cause) => Err(cause.to_string()),
    };
    if let Err(reason) = result {
        shared.services.bus.remove(&extension);
        // If `new` has returned in this very moment, its thread takes the command.
        let stop = Command::Stop(mpsc::channel().0);
        extension.mailbox.put_command(stop);
        leave_behind(shared, &extension);
        // `new` may still return, and report what nobody would end.
        extension.conditions.end(&shared.services);
        return Err(PluginError::New { version, reason }.into());
    }
    info!(
        extension = name,
        version,
        hash = short_hash(&hash),
        "extension added"
    );
    Ok(Watched {
        extension,
        settings,
        path: candidate.path,
        seen: candidate.signature,
        settling: Settling::default(),
    })
}

/// Stops extensions. Their stored values and durable events stay, in case they are added again.
fn remove_all(shared: &Shared, gone: &[Watched]) -> Vec<Outcome> {
    // All of them before the first wait: those that replace them run already, and both would handle the same events.
    let ends: Vec<_> = gone.iter().map(|it| begin_removal(shared, it)).collect();
    let deadline = Instant::now() + REMOVE_TIMEOUT;
    let ends = gone.iter().zip(ends);
    ends.map(|(it, end)| complete_removal(shared, it, &end, deadline))
        .collect()
}

/// Takes an extension off the bus, and returns where its thread reports its end.
fn begin_removal(shared: &Shared, watched: &Watched) -> mpsc::Receiver<()> {
    let extension = &watched.extension;
    shared.services.bus.remove(extension);
    let (ended, end) = mpsc::channel();
    // What is removed need not switch before.
    let _ = extension.mailbox.withdraw_swaps();
    extension.mailbox.put_command(Command::Stop(ended));
    end
}

fn complete_removal(
    shared: &Shared,
    watched: &Watched,
    end: &mpsc::Receiver<()>,
    deadline: Instant,
) -> Outcome {
    let extension = &watched.extension;
    // Each may take its time, and the service manager waits for all together.
    service_manager().alive();
    let left = deadline.saturating_duration_since(Instant::now());
    if end.recv_timeout(left).is_err() {
        warn!(
            extension = extension.name,
            "a handler has not returned within {} s of the removal; its thread is left behind, and its effects are dropped",
            REMOVE_TIMEOUT.as_secs()
        );
        leave_behind(shared, extension);
    }
    extension.conditions.end(&shared.services);
    let version = extension.version();
    info!(extension = extension.name, version, "extension removed");
    Outcome::Removed { version }
}

/// Leaves behind the thread of an extension that the bus has removed: a native handler cannot be stopped, and may return
/// after another extension was added under the same name.
fn leave_behind(shared: &Shared, extension: &Extension) {
    // An epoch without a runner: whatever the handler still asks for is dropped.
    extension.fence.begin_epoch();
    shared.services.end_all(extension);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::runtime::mailbox::Taken;
    use crate::store::Store;
    use crate::store::fragile::{Fault, FragileBackend};

    #[test]
    fn removed_extension_that_switches_is_gone() {
        let shared = Shared::offline(Store::in_memory().unwrap());
        let watched = Watched::unattended("counter");
        let bus = &shared.services.bus;
        bus.subscribe(&watched.extension, &[]);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                // As a runner that carries out an earlier switch before its end.
                if let Taken::Command(Command::Stop(ended)) = watched.extension.mailbox.take() {
                    bus.subscribe(&watched.extension, &[]);
                    ended.send(()).unwrap();
                }
            });
            remove_all(&shared, std::slice::from_ref(&watched));
        });
        assert_eq!(bus.extensions().len(), 0);
    }

    #[test]
    fn stuck_removed_extension_delays_no_other() {
        let shared = Shared::offline(Store::in_memory().unwrap());
        let gone = ["stuck", "other"].map(Watched::unattended);
        let [stuck, other] = gone.each_ref().map(|it| &it.extension.mailbox);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                // The handler of the first returns only once the other has ended.
                for mailbox in [other, stuck] {
                    if let Taken::Command(Command::Stop(ended)) = mailbox.take() {
                        ended.send(()).unwrap();
                    }
                }
            });
            remove_all(&shared, &gone);
        });
        let is_left_behind = |it: &Watched| !it.extension.fence.is_current(0);
        assert!(!gone.iter().any(is_left_behind));
    }

    #[test]
    fn unreadable_outbox_keeps_an_extension_out() {
        let (backend, is_broken) = FragileBackend::new(Fault::Read);
        let shared = Shared::offline(Store::uncached(backend).unwrap());
        assert!(extension_with_undelivered(&shared, "x").is_ok());
        is_broken.store(true, Ordering::Relaxed);
        let failed = extension_with_undelivered(&shared, "x").unwrap_err();
        assert!(matches!(failed, AddError::Store(_)), "{failed}");
    }
}
