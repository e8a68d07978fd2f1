//! Controls a running host, for signals, the admin socket and tests.

pub(crate) mod admin;
pub(crate) mod calls;
pub(crate) mod export;
pub(crate) mod operator;
pub(crate) mod report;
mod stream;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use axum::response::Response;
use tig_plugin_api::Route;
use tig_process::error_chain::error_chain;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::{error, info, warn};

pub use self::calls::{Call, CallError};
use self::report::{ConditionReport, HostStatus};
use crate::config::{Config, ConfigError, Suggestion};
use crate::http::listener::Peer;
use crate::http::metrics::Metrics;
use crate::http::server;
use crate::http::settings::ListenerSettings;
use crate::lifecycle::drain::Drain;
use crate::lifecycle::reconfigure::ReconfigureError;
use crate::lifecycle::reload::{Attempt, Outcome, ReloadError};
use crate::lifecycle::shadowing::ShadowError;
use crate::lifecycle::supervisor::{Message, Named, REQUESTS_COUNT_MAX, Reconfigured, Request};
use crate::observe::history::History;
use crate::observe::status::ExtensionStatus;
use crate::runtime::bus::{Full, Page, Wanted};
use crate::runtime::event::{HOST, Kind};
use crate::runtime::failure::StoreFailure;
use crate::runtime::shared::Shared;
use crate::store::{Archive, StoreError};

/// Path of the operator's page.
const PAGE_PATH: &str = "/operator/";

/// Longest wait for the supervisor. A request that takes longer is still carried out.
pub(crate) const CONTROL_TIMEOUT: Duration = Duration::from_secs(120);

/// Why the host has not carried out a request.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No such extension runs.
    #[error("no extension `{name}` is running{suggestion}")]
    Unknown {
        /// The requested name.
        name: String,
        /// A running extension with a similar name.
        suggestion: String,
    },
    /// The config file has faults; nothing was changed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file does not take over; the running version keeps running.
    #[error("refused: {0}")]
    Reload(#[from] ReloadError),
    /// The shadow does not start, take over or end; the running version keeps running.
    #[error("refused: {0}")]
    Shadow(#[from] ShadowError),
    /// The config is not applied; the present one stays.
    #[error("refused: {0}")]
    Reconfigure(#[from] ReconfigureError),
    /// The supervisor has ended.
    #[error("the host is stopping")]
    Stopping,
    /// The supervisor has too much to do.
    #[error("{REQUESTS_COUNT_MAX} requests wait already; nothing was changed, try again later")]
    Busy,
    /// The supervisor has not answered for `CONTROL_TIMEOUT`.
    #[error("not done after {} s; it is still due", CONTROL_TIMEOUT.as_secs())]
    Late,
}

/// Parts of a host that its handles use.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) supervisor: mpsc::Sender<Message>,
    pub(crate) drain: Drain,
    pub(crate) listener_settings: Arc<ListenerSettings>,
    pub(crate) history: Arc<History>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) address: SocketAddr,
}

struct Inner {
    parts: Parts,
    started: Instant,
    /// Room for requests to the supervisor.
    requests: Arc<Semaphore>,
    /// Room for one reading of the config file that waits for such room.
    reload_waits: Semaphore,
}

/// A handle of a running host. Calls that change something wait for the result; dropping such a call ends the wait
/// alone.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

impl Control {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            started: Instant::now(),
            requests: Arc::new(Semaphore::new(REQUESTS_COUNT_MAX)),
            reload_waits: Semaphore::new(1),
        }))
    }

    /// The status of the host and its extensions.
    #[must_use]
    pub(crate) fn status(&self) -> HostStatus {
        HostStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            address: self.0.parts.address.to_string(),
            uptime_seconds: self.0.started.elapsed().as_secs(),
            draining: self.0.parts.drain.is_requested(),
            page: self.page(),
            extensions: self.extensions(),
            conditions: self.conditions(),
        }
    }

    /// Where the operator's page is, if an extension contributes it.
    fn page(&self) -> Option<String> {
        let parts = &self.0.parts;
        let routes = self.routes();
        let is_page = |route: &Route| route.method == "GET" && route.path == PAGE_PATH;
        routes.iter().find(|(_, route)| is_page(route))?;
        let has_tls = parts.listener_settings.tls().borrow().is_some();
        let scheme = if has_tls { "https" } else { "http" };
        let mut address = parts.address;
        if address.ip().is_unspecified() {
            // From this machine it is reached so.
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(format!("{scheme}://{address}{PAGE_PATH}"))
    }

    /// The conditions of the host and its extensions, the most severe first.
    #[must_use]
    pub(crate) fn conditions(&self) -> Vec<ConditionReport> {
        let shared = &self.0.parts.shared;
        let report = |extension: &str, standing| ConditionReport {
            extension: extension.to_owned(),
            standing,
        };
        let own = shared.conditions.get().into_iter();
        let mut all: Vec<_> = own.map(|it| report(HOST, it)).collect();
        for extension in shared.services.bus.extensions() {
            let standing = extension.conditions.get().into_iter();
            all.extend(standing.map(|it| report(&extension.name, it)));
        }
        all.sort_by_key(|it| std::cmp::Reverse(it.standing.condition.severity));
        all
    }

    /// The history of the metrics.
    #[must_use]
    pub(crate) fn history(&self) -> &History {
        &self.0.parts.history
    }

    /// The host's metrics.
    #[must_use]
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.parts.metrics
    }

    /// Routes of the running extensions, each with the name of its extension.
    #[must_use]
    pub(crate) fn routes(&self) -> Vec<(String, Route)> {
        let extensions = self.0.parts.shared.services.bus.extensions();
        let named = extensions.iter().flat_map(|extension| {
            let routes = extension.routes().into_iter();
            routes.map(|route| (extension.name.clone(), route))
        });
        named.collect()
    }

    /// The latest events.
    #[must_use]
    pub(crate) fn recent(&self, wanted: &Wanted) -> Page {
        self.0.parts.shared.services.bus.recent(wanted)
    }

    /// Milliseconds since the Unix epoch, by the host's clock.
    #[must_use]
    pub(crate) fn now_ms(&self) -> u64 {
        self.0.parts.shared.services.clock.now_ms()
    }

    /// The reply of an extension to a request to one of its routes.
    pub(crate) async fn reply_of_extension(
        &self,
        peer: &Peer,
        request: axum::extract::Request,
    ) -> Response {
        server::reply_of_extension(&self.0.parts.shared, peer, request).await
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

    /// Waits until nothing can be stored any more, and returns the reason. The host must end then.
    pub(crate) async fn store_failure(&self) -> StoreFailure {
        self.0.parts.shared.committer.failure().await
    }

    /// The store as of this moment.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn archive(&self) -> Result<Archive, StoreError> {
        self.0.parts.shared.services.store.archive()
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

    /// Drains the host for at most `max`; then it ends.
    pub(crate) fn drain(&self, max: Option<Duration>) {
        self.0.parts.drain.request(max);
    }

    /// Replaces extension `name` by its present file. A stopped extension starts again even if its file has not
    /// changed.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub async fn reload(&self, name: &str) -> Result<Outcome, ControlError> {
        self.request_named(name, |name, reply| Request::Reload { name, reply })
            .await
    }

    /// Starts the plugin in `file` as a shadow of extension `name`: it handles the same items, and its effects are
    /// compared with those of the running version. `status` shows the result.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub async fn shadow(&self, name: &str, file: &Path) -> Result<(), ControlError> {
        let file = file.to_owned();
        self.request_named(name, |name, reply| Request::Shadow { name, file, reply })
            .await
    }

    /// Replaces extension `name` by its shadow, as at a reload, and installs the shadow's file.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub async fn promote(&self, name: &str) -> Result<Outcome, ControlError> {
        self.request_named(name, |name, reply| Request::Promote { name, reply })
            .await
    }

    /// Ends the shadow of extension `name`.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub async fn discard(&self, name: &str) -> Result<(), ControlError> {
        self.request_named(name, |name, reply| Request::Discard { name, reply })
            .await
    }

    /// Applies `config`: extensions are added, removed, moved and get other settings; changed files take over. Returns
    /// the outcome for each extension.
    ///
    /// # Errors
    ///
    /// See [`ControlError`]; nothing was changed then, unless it is [`ControlError::Late`].
    pub async fn apply(&self, config: Config) -> Result<Vec<Attempt>, ControlError> {
        let config = Box::new(config);
        let applied = self.request(|reply| Request::Reconfigure { config, reply });
        Ok(applied.await??)
    }

    /// Reads the config file again and applies it; changed files take over.
    ///
    /// # Errors
    ///
    /// As for [`Control::apply`].
    pub(crate) async fn reload_config(&self) -> Result<Vec<Attempt>, ControlError> {
        let applied = self.request(|reply| Request::ReadConfig { reply });
        flatten_reply(applied.await)
    }

    /// Like [`Control::reload_config`], with the outcome in the log. Waits for a place among the requests: a changed file is
    /// noticed once, so nobody would try again.
    pub(crate) async fn reload_config_logged(&self) {
        // One waits at most, since it reads the file as that is then. Only the end of the host ends its wait early. Whoever needs to
        // know when the file was read waits for all that are under way.
        let Ok(waits) = self.0.reload_waits.try_acquire() else {
            return;
        };
        // Fails only if the semaphore is closed, which nobody does.
        let Ok(place) = Arc::clone(&self.0.requests).acquire_owned().await else {
            return;
        };
        drop(waits);
        let applied = self.request_at(place, |reply| Request::ReadConfig { reply });
        match flatten_reply(applied.await) {
            // The outcome of each extension is in the log already.
            Ok(_) => info!("config and extensions were read again"),
            Err(error @ ControlError::Late) => warn!("reading config and plugins again: {error}"),
            Err(error) => error!("nothing was changed: {}", error_chain(&error)),
        }
    }

    /// Sends the supervisor a request that concerns extension `name`, and waits for the reply.
    async fn request_named<T, E: Into<ControlError>>(
        &self,
        name: &str,
        request: impl FnOnce(String, oneshot::Sender<Named<T, E>>) -> Request,
    ) -> Result<T, ControlError> {
        let answer = self
            .request(|reply| request(name.to_owned(), reply))
            .await?;
        answer
            .ok_or_else(|| self.unknown(name))?
            .map_err(Into::into)
    }

    /// Sends the supervisor a request, and waits for the reply.
    async fn request<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, ControlError> {
        let room = Arc::clone(&self.0.requests).try_acquire_owned();
        let place = room.map_err(|_| ControlError::Busy)?;
        self.request_at(place, request).await
    }

    /// Sends the supervisor a request that has this place, and waits for the reply. The wait holds no thread: one for
    /// blocking work would be missing where names are looked up.
    async fn request_at<T>(
        &self,
        place: OwnedSemaphorePermit,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, ControlError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Request(request(reply), place);
        let sent = self.0.parts.supervisor.send(message);
        sent.map_err(|_| ControlError::Stopping)?;
        receive(answer, CONTROL_TIMEOUT).await
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

/// The outcome of a config that was read again.
fn flatten_reply(
    applied: Result<Result<Reconfigured, ConfigError>, ControlError>,
) -> Result<Vec<Attempt>, ControlError> {
    Ok(applied???)
}

/// Waits for the supervisor's reply.
async fn receive<T>(answer: oneshot::Receiver<T>, timeout: Duration) -> Result<T, ControlError> {
    let answer = tokio::time::timeout(timeout, answer).await;
    let answer = answer.map_err(|_| ControlError::Late)?;
    answer.map_err(|_| ControlError::Stopping)
}

#[cfg(test)]
mod tests;
