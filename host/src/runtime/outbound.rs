//! HTTP requests of extensions on the way to the network, and the way back of their responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tig_plugin_api::{HttpAnswer, HttpCall, HttpFailure, HttpResponse, Turn};
use tracing::error;

use crate::config::{RateTable, api_host};
use crate::limits::CALL_TIMEOUT_MAX;
use crate::runtime::mailbox::Mailbox;

/// A request that an extension has made.
#[derive(Clone, Debug)]
pub struct QueuedCall {
    /// The request.
    pub call: HttpCall,
    /// Its priority and how long it may wait for a turn.
    pub turn: Turn,
}

impl QueuedCall {
    /// How long the request may wait for a turn.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let wait_ms_max = self.turn.wait_ms_max.unwrap_or(self.call.timeout_ms);
        Duration::from_millis(wait_ms_max).min(CALL_TIMEOUT_MAX)
    }
}

/// A request in flight, and the extension that waits for its response.
pub(crate) struct PendingCall {
    /// The request.
    pub queued: QueuedCall,
    mailbox: Arc<Mailbox>,
    in_flight: Arc<AtomicUsize>,
}

impl PendingCall {
    /// Counts `queued` in `in_flight`; its response goes to `mailbox`.
    #[must_use]
    pub(crate) fn new(
        queued: QueuedCall,
        mailbox: Arc<Mailbox>,
        in_flight: Arc<AtomicUsize>,
    ) -> Self {
        in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            queued,
            mailbox,
            in_flight,
        }
    }

    /// Puts the response into the extension's mailbox.
    pub(crate) fn complete(self, result: Result<HttpAnswer, HttpFailure>) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let HttpCall { tag, url, .. } = self.queued.call;
        let response = HttpResponse { tag, result };
        match response.encode() {
            Ok(response) => self.mailbox.put_response(response),
            Err(error) => {
                // Not the whole URL: those of webhooks are secrets.
                let (tag, host) = (&response.tag, api_host(&url));
                error!(tag, host, "response cannot be passed on: {error}");
            }
        }
    }
}

/// Sends requests on its own threads, and completes them.
pub(crate) trait HttpSender: Send + Sync {
    /// Sends a request; returns at once.
    fn send(&self, call: PendingCall);

    /// Sets the number of requests per minute to each API host, and returns the earlier rates.
    fn set_rates(&self, rates: RateTable) -> RateTable;
}
