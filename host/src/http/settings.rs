//! What the config says of the host's edge, as it is now: it can change while the listener stays open.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use tracing::warn;

use crate::{
    config::Config,
    http::{access::Access, client::HttpClient, listener::Tls},
};

/// See the module's documentation.
pub struct Edge {
    access: watch::Sender<Access>,
    tls: watch::Sender<Option<Arc<ServerConfig>>>,
    http: HttpClient,
}

impl Edge {
    /// The edge as `config` wants it.
    #[must_use]
    pub fn new(config: &Config, http: HttpClient) -> Self {
        warn_of(config);
        http.set_rates(config.rates);
        Self {
            access: watch::Sender::new(config.access.clone()),
            tls: watch::Sender::new(config.tls.clone()),
            http,
        }
    }

    /// From now on, the edge is as `config` wants it; open connections stay as they are.
    pub fn apply(&self, config: &Config) {
        warn_of(config);
        self.access.send_replace(config.access.clone());
        self.tls.send_replace(config.tls.clone());
        self.http.set_rates(config.rates);
    }

    /// Who may use the listener.
    #[must_use]
    pub fn access(&self) -> watch::Receiver<Access> {
        self.access.subscribe()
    }

    /// TLS of the listener.
    #[must_use]
    pub fn tls(&self) -> Tls {
        self.tls.subscribe()
    }
}

fn warn_of(config: &Config) {
    for warning in &config.warnings {
        warn!("{warning}");
    }
}
