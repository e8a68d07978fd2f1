//! The host's listener: puts each request into the mailbox of the extension that has a route for it.
//!
//! Invariant: an extension's reply is sent after its effects are on disk. The listener belongs to the host, so a reload
//! never closes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use hyper::body::Incoming;
use serde_json::json;
use tig_plugin_api::HttpReply;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, debug, debug_span};

use crate::config::access::{Access, AccessDenied};
use crate::http::alarm::Alarm;
use crate::http::listener::{Peer, Respond};
use crate::http::metrics::Metrics;
use crate::http::operator::{self, API_PATH, OperatorDenied, Purpose};
use crate::http::reply::respond;
use crate::http::request::{Refusal, encode_head, is_from_another_page, pairs, read_route_body};
use crate::runtime::extension::Extension;
use crate::runtime::item::{RouteClient, RouteError, RouteReply};
use crate::runtime::long_messages::LongMessage;
use crate::runtime::route_request::RouteRequest;
use crate::runtime::shared::Shared;

/// A request to an extension that takes longer is answered with 504.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest time that a request is parked, whatever the extension asks for.
pub(crate) const PARK_TIMEOUT: Duration = Duration::from_secs(60);

struct Server {
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    access: watch::Receiver<Access>,
    /// Serves what is under [`API_PATH`].
    api: Router,
}

/// Serves `metrics`, the operator's `api` and the routes of `shared`'s extensions to clients that `access` admits.
pub(crate) fn app(
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    access: watch::Receiver<Access>,
    api: Router,
) -> impl Respond {
    Arc::new(Server {
        shared,
        metrics,
        access,
        api,
    })
}

/// What follows from the head of a request.
enum Admitted {
    /// The reply is known.
    Done(Box<Response>),
    /// An extension has the reply.
    Route(RouteCall<Incoming>),
    /// The operator's API has the reply. Boxed: few requests are of operators, and the others need no room for them.
    Api(Box<(Peer, Request<Incoming>)>),
}

/// A request to a route, with its body still to be read.
struct RouteCall<B> {
    extension: Arc<Extension>,
    request: RouteRequest,
    body: B,
    /// The timer of the connection.
    alarm: Alarm,
}

impl Respond for Arc<Server> {
    fn respond(
        self,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response> + Send + use<> {
        // Without the query, which may hold secrets.
        let path = request.uri().path();
        let span = debug_span!("request", method = %request.method(), path);
        // At once, not when the future is polled: the connection reads on before that, and would need another buffer as
        // long as the head lies in this one.
        let purpose = Purpose::of_request(request.method(), path);
        let admitted = span.in_scope(|| self.admit(peer, purpose, request));
        let answered = async move {
            let mut response = match admitted {
                Admitted::Done(response) => *response,
                Admitted::Route(call) => call.reply().await.map_or_else(refuse, respond),
                Admitted::Api(call) => {
                    let (peer, request) = *call;
                    Box::pin(self.api.clone().respond(&peer, request)).await
                }
            };
            // A browser takes no reply for something else than it says.
            let nosniff = HeaderValue::from_static("nosniff");
            let headers = response.headers_mut();
            headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
            if purpose.is_some_and(|purpose| purpose != Purpose::Page) {
                let no_store = HeaderValue::from_static("no-store");
                headers.entry(CACHE_CONTROL).or_insert(no_store);
            }
            debug!(status = response.status().as_u16(), "request answered");
            response
        };
        answered.instrument(span)
    }
}

impl Server {
    fn admit(
        &self,
        peer: &Peer,
        purpose: Option<Purpose>,
        mut request: Request<Incoming>,
    ) -> Admitted {
        if let Some(purpose) = purpose {
            let access = self.access.borrow();
            if let Err(denied) = operator::check(&access, peer.address.ip(), purpose, &request) {
                return Admitted::Done(Box::new(deny(denied)));
            }
            // It has done its work; extensions must not see the operator's token.
            request.headers_mut().remove(AUTHORIZATION);
            if request.uri().path().starts_with(API_PATH) {
                return Admitted::Api(Box::new((peer.clone(), request)));
            }
        } else if let Some(response) = self.reply_of_the_host(peer.address, &request) {
            return Admitted::Done(Box::new(response));
        }
        match route(&self.shared, peer, request) {
            Ok(call) => Admitted::Route(call),
            Err(refusal) => Admitted::Done(Box::new(refuse(refusal))),
        }
    }

    /// The rejection of a request that is not allowed, or the reply of the host's own route.
    fn reply_of_the_host(&self, peer: SocketAddr, request: &Request<Incoming>) -> Option<Response> {
        let authorization = request.headers().get(AUTHORIZATION);
        let admitted = self.access.borrow().check(
            peer.ip(),
            request.uri().path(),
            authorization.and_then(|value| value.to_str().ok()),
        );
        if let Err(denied) = admitted {
            return Some(reject(denied));
        }
        if is_from_another_page(request) {
            let text = "web pages of other sites may not ask this host: use a program such as curl";
            return Some((StatusCode::FORBIDDEN, text).into_response());
        }
        is_for_metrics(request).then(|| self.metrics(peer, request.headers()))
    }
}

/// The reply of the extension with a route for the request of `peer`, which is admitted.
pub(crate) async fn reply_of_extension(
    shared: &Shared,
    peer: &Peer,
    request: Request<Body>,
) -> Response {
    let routed = match route(shared, peer, request) {
        Ok(call) => call.reply().await,
        Err(refusal) => Err(refusal),
    };
    routed.map_or_else(refuse, respond)
}

fn route<B>(shared: &Shared, peer: &Peer, request: Request<B>) -> Result<RouteCall<B>, Refusal> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let Some(extension) = shared.find_route(method, path) else {
        let text = format!("no extension answers {method} {path}");
        return Err((StatusCode::NOT_FOUND, text));
    };
    let encoded = encode_head(peer.address, &request);
    let encoded =
        encoded.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(RouteCall {
        extension,
        request: encoded,
        body: request.into_body(),
        alarm: peer.alarm.clone(),
    })
}

impl<B> RouteCall<B>
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn reply(self) -> Result<HttpReply, Refusal> {
        let mut request = self.request;
        let mut room = None;
        if !self.body.is_end_stream() {
            // Boxed: most requests have no body, and their futures need no room for reading one.
            let reading = read_route_body(self.body, &mut request, &self.extension);
            room = Box::pin(reading).await?;
        }
        let has_body = request.body_bytes() > 0;
        let call = ReadCall {
            extension: self.extension,
            request: Arc::new(request),
            alarm: self.alarm,
        };
        if has_body {
            Ok(call.once(room).await?.reply)
        } else {
            call.until_ready().await
        }
    }
}

/// A whole request to a route.
struct ReadCall {
    extension: Arc<Extension>,
    request: Arc<RouteRequest>,
    alarm: Alarm,
}

impl ReadCall {
    /// Calls the route again whenever the extension wakes the request, until the reply does not ask to be parked or its
    /// time is over.
    async fn until_ready(&self) -> Result<HttpReply, Refusal> {
        let mut answered = self.once(None).await?;
        if answered.woken.is_none() {
            return Ok(answered.reply);
        }
        let hold = Duration::from_millis(answered.reply.hold_ms.unwrap_or_default());
        let until = Instant::now() + hold.min(PARK_TIMEOUT);
        while let Some(woken) = answered.woken {
            // The sender is gone when the host stops.
            if !matches!(timeout_at(until, woken).await, Ok(Ok(()))) {
                break;
            }
            answered = self.once(None).await?;
        }
        Ok(answered.reply)
    }

    /// Calls the route once; `room` is that of a long body.
    async fn once(&self, room: Option<LongMessage>) -> Result<RouteReply, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let (request, client) = (Arc::clone(&self.request), RouteClient::new(sender, room));
        if !self.extension.mailbox.put_request(request, client) {
            let name = &self.extension.name;
            let text = format!(
                "extension `{name}` is busy, and too many requests wait for it; try again later"
            );
            return Err(unavailable(&text));
        }
        match self.alarm.timeout(REPLY_TIMEOUT, receiver).await {
            Some(Ok(Ok(answered))) => Ok(answered),
            Some(Ok(Err(RouteError::Failed(text)))) => {
                Err((StatusCode::INTERNAL_SERVER_ERROR, text))
            }
            Some(Ok(Err(RouteError::Busy(text)))) => Err(unavailable(&text)),
            Some(Err(_)) => Err(unavailable("the host is stopping")),
            None => {
                let text = format!("extension `{}` takes too long", self.extension.name);
                Err((StatusCode::GATEWAY_TIMEOUT, text))
            }
        }
    }
}

fn unavailable(text: &str) -> Refusal {
    (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
}

/// Path of the host's own route.
pub(crate) const METRICS_PATH: &str = "/metrics";

fn is_for_metrics<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && request.uri().path() == METRICS_PATH
}

impl Server {
    fn metrics(&self, peer: SocketAddr, headers: &HeaderMap) -> Response {
        let checked = self
            .access
            .borrow()
            .check_metrics(peer.ip(), &pairs(headers));
        match checked {
            Ok(()) => self.metrics.response(),
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

fn deny(denied: OperatorDenied) -> Response {
    let text = json!({ "error": denied.to_string() }).to_string();
    let kind = [(CONTENT_TYPE, "application/json")];
    let mut response = (denied.status(), kind, text).into_response();
    if denied == OperatorDenied::Token {
        let bearer = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    response
}

fn refuse((status, text): Refusal) -> Response {
    (status, [(CONTENT_TYPE, "text/plain")], text).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::runtime::long_messages::SHORT_BYTES_MAX;

    #[tokio::test]
    async fn long_body_keeps_its_room_until_handled() {
        let extension = Arc::new(Extension::new("x"));
        let call = RouteCall {
            extension: Arc::clone(&extension),
            request: RouteRequest::new("POST", "/", &()).unwrap(),
            body: Body::from(vec![b'x'; SHORT_BYTES_MAX + 1]),
            alarm: Alarm::new(),
        };
        // The client goes away at once, and its request stays.
        assert!(call.reply().now_or_never().is_none());
        let all = || extension.long_bodies.take(usize::MAX).now_or_never();
        assert_eq!(extension.mailbox.len(), 1);
        assert!(all().is_none());
        drop(extension.mailbox.take());
        assert!(all().is_some());
    }
}
