//! How the outside (signals, the admin socket, tests) talks to a running host.

pub(crate) mod admin;
pub(crate) mod report;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tig_process::error_chain::error_chain;
use tracing::{error, info};

use self::report::HostStatus;
use crate::{
    config::{Config, ConfigError, Overrides, Suggestion},
    http::settings::Edge,
    lifecycle::{
        drain::Drain,
        reconfigure::ReconfigureError,
        reload::{Attempt, Outcome, ReloadError},
        shadowing::ShadowError,
        supervisor::{Message, Named, Request},
    },
    observe::status::ExtensionStatus,
    runtime::{bus::Full, event::Kind, failure::StoreFailure, shared::Shared},
};

/// A longer wait for the supervisor is given up; what was asked for still happens.
pub(crate) const CONTROL_TIMEOUT: Duration = Duration::from_secs(120);

/// Why the host has not done what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The config lists no such extension.
    #[error("no extension `{name}` is running{suggestion}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// A running extension with a similar name.
        suggestion: String,
    },
    /// The config file is faulty: nothing was changed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file does not take over; what ran before keeps running.
    #[error("refused: {0}")]
    Reload(#[from] ReloadError),
    /// The shadow does not start, take over or end; what ran before keeps running.
    #[error("refused: {0}")]
    Shadow(#[from] ShadowError),
    /// The config is not applied; what ran before keeps running.
    #[error("refused: {0}")]
    Reconfigure(#[from] ReconfigureError),
    /// Nobody answers any more.
    #[error("the host is stopping")]
    Stopping,
    /// See [`CONTROL_TIMEOUT`].
    #[error("not done after {} s; it is still due", CONTROL_TIMEOUT.as_secs())]
    Late,
}

/// What a handle needs of the host.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) supervisor: mpsc::Sender<Message>,
    pub(crate) drain: Drain,
    pub(crate) edge: Arc<Edge>,
    pub(crate) address: SocketAddr,
    /// Where the config came from, to be read again.
    pub(crate) config: (PathBuf, Overrides),
}

struct Inner {
    parts: Parts,
    started: Instant,
}

/// A handle of a running host. Calls that change something wait until it is done, on the caller's thread.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

impl Control {
    pub(crate) fn new(parts: Parts) -> Self {
        let started = Instant::now();
        Self(Arc::new(Inner { parts, started }))
    }

    /// What runs, and how it goes.
    #[must_use]
    pub(crate) fn status(&self) -> HostStatus {
        HostStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            address: self.0.parts.address.to_string(),
            uptime_seconds: self.0.started.elapsed().as_secs(),
            draining: self.0.parts.drain.is_requested(),
            extensions: self.extensions(),
        }
    }

    /// All extensions, in the config's order.
    #[must_use]
    pub fn extensions(&self) -> Vec<ExtensionStatus> {
        let extensions = self.0.parts.shared.services.bus.extensions();
        extensions
            .iter()
            .map(|extension| extension.status())
            .collect()
    }

    /// Waits until nothing can be stored any more, and returns the reason. The host is of no use then.
    pub(crate) async fn store_failure(&self) -> StoreFailure {
        self.0.parts.shared.committer.failure().await
    }

    /// Publishes an event of the host itself, with its arguments as JSON.
    ///
    /// # Errors
    ///
    /// An extension that handles it has no room.
    pub fn publish(&self, event: &str, arguments: &[u8], kind: Kind) -> Result<(), Full> {
        let bus = &self.0.parts.shared.services.bus;
        bus.emit(event, arguments, kind)
    }

    /// Lets extensions finish what they have begun, for at most `max`; then the host ends.
    pub(crate) fn drain(&self, max: Option<Duration>) {
        self.0.parts.drain.request(max);
    }

    /// Lets the present file of extension `name` take over. One that is stopped is started again even if its file is the
    /// same.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn reload(&self, name: &str) -> Result<Outcome, ControlError> {
        self.request_named(name, |name, reply| Request::Reload { name, reply })
    }

    /// Runs the plugin of `file` beside extension `name`: it gets the same events, and what it would do is compared with what
    /// the running version does. [`Control::status`] shows how it does.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn shadow(&self, name: &str, file: &Path) -> Result<(), ControlError> {
        let file = file.to_owned();
        self.request_named(name, |name, reply| Request::Shadow { name, file, reply })
    }

    /// Lets what runs beside extension `name` take over, as at a reload, and puts its file in place of the extension's.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn promote(&self, name: &str) -> Result<Outcome, ControlError> {
        self.request_named(name, |name, reply| Request::Promote { name, reply })
    }

    /// Ends what runs beside extension `name`.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn discard(&self, name: &str) -> Result<(), ControlError> {
        self.request_named(name, |name, reply| Request::Discard { name, reply })
    }

    /// Lets `config` take the place of the present one: extensions come, go, move and get other settings; changed files
    /// take over. Returns what came of each extension.
    ///
    /// # Errors
    ///
    /// See [`ControlError`]; nothing was changed then.
    pub fn apply(&self, config: Config) -> Result<Vec<Attempt>, ControlError> {
        let (edge, config) = (&self.0.parts.edge, Box::new(config));
        let wanted = config.clone();
        let attempts = self.request(|reply| Request::Reconfigure { config, reply })??;
        edge.apply(&wanted);
        Ok(attempts)
    }

    /// Reads the config file again and applies it; the present file of every extension takes over.
    ///
    /// # Errors
    ///
    /// As for [`Control::apply`].
    pub(crate) fn reload_config(&self) -> Result<Vec<Attempt>, ControlError> {
        let (path, overrides) = &self.0.parts.config;
        self.apply(Config::load(path, overrides.clone())?)
    }

    /// Like [`Control::reload_config`], with the outcome in the log.
    pub(crate) fn reload_config_logged(&self) {
        match self.reload_config() {
            // The outcome of each extension is in the log already.
            Ok(_) => info!("config and extensions were read again"),
            Err(error) => error!("nothing was changed: {}", error_chain(&error)),
        }
    }

    /// Asks the supervisor for something that concerns extension `name`.
    fn request_named<T, E: Into<ControlError>>(
        &self,
        name: &str,
        request: impl FnOnce(String, mpsc::Sender<Named<T, E>>) -> Request,
    ) -> Result<T, ControlError> {
        let answer = self.request(|reply| request(name.to_owned(), reply))?;
        answer
            .ok_or_else(|| self.unknown(name))?
            .map_err(Into::into)
    }

    /// Asks the supervisor and waits for its answer.
    fn request<T>(
        &self,
        request: impl FnOnce(mpsc::Sender<T>) -> Request,
    ) -> Result<T, ControlError> {
        let (reply, answer) = mpsc::channel();
        let message = Message::Request(request(reply));
        let sent = self.0.parts.supervisor.send(message);
        sent.map_err(|_| ControlError::Stopping)?;
        answer
            .recv_timeout(CONTROL_TIMEOUT)
            .map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => ControlError::Late,
                mpsc::RecvTimeoutError::Disconnected => ControlError::Stopping,
            })
    }

    fn unknown(&self, name: &str) -> ControlError {
        let extensions = self.0.parts.shared.services.bus.extensions();
        let known = extensions.iter().map(|extension| extension.name.as_str());
        ControlError::Unknown {
            name: name.to_owned(),
            suggestion: Suggestion::find(name, known).to_string(),
        }
    }
}
