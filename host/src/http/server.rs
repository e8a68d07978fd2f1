//! The host's listener: puts each request into the mailbox of the extension that has a route for it.
//!
//! Invariant: an extension's reply is sent after its effects are on disk. The listener belongs to the host, so a reload
//! never closes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tig_plugin_api::{HttpReply, HttpRequest, is_of_another_page};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument, debug, debug_span};

use crate::config::access::{Access, AccessDenied};
use crate::http::listener::Respond;
use crate::http::metrics::Metrics;
use crate::observe::prometheus;
use crate::runtime::extension::Extension;
use crate::runtime::item::{RouteError, RouteReply};
use crate::runtime::shared::Shared;

/// A longer body is rejected with 413.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;

/// A body that takes longer is rejected with 408.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// A request to an extension that takes longer is answered with 504.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest time that a request is parked, whatever the extension asks for.
pub(crate) const PARK_TIMEOUT: Duration = Duration::from_secs(60);

struct Server {
    shared: Arc<Shared>,
    metrics: Metrics,
    access: watch::Receiver<Access>,
}

/// Serves `metrics` and the routes of `shared`'s extensions to clients that `access` admits.
pub(crate) fn app(
    shared: Arc<Shared>,
    metrics: Metrics,
    access: watch::Receiver<Access>,
) -> impl Respond {
    Arc::new(Server {
        shared,
        metrics,
        access,
    })
}

impl Respond for Arc<Server> {
    async fn respond(&self, peer: SocketAddr, request: Request<Incoming>) -> Response {
        // Without the query, which may hold secrets.
        let path = request.uri().path();
        let span = debug_span!("request", method = %request.method(), path);
        let answered = async {
            let response = self.serve(peer, request).await;
            debug!(status = response.status().as_u16(), "request answered");
            response
        };
        answered.instrument(span).await
    }
}

impl Server {
    async fn serve(&self, peer: SocketAddr, request: Request<Incoming>) -> Response {
        let authorization = request.headers().get(AUTHORIZATION);
        let admitted = self.access.borrow().check(
            peer.ip(),
            request.uri().path(),
            authorization.and_then(|value| value.to_str().ok()),
        );
        if let Err(denied) = admitted {
            return reject(denied);
        }
        if is_from_another_page(&request) {
            let text = "web pages of other sites may not ask this host: use a program such as curl";
            return (StatusCode::FORBIDDEN, text).into_response();
        }
        if is_for_metrics(&request) {
            return self.metrics(peer, request.headers());
        }
        match handle_request(&self.shared, peer, request).await {
            Ok(reply) => respond(reply),
            Err((status, text)) => (status, [(CONTENT_TYPE, "text/plain")], text).into_response(),
        }
    }
}

async fn handle_request(
    shared: &Shared,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<HttpReply, (StatusCode, String)> {
    let (extension, request) = read_request(shared, peer, request).await?;
    if request.body.is_empty() {
        call_until_ready(&extension, request).await
    } else {
        Ok(call_extension(&extension, request).await?.reply)
    }
}

/// Reads the request for its extension. No buffer of the connection is kept, so the next connection can use its memory.
async fn read_request(
    shared: &Shared,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<(Arc<Extension>, HttpRequest), (StatusCode, String)> {
    let (head, body) = request.into_parts();
    let (method, path) = (head.method.as_str(), head.uri.path());
    let Some(extension) = shared.find_route(method, path) else {
        return Err((
            StatusCode::NOT_FOUND,
            format!("no extension answers {method} {path}"),
        ));
    };
    let request = HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&head.headers),
        peer: peer.to_string(),
        body: read(body).await?,
    };
    Ok((extension, request))
}

/// Calls the route again whenever the extension wakes the request, until the reply does not ask to be parked or its
/// time is over.
async fn call_until_ready(
    extension: &Extension,
    request: HttpRequest,
) -> Result<HttpReply, (StatusCode, String)> {
    let mut answered = call_extension(extension, request.clone()).await?;
    let hold = Duration::from_millis(answered.reply.hold_ms.unwrap_or_default());
    let until = Instant::now() + hold.min(PARK_TIMEOUT);
    while let Some(woken) = answered.woken {
        // The sender is gone when the host stops.
        if !matches!(timeout_at(until, woken).await, Ok(Ok(()))) {
            break;
        }
        answered = call_extension(extension, request.clone()).await?;
    }
    Ok(answered.reply)
}

async fn call_extension(
    extension: &Extension,
    request: HttpRequest,
) -> Result<RouteReply, (StatusCode, String)> {
    let (sender, receiver) = oneshot::channel();
    if !extension.mailbox.put_request(request, sender) {
        return Err((
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests wait".to_owned(),
        ));
    }
    match timeout(REPLY_TIMEOUT, receiver).await {
        Ok(Ok(Ok(answered))) => Ok(answered),
        Ok(Ok(Err(RouteError::Failed(text)))) => Err((StatusCode::INTERNAL_SERVER_ERROR, text)),
        Ok(Ok(Err(RouteError::Busy(text)))) => Err((StatusCode::SERVICE_UNAVAILABLE, text)),
        Ok(Err(_)) => Err((
            StatusCode::SERVICE_UNAVAILABLE,
            "the host is stopping".to_owned(),
        )),
        Err(_) => {
            let name = &extension.name;
            Err((
                StatusCode::GATEWAY_TIMEOUT,
                format!("extension `{name}` takes too long"),
            ))
        }
    }
}

/// Path of the host's own route.
pub(crate) const METRICS_PATH: &str = "/metrics";

fn is_for_metrics<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && request.uri().path() == METRICS_PATH
}

/// Whether a page of another site has caused the request. Following a link to this host is allowed: the browser shows
/// the response to its user, not to the page.
fn is_from_another_page<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    if !headers.contains_key(ORIGIN) && !headers.contains_key("sec-fetch-site") {
        return false;
    }
    let is_link = request.method() == Method::GET
        && headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode == "navigate");
    !is_link && is_of_another_page(&pairs(headers))
}

/// Names and values; a value that is not text is empty.
fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect()
}

impl Server {
    fn metrics(&self, peer: SocketAddr, headers: &HeaderMap) -> Response {
        let checked = self
            .access
            .borrow()
            .check_metrics(peer.ip(), &pairs(headers));
        match checked {
            Ok(()) => (
                [(CONTENT_TYPE, prometheus::CONTENT_TYPE)],
                self.metrics.text(),
            )
                .into_response(),
            Err(denied) => reject(denied),
        }
    }
}

fn reject(denied: AccessDenied) -> Response {
    let text = denied.to_string();
    match denied {
        AccessDenied::Network | AccessDenied::Metrics | AccessDenied::LocalMetrics(_) => {
            (StatusCode::FORBIDDEN, text).into_response()
        }
        AccessDenied::Token => (
            StatusCode::UNAUTHORIZED,
            [(WWW_AUTHENTICATE, "Bearer")],
            text,
        )
            .into_response(),
    }
}

async fn read(body: Incoming) -> Result<Vec<u8>, (StatusCode, String)> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    match timeout(BODY_TIMEOUT, to_bytes(Body::new(body), BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) => {
            let text = format!("the body cannot be read within {BODY_BYTES_MAX} bytes: {error}");
            Err((StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "the body takes too long".to_owned(),
        )),
    }
}

/// Replaces what is not text in a value, so that an extension sees at least that the header is there: a proxy's header
/// that a client has spoilt still shows that the request was forwarded.
fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn respond(reply: HttpReply) -> Response {
    let built = Response::builder()
        .status(reply.status)
        .header(CONTENT_TYPE, reply.content_type)
        .body(Body::from(reply.body));
    built.unwrap_or_else(|error| {
        let text = format!("the extension's reply is malformed: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    })
}
