//! The thread that changes what runs: it watches the plugin files and serves requests, one at a time.
//!
//! Invariant: a request is served whole, also if its requester has given up, and of two configs the later one stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tig_process::error_chain::error_chain;
use tig_process::service_manager::service_manager;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot::Sender;

use crate::config::{Config, ConfigError, Overrides};
use crate::http::settings::ListenerSettings;
use crate::lifecycle::reconfigure::{self, FixedConfig, ReconfigureError};
use crate::lifecycle::recording::Recording;
use crate::lifecycle::reload::{self, Attempt, Outcome, ReloadError, Watched};
use crate::lifecycle::shadowing::{self, ShadowError};
use crate::lifecycle::watch::{FolderWatch, POLL_INTERVAL, Schedule};
use crate::observe::service_status::ServiceStatus;
use crate::plugin::Loader;
use crate::runtime::failure::StoreFailure;
use crate::runtime::shared::Shared;

/// Requests that may wait for the supervisor.
pub(crate) const REQUESTS_COUNT_MAX: usize = 64;

/// A message to the supervisor.
pub(crate) enum Message {
    /// Something in the plugin folder has changed.
    Changed,
    /// A request of the operator or a test, with its place among [`REQUESTS_COUNT_MAX`].
    Request(Request, OwnedSemaphorePermit),
    /// End the thread.
    Stop,
}

/// The outcome of a config for each extension.
pub(crate) type Reconfigured = Result<Vec<Attempt>, ReconfigureError>;

/// The outcome for an extension; `None` if no such extension runs.
pub(crate) type Named<T, E> = Option<Result<T, E>>;

/// A request, and where the reply goes.
pub(crate) enum Request {
    /// Replace an extension by its present file.
    Reload {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<Outcome, ReloadError>>,
    },
    /// Apply another config.
    Reconfigure {
        /// The other config.
        config: Box<Config>,
        /// Receives the reply.
        reply: Sender<Reconfigured>,
    },
    /// Read the config file again, and apply it.
    ReadConfig {
        /// Receives the reply.
        reply: Sender<Result<Reconfigured, ConfigError>>,
    },
    /// Start a shadow of an extension.
    Shadow {
        /// Name of the extension.
        name: String,
        /// The plugin file.
        file: PathBuf,
        /// Receives the reply.
        reply: Sender<Named<(), ShadowError>>,
    },
    /// Promote the shadow of an extension.
    Promote {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<Outcome, ShadowError>>,
    },
    /// End the shadow of an extension.
    Discard {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<(), ShadowError>>,
    },
}

pub(crate) struct Supervisor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) loader: Loader,
    /// The part of the config that does not change.
    pub(crate) fixed: FixedConfig,
    /// Path and overrides of the config, to read it again.
    pub(crate) config_file: (PathBuf, Overrides),
    pub(crate) listener_settings: Arc<ListenerSettings>,
    pub(crate) recording: Arc<Recording>,
    /// Where the files of `watched` lie.
    pub(crate) folder: FolderWatch,
    pub(crate) watched: Vec<Watched>,
}

impl Supervisor {
    /// Serves messages until it is stopped.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let mut schedule = Schedule::checked(Instant::now(), POLL_INTERVAL);
        let beat_interval = service_manager().beat_interval();
        loop {
            self.report();
            let wait = schedule.wait(Instant::now());
            match messages.recv_timeout(beat_interval.unwrap_or(wait).min(wait)) {
                Ok(Message::Changed) => schedule.change(Instant::now()),
                Ok(Message::Request(request, _place)) => self.serve(request),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let wait = self.check_files();
                    schedule = Schedule::checked(Instant::now(), wait);
                }
            }
        }
    }

    /// Reports to the service manager that this thread works: without it, no version would be replaced and no request of
    /// the operator served.
    fn report(&self) {
        let manager = service_manager();
        if manager.is_present() {
            manager.alive();
            let extensions = self.shared.services.bus.extensions();
            let extensions: Vec<_> = extensions.iter().map(|it| it.status()).collect();
            let own = self.shared.conditions.get();
            manager.status(&ServiceStatus::count(&extensions, &own));
        }
    }

    /// Checks every file, and reloads those that have changed; returns the time until the next check.
    fn check_files(&mut self) -> Duration {
        if let Some(reason) = self.shared.services.store.displaced() {
            self.shared.committer.give_up(&StoreFailure(reason));
        }
        self.folder.renew();
        let (shared, loader) = (&self.shared, &self.loader);
        let watched = self.watched.iter_mut();
        let waits = watched.map(|watched| {
            // Reloads of several files may take longer together than the service manager waits.
            service_manager().alive();
            reload::check_file(shared, loader, watched)
        });
        waits.min().unwrap_or(POLL_INTERVAL)
    }

    fn serve(&mut self, request: Request) {
        let Self {
            shared,
            loader,
            watched,
            ..
        } = self;
        match request {
            Request::Reload { name, reply } => {
                let found = find(watched, &name);
                send_reply(reply, found.map(|it| reload::reload(shared, loader, it)));
            }
            Request::Reconfigure { config, reply } => send_reply(reply, self.apply(&config)),
            Request::ReadConfig { reply } => send_reply(reply, self.read_config()),
            Request::Shadow { name, file, reply } => {
                let found = find(watched, &name);
                send_reply(reply, found.map(|it| shadowing::begin(loader, it, &file)));
            }
            Request::Promote { name, reply } => {
                let found = find(watched, &name);
                let outcome = found.map(|it| shadowing::promote(shared, loader, it));
                send_reply(reply, outcome);
            }
            Request::Discard { name, reply } => {
                let found = find(watched, &name);
                send_reply(reply, found.map(|it| shadowing::discard(it)));
            }
        }
    }

    /// Reads the config file and applies it. The file is read here, so that a request that has waited applies the file
    /// as it is now, and no older one after it.
    fn read_config(&mut self) -> Result<Reconfigured, ConfigError> {
        let (path, overrides) = &self.config_file;
        let loaded = Config::load(path, overrides.clone());
        let outcome = loaded.map(|config| self.apply(&config));
        self.shared.rejected_config.set(match &outcome {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error_chain(error)),
            Err(error) => Some(error_chain(error)),
        });
        outcome
    }

    /// Applies `config` to the extensions, and then to all else that follows it.
    fn apply(&mut self, config: &Config) -> Reconfigured {
        // Before any extension has them.
        self.recording.learn_secrets(config);
        let applied = reconfigure::apply(
            &self.shared,
            &self.loader,
            &self.listener_settings,
            &self.fixed,
            &mut self.watched,
            config,
        )?;
        self.listener_settings.apply(&applied.config);
        if let Err(error) = self.recording.apply(&applied.config) {
            let recorder = &self.shared.services.recorder;
            recorder.fail_to_begin(error.to_string());
        }
        Ok(applied.attempts)
    }
}

fn find<'a>(watched: &'a mut [Watched], name: &str) -> Option<&'a mut Watched> {
    watched.iter_mut().find(|it| it.extension.name == name)
}

/// A send fails if the requester has given up.
fn send_reply<T>(reply: Sender<T>, answer: T) {
    let _ = reply.send(answer);
}
