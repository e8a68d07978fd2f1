//! What an operator may do to a running host, by signals or through the admin socket.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use tracing::{error, info};

use crate::{
    config::{Config, ConfigError, Overrides},
    control::control::{Control, ControlError},
    error::one_line,
    host::Host,
    http::settings::Edge,
    lifecycle::{
        drain::Drain,
        reload::{Attempt, Outcome},
    },
    observe::status::ExtensionStatus,
};

/// See the module's documentation.
#[derive(Clone)]
pub struct Operator {
    control: Control,
    drain: Drain,
    edge: Arc<Edge>,
    address: String,
    started: std::time::Instant,
    /// Where the config came from.
    path: PathBuf,
    overrides: Overrides,
}

/// A host as its operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct HostStatus {
    /// Version of the host.
    pub version: &'static str,
    /// Process id.
    pub pid: u32,
    /// Where it listens.
    pub address: String,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// It begins nothing new and will end.
    pub draining: bool,
    /// Its extensions, in the config's order.
    pub extensions: Vec<ExtensionStatus>,
}

/// Why a reload has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// See [`ConfigError`].
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// See [`ControlError`].
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Operator {
    /// Operates `host`, whose config was read from `path` under `overrides`.
    #[must_use]
    pub fn new(host: &Host, path: PathBuf, overrides: Overrides) -> Self {
        Self {
            control: host.control(),
            drain: host.drain(),
            edge: host.edge(),
            address: host.address().to_string(),
            started: std::time::Instant::now(),
            path,
            overrides,
        }
    }

    /// What runs, and how it goes.
    #[must_use]
    pub fn status(&self) -> HostStatus {
        HostStatus {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            address: self.address.clone(),
            uptime_seconds: self.started.elapsed().as_secs(),
            draining: self.drain.is_asked(),
            extensions: self.control.status(),
        }
    }

    /// Waits until nothing can be stored any more; tells why.
    pub async fn store_failure(&self) -> String {
        self.control.store_failure().await
    }

    /// Lets the present file of one extension take over.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn reload(&self, name: &str) -> Result<Outcome, ControlError> {
        self.control.reload(name)
    }

    /// Runs the plugin of `file` beside an extension, to compare what it would do.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn shadow(&self, name: &str, file: &Path) -> Result<(), ControlError> {
        self.control.shadow(name, file)
    }

    /// Lets what runs beside an extension take over.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn promote(&self, name: &str) -> Result<Outcome, ControlError> {
        self.control.promote(name)
    }

    /// Ends what runs beside an extension.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn discard(&self, name: &str) -> Result<(), ControlError> {
        self.control.discard(name)
    }

    /// Reads the config again and applies it; the present file of every extension takes over.
    ///
    /// # Errors
    ///
    /// The config is faulty or cannot be applied: nothing has changed. Else see [`ControlError`].
    pub fn reload_all(&self) -> Result<Vec<Attempt>, ReloadError> {
        let config = Config::load(&self.path, self.overrides.clone())?;
        let attempts = self.control.apply(config.clone())?;
        self.edge.apply(&config);
        Ok(attempts)
    }

    /// Like [`Operator::reload_all`], told to the log.
    pub fn reload_all_logged(&self) {
        match self.reload_all() {
            // What came of each extension is in the log already.
            Ok(_) => info!("config and extensions were read again"),
            Err(error) => error!("nothing was changed: {}", one_line(&error)),
        }
    }

    /// Lets extensions finish what they have begun, for at most `max`; then the host ends.
    pub fn drain(&self, max: Option<Duration>) {
        self.drain.ask(max);
    }
}
