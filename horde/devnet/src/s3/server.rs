//! The service over HTTP: a shell around its state machine.
//!
//! Below axum, because faults may end a connection without an answer.

mod control;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use futures_util::stream;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::core::{Ending, OBJECT_BYTES_MAX, S3Reply, S3Request};
use super::hub::Hub;
use crate::server::guard;

/// Connections that are open at once; more are closed.
const S3_CONNECTIONS_COUNT_MAX: usize = 1_024;
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// Time between the first half of an answer and the end of its connection, so that the half is really sent.
const CUT_DELAY: Duration = Duration::from_millis(20);

/// The connection ends without an answer, or within it.
#[derive(Debug, thiserror::Error)]
#[error("a fault ends the connection")]
struct Dropped;

/// Serves until the task ends.
pub(super) async fn serve(hub: Arc<Hub>, listener: TcpListener) {
    // Connections end with the service.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_RETRY_INTERVAL).await;
            continue;
        };
        if connections.len() < S3_CONNECTIONS_COUNT_MAX {
            connections.spawn(serve_connection(hub.clone(), stream));
        }
    }
}

async fn serve_connection(hub: Arc<Hub>, stream: TcpStream) {
    // An answer that waits for more to send would count as the service's time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let hub = hub.clone();
        async move { answer(&hub, request).await }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Connections that break are the client's affair, or were ordered.
    let _ = connection.await;
}

async fn answer(hub: &Hub, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = guard::check(&parts.headers) {
        return Ok(plain(StatusCode::FORBIDDEN, format!("{refusal}\n")));
    }
    // One byte more than an object may have, so that the state machine sees that it is too large.
    let Ok(body) = axum::body::to_bytes(Body::new(body), OBJECT_BYTES_MAX + 1).await else {
        let text = "the body is broken or too large\n".to_owned();
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, text));
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if let Some(route) = path.strip_prefix(control::PATH_START) {
        return Ok(control::answer(hub, &parts.method, route, query, &body));
    }
    let headers = parts.headers.iter();
    let headers: Option<Vec<_>> = headers
        .map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?)))
        .collect();
    let Some(headers) = headers else {
        let text = "the headers must be UTF-8\n".to_owned();
        return Ok(plain(StatusCode::BAD_REQUEST, text));
    };
    let request = S3Request {
        method: parts.method.as_str(),
        path,
        query,
        headers: &headers,
        body: &body,
    };
    let reply = hub.answer(&request);
    sleep(reply.delay).await;
    match reply.ending {
        Ending::Dropped => Err(Dropped),
        _ => Ok(response(reply)),
    }
}

fn response(reply: S3Reply) -> Response<Body> {
    let body = match reply.ending {
        Ending::CutShort => half_of(reply.body),
        _ => Body::from(reply.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        // The texts of clients came as headers, or in percent encoding.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    if reply.status != StatusCode::NO_CONTENT.as_u16() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reply.length));
    }
    response
}

/// The first half of a body, and then an error, which ends the connection.
fn half_of(mut half: Bytes) -> Body {
    half.truncate(half.len() / 2);
    Body::from_stream(stream::unfold(Some(half), |half| async {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                sleep(CUT_DELAY).await;
                Some((Err(Dropped), None))
            }
        }
    }))
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
