//! HTTP below axum, for services whose faults end a connection without an answer or within it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode};
use futures_util::stream;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::guard;

/// Connections that are open at once; more are closed.
const SERVICE_CONNECTIONS_COUNT_MAX: usize = 1_024;
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// Time between the first half of an answer and the end of its connection, so that the half is really sent.
const CUT_DELAY: Duration = Duration::from_millis(20);

/// The connection ends without an answer, or within it.
#[derive(Debug, thiserror::Error)]
#[error("a fault ends the connection")]
pub(crate) struct Dropped;

/// Serves until the task ends, and its connections with it.
pub(crate) async fn serve<A>(
    listener: TcpListener,
    answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
) where
    A: Future<Output = Result<Response<Body>, Dropped>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_RETRY_INTERVAL).await;
            continue;
        };
        if connections.len() < SERVICE_CONNECTIONS_COUNT_MAX {
            connections.spawn(serve_connection(stream, answer.clone()));
        }
    }
}

async fn serve_connection<A>(stream: TcpStream, answer: impl Fn(Request<Incoming>) -> A)
where
    A: Future<Output = Result<Response<Body>, Dropped>>,
{
    // An answer that waits for more to send would count as the service's time.
    let _ = stream.set_nodelay(true);
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    // Connections that break are the client's affair, or were ordered.
    let _ = connection.await;
}

/// Reads a request of a program of this machine. The error is what it is answered.
pub(crate) async fn read(
    request: Request<Incoming>,
    body_bytes_max: usize,
) -> Result<(Parts, Bytes), Box<Response<Body>>> {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = guard::check(&parts.headers) {
        let refused = plain(StatusCode::FORBIDDEN, format!("{refusal}\n"));
        return Err(Box::new(refused));
    }
    match axum::body::to_bytes(Body::new(body), body_bytes_max).await {
        Ok(body) => Ok((parts, body)),
        Err(_) => {
            let text = "the body is broken or too large\n".to_owned();
            Err(Box::new(plain(StatusCode::PAYLOAD_TOO_LARGE, text)))
        }
    }
}

/// An answer with this number, which is that of an error of the service if it is not one of HTTP.
pub(crate) fn response(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// An answer of plain text.
pub(crate) fn plain(status: StatusCode, text: String) -> Response<Body> {
    response(status.as_u16(), Body::from(text))
}

/// The first half of a body, and then an error, which ends the connection.
pub(crate) fn half_of(mut half: Bytes) -> Body {
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
