//! Turns the reply of an extension into a response.

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tig_plugin_api::HttpReply;
use tracing::debug;

/// Headers of a reply besides its content type; further ones are left out.
const HEADERS_COUNT_MAX: usize = 32;

/// Bytes of their names and values.
const HEADERS_BYTES_MAX: usize = 8 << 10;

/// Headers that belong to the connection or that the host writes itself.
const OF_THE_HOST: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    DATE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The response; 500 if the reply is malformed.
pub(super) fn respond(reply: HttpReply) -> Response {
    build(reply).unwrap_or_else(|error| {
        let text = format!("the extension's reply is malformed: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    })
}

fn build(reply: HttpReply) -> Result<Response, axum::http::Error> {
    let (status, content_type) = (StatusCode::from_u16(reply.status)?, reply.content_type);
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !reply.headers.is_empty() {
        append(headers, &reply.headers)?;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type)?);
    Ok(response)
}

fn append(headers: &mut HeaderMap, given: &[(String, String)]) -> Result<(), axum::http::Error> {
    let mut bytes = 0;
    for (name, value) in given {
        let name = HeaderName::try_from(name)?;
        if is_of_the_host(&name) {
            continue;
        }
        bytes += name.as_str().len() + value.len();
        if headers.len() >= HEADERS_COUNT_MAX || bytes > HEADERS_BYTES_MAX {
            debug!(%name, "further headers of the extension's reply are left out");
            break;
        }
        headers.append(name, HeaderValue::try_from(value)?);
    }
    Ok(())
}

fn is_of_the_host(name: &HeaderName) -> bool {
    let text = name.as_str();
    OF_THE_HOST.contains(name) || text == "keep-alive" || text.starts_with("proxy-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responded(headers: &[(&str, &str)]) -> Response {
        let reply = HttpReply::text(200, "body");
        let add = |reply: HttpReply, (name, value): &(&str, &str)| reply.with_header(name, value);
        respond(headers.iter().fold(reply, add))
    }

    #[test]
    fn headers_of_the_connection_are_left_out() {
        let response = responded(&[
            ("Cache-Control", "max-age=60"),
            ("Content-Length", "1"),
            ("Transfer-Encoding", "chunked"),
            ("connection", "upgrade"),
            ("Proxy-Authenticate", "Basic"),
            ("Content-Type", "text/html"),
        ]);
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["cache-control", "content-type"]);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
    }

    #[test]
    fn headers_are_bounded() {
        let many: Vec<_> = (0..HEADERS_COUNT_MAX * 2).map(|_| ("x-a", "1")).collect();
        assert_eq!(responded(&many).headers().len(), HEADERS_COUNT_MAX + 1);
        let long = "v".repeat(HEADERS_BYTES_MAX);
        assert_eq!(responded(&[("x-a", &long)]).headers().len(), 1);
    }

    #[test]
    fn header_that_forges_another_is_a_500() {
        let forged = responded(&[("x-a", "1\r\nset-cookie: a")]);
        assert_eq!(forged.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
