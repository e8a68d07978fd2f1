//! Reads what the listener gets, and encodes it for extensions.

use std::net::SocketAddr;
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde::{Serialize, Serializer};
use tig_plugin_api::is_of_another_page;
use tokio::time::timeout;

use crate::runtime::route_request::RouteRequest;

/// A longer body is rejected with 413.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;

/// A body that takes longer is rejected with 408.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The JSON form of a [`tig_plugin_api::HttpRequest`], from what the listener holds: polls come by the thousand, and
/// strings of their own would cost more than the JSON.
#[derive(Serialize)]
struct Head<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Headers<'a>,
    peer: SocketAddr,
}

struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    /// Replaces what is not text in a value, so that an extension sees at least that the header is there: a proxy's
    /// header that a client has spoilt still shows that the request was forwarded.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let headers = self.0.iter();
        serializer.collect_seq(headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str(), value)
        }))
    }
}

/// The request of the client at `peer`, without its body.
///
/// # Errors
///
/// The head is longer than a frame allows; no head is, within the limits of the HTTP server.
pub(crate) fn encode_head<B>(
    peer: SocketAddr,
    request: &Request<B>,
) -> tig_plugin_api::Result<RouteRequest> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let head = Head {
        method,
        path,
        query: request.uri().query().unwrap_or_default(),
        headers: Headers(request.headers()),
        peer,
    };
    RouteRequest::new(method, path, &head)
}

/// Reads a body of at most `bytes_max` to its end.
///
/// # Errors
///
/// The status and the text of the rejection.
pub(crate) async fn read_body<B>(body: B, bytes_max: usize) -> Result<Bytes, (StatusCode, String)>
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    match timeout(BODY_TIMEOUT, to_bytes(Body::new(body), bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let text = format!("the body cannot be read within {bytes_max} bytes: {error}");
            Err((StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "the body takes too long".to_owned(),
        )),
    }
}

/// Whether a page of another site has caused the request. Following a link to this host is allowed: the browser shows
/// the response to its user, not to the page.
pub(crate) fn is_from_another_page<B>(request: &Request<B>) -> bool {
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
pub(crate) fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use tig_plugin_api::HttpRequest;

    use super::*;

    #[test]
    fn head_is_encoded_as_the_plugin_api_encodes_it() {
        let opaque = HeaderValue::from_bytes(b"\xff via").unwrap();
        let request = Request::get("http://host/a%20b?c='d'")
            .header("User-Agent", "\"client\"\t1")
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .header("Via", opaque)
            .body(())
            .unwrap();
        let headers = [
            ("user-agent", "\"client\"\t1"),
            ("x-twice", "1"),
            ("x-twice", "2"),
            ("via", "\u{fffd} via"),
        ];
        for peer in ["127.0.0.1:4711", "[fe80::1%3]:1"] {
            let encoded = encode_head(peer.parse().unwrap(), &request).unwrap();
            let expected = HttpRequest {
                method: "GET".to_owned(),
                path: "/a%20b".to_owned(),
                query: "c='d'".to_owned(),
                headers: headers
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                peer: peer.to_owned(),
                body: b"body".to_vec(),
            };
            let whole = encoded.with_body(b"other").with_body(b"body");
            assert_eq!(whole.name(), "GET /a%20b");
            assert_eq!(whole.encoded(), expected.encode().unwrap());
            assert_eq!(whole.body_bytes(), 4);
        }
    }
}
