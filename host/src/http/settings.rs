//! The listener's settings of the present config: they can change while the listener stays open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tig_http_client::Trust;
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use tracing::warn;

use crate::config::Config;
use crate::config::access::Access;
use crate::http::client::HttpClient;
use crate::http::listener::Tls;
use crate::http::renewal::{RENEWAL_INTERVAL, Renewal};
use crate::http::ws::client::WsClient;

pub(crate) struct ListenerSettings {
    access: watch::Sender<Access>,
    tls: watch::Sender<Option<Arc<ServerConfig>>>,
    /// Locked while `tls` changes, so that a renewal never restores what a new config has replaced.
    renewal: Mutex<Option<Renewal>>,
    /// What `http` and `sockets` trust.
    trust: Mutex<Trust>,
    http: HttpClient,
    sockets: WsClient,
}

impl ListenerSettings {
    /// The settings of `config`.
    #[must_use]
    pub(crate) fn new(config: &Config, (http, sockets): (HttpClient, WsClient)) -> Self {
        warn_of(config);
        Self {
            access: watch::Sender::new(config.access.clone()),
            tls: watch::Sender::new(config.tls.as_ref().map(|tls| Arc::clone(&tls.server))),
            renewal: Mutex::new(config.tls.as_ref().map(Renewal::new)),
            trust: Mutex::new(config.trust.clone()),
            http,
            sockets,
        }
    }

    /// Sets the trusted authorities of later requests and connections, and returns the earlier ones.
    pub(crate) fn set_trust(&self, trust: &Trust) -> Trust {
        let mut present = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        self.http.set_trust(trust);
        self.sockets.set_trust(trust);
        std::mem::replace(&mut *present, trust.clone())
    }

    /// Applies `config` but for its trust, which extensions need before they start; open connections stay as they are.
    pub(crate) fn apply(&self, config: &Config) {
        warn_of(config);
        self.access.send_replace(config.access.clone());
        let mut renewal = self.renewal();
        *renewal = config.tls.as_ref().map(Renewal::new);
        self.tls
            .send_replace(config.tls.as_ref().map(|tls| Arc::clone(&tls.server)));
    }

    /// Shows the certificate on disk from now on, if it has changed and is usable. Waits for files that are being
    /// written.
    pub(crate) fn renew(&self) {
        let mut renewal = self.renewal();
        if let Some(server) = renewal.as_mut().and_then(Renewal::check) {
            self.tls.send_replace(Some(server));
        }
    }

    /// The access rules.
    #[must_use]
    pub(crate) fn access(&self) -> watch::Receiver<Access> {
        self.access.subscribe()
    }

    /// TLS of the listener.
    #[must_use]
    pub(crate) fn tls(&self) -> Tls {
        self.tls.subscribe()
    }

    /// A panic while the files are checked leaves nothing half changed.
    fn renewal(&self) -> MutexGuard<'_, Option<Renewal>> {
        self.renewal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn_of(config: &Config) {
    for warning in &config.warnings {
        warn!("{warning}");
    }
}

/// Checks the certificate of `listener_settings` regularly, until `stop` changes.
pub(crate) async fn renew_certificate(
    listener_settings: Arc<ListenerSettings>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(RENEWAL_INTERVAL) => {}
            // The sender is gone when the host has ended: stop as well.
            _ = stop.changed() => return,
        }
        let listener_settings = Arc::clone(&listener_settings);
        // Reading waits for files to settle. A panic ends only this check.
        let _ = tokio::task::spawn_blocking(move || listener_settings.renew()).await;
    }
}
