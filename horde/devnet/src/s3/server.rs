//! The service over HTTP: a shell around its state machine.

mod control;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::core::{Ending, OBJECT_BYTES_MAX, S3Reply, S3Request};
use super::hub::Hub;
use crate::server::raw_http::{self, Dropped, half_of, plain};

/// Serves until the task ends.
pub(super) async fn serve(hub: Arc<Hub>, listener: TcpListener) {
    raw_http::serve(listener, move |request| answer(hub.clone(), request)).await;
}

async fn answer(hub: Arc<Hub>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    // One byte more than an object may have, so that the state machine sees that it is too large.
    let (parts, body) = match raw_http::read(request, OBJECT_BYTES_MAX + 1).await {
        Ok(read) => read,
        Err(refused) => return Ok(*refused),
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if let Some(route) = path.strip_prefix(control::PATH_START) {
        return Ok(control::answer(&hub, &parts.method, route, query, &body));
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
    let mut response = raw_http::response(reply.status, body);
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
