//! The service of the chain over HTTP: a shell around its state machine.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, header};
use futures_util::stream;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::listener::serve_port;
use super::raw_http::{self, Dropped, half_of};
use crate::chain::{ChainControl, ServiceAnswer, ServiceBody, ServiceRequest};

/// The largest body of a request: the weights of a million hotkeys.
const REQUEST_BYTES_MAX: usize = 128 << 20;
/// What a huge body consists of. Its beginning is like JSON, so that a reader cannot tell at once.
const HUGE_START: &[u8] = b"{\"block\":{\"number\":1,\"hash\":\"";
static HUGE_CHUNK: [u8; 1 << 16] = [b'0'; 1 << 16];

const TIMEOUT_HEADER: &str = "x-pylon-timeout";

/// Serves a chain for ever.
pub(crate) async fn serve_chain(chain: ChainControl, address: SocketAddr, listener: TcpListener) {
    let port = chain.port();
    serve_port(port, address, listener, |listener| {
        let chain = chain.clone();
        raw_http::serve(listener, move |request| answer(chain.clone(), request))
    })
    .await;
}

async fn answer(
    chain: ChainControl,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (parts, body) = match raw_http::read(request, REQUEST_BYTES_MAX).await {
        Ok(read) => read,
        Err(refused) => return Ok(*refused),
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

fn response(answer: ServiceAnswer) -> Response<Body> {
    let length = match &answer.body {
        ServiceBody::Text(text) | ServiceBody::CutShort(text) => text.len() as u64,
        ServiceBody::Huge(bytes) => *bytes,
    };
    let body = match answer.body {
        ServiceBody::Text(text) => Body::from(text),
        ServiceBody::CutShort(text) => half_of(text.into()),
        ServiceBody::Huge(bytes) => huge(bytes),
    };
    let mut response = raw_http::response(answer.status, body);
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(answer.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
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
