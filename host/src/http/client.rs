//! Sends the HTTP requests of extensions, or records them for a test or simulation that responds instead of the
//! network.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tig_http_client::Trust;
use tig_plugin_api::{HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, Method};
use tig_process::error_chain::error_chain;
use tokio::runtime::Handle;
use tracing::error;

use crate::config::{RateTable, api_host};
use crate::http::rate_limit::{Go, RateLimiter, Refusal};
use crate::limits::CALL_TIMEOUT_MAX;
use crate::runtime::outbound::{HttpSender, PendingCall, QueuedCall};

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time between two checks of a request for its turn: a raised limit lets it go earlier.
const TURN_CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct HttpClient {
    way: Way,
    limiter: Arc<Mutex<RateLimiter>>,
    counts: Arc<[AtomicU64; 3]>,
    /// Requests that were let through the door.
    begun: Arc<AtomicU64>,
    /// Of a client that only reads: what it has not sent, and never completes.
    withheld: Option<Arc<Mutex<Vec<Sent>>>>,
}

/// Where requests go.
#[derive(Clone)]
enum Way {
    Network {
        client: Arc<Mutex<reqwest::Client>>,
        runtime: Handle,
    },
    Recorded(Arc<Mutex<Vec<Sent>>>),
}

/// A sent request, counted when it is completed.
pub struct Sent {
    pending: PendingCall,
    counts: Arc<[AtomicU64; 3]>,
}

impl Sent {
    /// The request.
    #[must_use]
    pub fn queued(&self) -> &QueuedCall {
        &self.pending.queued
    }

    /// Counts the outcome, and passes it on to the extension.
    pub fn complete(self, result: Result<HttpAnswer, HttpFailure>) {
        self.counts[outcome(&result)].fetch_add(1, Ordering::Relaxed);
        self.pending.complete(result);
    }
}

/// Number of requests since the start, by outcome.
pub(crate) type HttpCounts = [(&'static str, u64); 3];

const OUTCOMES: [&str; 3] = ["answered", "failed", "rate_limited"];

impl HttpClient {
    /// A client that trusts `trust`, with requests on `runtime` and without rates.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub(crate) fn new(runtime: Handle, trust: &Trust) -> Result<Self, reqwest::Error> {
        let client = Arc::new(Mutex::new(network(trust)?));
        Ok(Self::from_way(Way::Network { client, runtime }))
    }

    /// Like [`HttpClient::new`], but only what reads is sent. Other requests are withheld: they stay in flight, so that an
    /// extension takes them for slow and not for failed.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub(crate) fn observing(runtime: Handle, trust: &Trust) -> Result<Self, reqwest::Error> {
        Ok(Self {
            withheld: Some(Arc::default()),
            ..Self::new(runtime, trust)?
        })
    }

    /// The requests that were not sent, because they may change something.
    #[must_use]
    pub(crate) fn withheld(&self) -> Vec<HttpCall> {
        let Some(withheld) = &self.withheld else {
            return Vec::new();
        };
        let calls = lock(withheld);
        calls
            .iter()
            .map(|sent| sent.queued().call.clone())
            .collect()
    }

    /// Number of requests that were sent, or wait for their turn, and are not answered yet.
    #[must_use]
    pub(crate) fn in_flight(&self) -> u64 {
        let completed: u64 = self.counts().iter().map(|(_, count)| count).sum();
        self.begun.load(Ordering::Relaxed).saturating_sub(completed)
    }

    /// Sets the trusted authorities of later requests.
    pub(crate) fn set_trust(&self, trust: &Trust) {
        if let Way::Network { client, .. } = &self.way {
            match network(trust) {
                Ok(new) => *lock(client) = new,
                Err(error) => error!("requests go on as before: {}", error_chain(&error)),
            }
        }
    }

    /// A client that sends nothing; [`HttpClient::take_recorded`] returns its requests.
    #[must_use]
    pub(crate) fn recording() -> Self {
        Self::from_way(Way::Recorded(Arc::default()))
    }

    fn from_way(way: Way) -> Self {
        Self {
            way,
            limiter: Arc::default(),
            counts: Arc::default(),
            begun: Arc::default(),
            withheld: None,
        }
    }

    /// The requests recorded since the last call, in their order.
    #[must_use]
    pub(crate) fn take_recorded(&self) -> Vec<Sent> {
        match &self.way {
            Way::Network { .. } => Vec::new(),
            Way::Recorded(recorded) => std::mem::take(&mut *lock(recorded)),
        }
    }

    /// Number of requests since the start, by outcome.
    #[must_use]
    pub(crate) fn counts(&self) -> HttpCounts {
        let count = |index: usize| self.counts[index].load(Ordering::Relaxed);
        std::array::from_fn(|index| (OUTCOMES[index], count(index)))
    }

    fn enter(&self, queued: &QueuedCall) -> Result<Go, Refusal> {
        let (call, priority) = (&queued.call, queued.turn.priority);
        let Some(host) = api_host(&call.url) else {
            // Sending the request shows what is wrong with its URL.
            return Ok(Go::Now);
        };
        let (now, patience) = (Instant::now(), queued.patience());
        lock(&self.limiter).enter(&host, call.method, priority, patience, now)
    }
}

impl HttpSender for HttpClient {
    fn send(&self, pending: PendingCall) {
        let sent = Sent {
            pending,
            counts: Arc::clone(&self.counts),
        };
        // The only way of a request to the network: nothing that could change something gets past a client that only reads.
        if let Some(withheld) = &self.withheld
            && !only_reads(&sent.queued().call)
        {
            return lock(withheld).push(sent);
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        let (client, runtime) = match &self.way {
            Way::Network { client, runtime } => (lock(client).clone(), runtime),
            Way::Recorded(recorded) => return lock(recorded).push(sent),
        };
        // Queued here, not in the task, so that requests of the same priority keep their order.
        let (entered, limiter) = (self.enter(sent.queued()), Arc::clone(&self.limiter));
        runtime.spawn(async move {
            let result = match wait_for_turn(entered, &limiter).await {
                Ok(()) => send_call(&client, &sent.queued().call, &limiter).await,
                Err(refusal) => Err(HttpFailure {
                    rate_limit: refusal.rate_limit(),
                    ..HttpFailure::new(HttpFailureKind::RateLimited, refusal.to_string())
                }),
            };
            sent.complete(result);
        });
    }

    fn set_rates(&self, rates: RateTable) -> RateTable {
        lock(&self.limiter).set_rates(rates)
    }
}

/// Whether a request asks a server for no change. Methods that are not known to read count as writing.
fn only_reads(call: &HttpCall) -> bool {
    // Some servers take the method from a header.
    let overrides = |(name, _): &(String, String)| {
        let name = name.to_ascii_lowercase();
        name.contains("method-override") || name == "x-http-method"
    };
    matches!(call.method, Method::Get | Method::Head)
        && call.body.is_empty()
        && !call.headers.iter().any(overrides)
}

async fn wait_for_turn(
    entered: Result<Go, Refusal>,
    limiter: &Mutex<RateLimiter>,
) -> Result<(), Refusal> {
    let mut go = entered?;
    // More urgent requests may have taken the turn meanwhile, so it is asked for again.
    while let Go::Later(ticket) = go {
        let next = ticket
            .not_before()
            .min(Instant::now() + TURN_CHECK_INTERVAL);
        tokio::time::sleep_until(next.into()).await;
        go = lock(limiter).turn(ticket, Instant::now())?;
    }
    Ok(())
}

fn network(trust: &Trust) -> Result<reqwest::Client, reqwest::Error> {
    trust
        .client_builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could carry a secret header to another host.
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// No code panics while it holds the lock, so poisoned contents are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Index in [`OUTCOMES`].
fn outcome(result: &Result<HttpAnswer, HttpFailure>) -> usize {
    match result {
        Ok(_) => 0,
        Err(failure) if failure.kind == HttpFailureKind::RateLimited => 2,
        Err(_) => 1,
    }
}

/// The pause that a busy host asks for in its response.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    if response.status() != reqwest::StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let header = response.headers().get(reqwest::header::RETRY_AFTER)?;
    let seconds = header.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// API host to which a redirect leads. Servers repeat the path and the query of the request, which may hold a secret.
fn redirect_target(response: &reqwest::Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let header = response.headers().get(reqwest::header::LOCATION)?;
    let target = response.url().join(header.to_str().ok()?).ok()?;
    api_host(target.as_str())
}

fn time_for(call: &HttpCall) -> Duration {
    Duration::from_millis(call.timeout_ms).min(CALL_TIMEOUT_MAX)
}

async fn send_call(
    client: &reqwest::Client,
    call: &HttpCall,
    limiter: &Mutex<RateLimiter>,
) -> Result<HttpAnswer, HttpFailure> {
    let method = match call.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Head => reqwest::Method::HEAD,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut request = client
        .request(method, &call.url)
        .timeout(time_for(call))
        .body(call.body.clone());
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(failure)?;
    if let (Some(wait), Some(host)) = (retry_after(&response), api_host(&call.url)) {
        lock(limiter).pause(&host, call.method, Instant::now(), wait);
    }
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let head = HttpAnswer::new(response.status().as_u16(), "").with_headers(headers);
    if let Some(target) = redirect_target(&response) {
        let text = format!(
            "the server redirects to an address at {target} (status {}), which is not followed; configure the new address",
            head.status
        );
        return Err(HttpFailure::new(HttpFailureKind::Other, text));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if (body.len() + chunk.len()) as u64 > call.max_body_bytes {
            let text = format!("the response is longer than {} bytes", call.max_body_bytes);
            return Err(HttpFailure::new(HttpFailureKind::TooLarge, text));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer { body, ..head })
}

fn failure(error: reqwest::Error) -> HttpFailure {
    // A connection that was not made in time is both. Nothing was sent, which decides whether a caller may send it again.
    let kind = if error.is_connect() {
        HttpFailureKind::Connect
    } else if error.is_timeout() {
        HttpFailureKind::Timeout
    } else {
        HttpFailureKind::Other
    };
    HttpFailure::new(kind, text_without_path(error))
}

/// The failure in words, with the API host. The path of its URL may be the secret of a webhook, and its query a signature: whoever
/// reads a log could use them.
fn text_without_path(error: reqwest::Error) -> String {
    let host = error.url().and_then(|url| api_host(url.as_str()));
    let text = error_chain(&error.without_url());
    host.map_or(text.clone(), |host| format!("{host}: {text}"))
}
