//! The host's listener: requests go into the mailbox of the extension whose route they match.
//!
//! Invariant: an answer of an extension is sent after what it did is on disk. The listener belongs to the host, so a
//! reload never closes it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody, to_bytes},
    http::{
        HeaderMap, HeaderValue, Method, Request, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use hyper::body::Incoming;
use tig_plugin_api::{HttpReply, HttpRequest, is_of_another_page};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tracing::{Instrument, debug, debug_span};

use crate::{
    config::access::{Access, AccessDenied},
    http::{listener::Respond, metrics::Metrics},
    observe::prometheus,
    runtime::{
        extension::Extension,
        item::{RouteError, RouteReply},
        shared::Shared,
    },
};

/// A longer body is answered 413.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;

/// A body that takes longer is answered 408.
pub(crate) const BODY_MAX: Duration = Duration::from_secs(60);

/// An extension that takes longer is answered for with 504.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// No answer is held back for longer, whatever the extension says.
pub(crate) const HOLD_MAX: Duration = Duration::from_secs(60);

struct Server {
    shared: Arc<Shared>,
    metrics: Metrics,
    access: watch::Receiver<Access>,
}

/// Answers everything that comes to the listener: with `metrics` and `shared`'s extensions, to those whom `access` admits.
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
        // Without the query: it may hold what is secret.
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
        if let Err(refusal) = admitted {
            return refuse(refusal);
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

/// The request as its extension gets it. Nothing is kept of what the connection read it from, so that the same memory takes
/// the next one.
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

/// Asks again whenever the extension wakes the request, until the answer is not to be held or its time is over.
async fn call_until_ready(
    extension: &Extension,
    request: HttpRequest,
) -> Result<HttpReply, (StatusCode, String)> {
    let mut answered = call_extension(extension, request.clone()).await?;
    let hold = Duration::from_millis(answered.reply.hold_ms.unwrap_or_default());
    let until = Instant::now() + hold.min(HOLD_MAX);
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
    match timeout(ANSWER_MAX, receiver).await {
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

/// Whether a page of another site has caused the request. A link to this host may be followed: the browser shows the
/// answer to its user, not to the page.
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

/// Names and values; one that is not text is empty.
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
            Err(refusal) => refuse(refusal),
        }
    }
}

fn refuse(refusal: AccessDenied) -> Response {
    let text = refusal.to_string();
    match refusal {
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
    match timeout(BODY_MAX, to_bytes(Body::new(body), BODY_BYTES_MAX)).await {
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

/// What of a value is not text is replaced, so that an extension sees at least that the header is there: a proxy's header
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
        let text = format!("the extension's answer is malformed: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    })
}
