//! The service of the chain over HTTP: a shell around its state machine.
//!
//! Below axum, because faults may end a connection without an answer.

use std::convert::Infallible;
use std::net::SocketAddr;
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

use super::guard;
use super::listener::serve_port;
use crate::chain::{ChainControl, ServiceAnswer, ServiceBody, ServiceRequest};

/// Connections that are open at once; more are closed.
const SERVICE_CONNECTIONS_COUNT_MAX: usize = 1_024;
/// The largest body of a request: the weights of a million hotkeys.
const REQUEST_BYTES_MAX: usize = 128 << 20;
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// Time between the first half of an answer and the end of its connection, so that the half is really sent.
const CUT_DELAY: Duration = Duration::from_millis(20);

/// What a huge body consists of. Its beginning is like JSON, so that a reader cannot tell at once.
const HUGE_START: &[u8] = b"{\"block\":{\"number\":1,\"hash\":\"";
static HUGE_CHUNK: [u8; 1 << 16] = [b'0'; 1 << 16];

const TIMEOUT_HEADER: &str = "x-pylon-timeout";

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault ends the connection")]
struct Dropped;

/// Serves a chain for ever.
pub(crate) async fn serve_chain(chain: ChainControl, address: SocketAddr, listener: TcpListener) {
    let port = chain.port();
    serve_port(port, address, listener, |listener| {
        serve_http(chain.clone(), listener)
    })
    .await;
}

async fn serve_http(chain: ChainControl, listener: TcpListener) {
    // Connections end with the network, and when the port closes.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_RETRY_INTERVAL).await;
            continue;
        };
        if connections.len() < SERVICE_CONNECTIONS_COUNT_MAX {
            connections.spawn(serve_connection(chain.clone(), stream));
        }
    }
}

async fn serve_connection(chain: ChainControl, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let answer = |request| answer(&chain, request);
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    // Connections that break are the client's affair, or were ordered.
    let _ = connection.await;
}

async fn answer(
    chain: &ChainControl,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = guard::check(&parts.headers) {
        return Ok(plain(StatusCode::FORBIDDEN, format!("{refusal}\n")));
    }
    let Ok(body) = axum::body::to_bytes(Body::new(body), REQUEST_BYTES_MAX).await else {
        let text = "the body is broken or too large\n".to_owned();
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, text));
    };
    let text = |name: &str| parts.headers.get(name).and_then(|it| it.to_str().ok());
    let request = ServiceRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        authorization: text(header::AUTHORIZATION.as_str()),
        timeout: text(TIMEOUT_HEADER),
        body: &body,
    };
    let (after, answer) = chain.answer(&request).await;
    sleep(after).await;
    answer.map(response).ok_or(Dropped)
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn response(answer: ServiceAnswer) -> Response<Body> {
    let length = match &answer.body {
        ServiceBody::Text(text) | ServiceBody::CutShort(text) => text.len() as u64,
        ServiceBody::Huge(bytes) => *bytes,
    };
    let body = match answer.body {
        ServiceBody::Text(text) => Body::from(text),
        ServiceBody::CutShort(text) => half_of(text),
        ServiceBody::Huge(bytes) => huge(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(answer.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The first half of a text, and then an error, which ends the connection.
fn half_of(text: String) -> Body {
    let mut half = Bytes::from(text);
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

fn huge(bytes: u64) -> Body {
    let first = Bytes::from_static(HUGE_START);
    let chunk = Bytes::from_static(&HUGE_CHUNK);
    let chunks = stream::unfold((first, bytes), move |(next, left)| {
        let chunk = chunk.clone();
        async move {
            if left == 0 {
                return None;
            }
            let length = left.min(next.len() as u64);
            let part = next.slice(..usize::try_from(length).unwrap_or(next.len()));
            Some((Ok::<_, Infallible>(part), (chunk, left - length)))
        }
    });
    Body::from_stream(chunks)
}
