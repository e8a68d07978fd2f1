//! Access: programs of this machine, never a web page that a browser on it shows.
//!
//! Miners run programs for whoever asks, and a page may open a websocket to loopback. Browsers name the page (`Origin`,
//! `Sec-Fetch-Site`), which no page can prevent, so a request with such a header is refused. A page whose own name was made
//! to point to 127.0.0.1 shows by its `Host`.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Headers that browsers add and that pages cannot remove.
const BROWSER_HEADERS: [&str; 2] = ["origin", "sec-fetch-site"];
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the network takes nothing from web pages: use a program such as curl")]
    Browser,
    #[error("the header Host must be 127.0.0.1 or localhost, with any port")]
    Host,
}

/// Lets a request through that does not come from a web page.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response(),
    }
}

/// Whether a request with these headers comes from a program of this machine.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut browser_headers = BROWSER_HEADERS.iter();
    if browser_headers.any(|name| headers.contains_key(*name)) {
        return Err(Refusal::Browser);
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match host.is_some_and(is_loopback) {
        true => Ok(()),
        false => Err(Refusal::Host),
    }
}

fn is_loopback(host: &str) -> bool {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let mut names = LOOPBACK_NAMES.iter();
    names.any(|loopback| name.eq_ignore_ascii_case(loopback))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn checked(headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        check(&map)
    }

    #[test]
    fn programs_of_this_machine_are_let_through() {
        for host in ["127.0.0.1:5000", "LOCALHOST", "[::1]:80", "[::1]"] {
            assert_eq!(checked(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn web_pages_are_refused() {
        let local = ("host", "127.0.0.1:5000");
        let page = ("origin", "http://example.org");
        assert_eq!(checked(&[local, page]), Err(Refusal::Browser));
        let fetch = ("sec-fetch-site", "cross-site");
        assert_eq!(checked(&[local, fetch]), Err(Refusal::Browser));
        for host in ["example.org:5000", "127.0.0.1.example.org"] {
            assert_eq!(checked(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(checked(&[]), Err(Refusal::Host));
    }
}
