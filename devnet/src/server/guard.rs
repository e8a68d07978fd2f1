//! Access to changes of the network: programs of this machine may, never a web page that a browser on it shows.
//!
//! The listener is on loopback, so that only browsers are a way in from outside. They name the page that a request comes
//! from (`Origin`, `Sec-Fetch-Site`), so that any request with such a header is refused, unless it only reads: a page may
//! cause that, but a browser shows it the answer only if it is the network's own. A page whose own name was made to point
//! to 127.0.0.1 shows by its `Host`, and may not even read. Users of the same machine are kept from giving orders by a
//! token, where one is configured.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ApiKey;

/// Headers that browsers add and that pages cannot remove.
const BROWSER_HEADERS: [&str; 2] = ["origin", "sec-fetch-site"];
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Why a request is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the network takes nothing from web pages: use a program such as curl")]
    Browser,
    #[error("the header Host must be 127.0.0.1 or localhost, with any port")]
    Host,
    #[error("missing or invalid token: send it in the header Authorization: Bearer TOKEN")]
    Token,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Browser | Self::Host => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        };
        let content_type = [(header::CONTENT_TYPE, "text/plain")];
        (status, content_type, format!("{self}\n")).into_response()
    }
}

/// Lets a request through that does not come from a web page.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let only_reads = [Method::GET, Method::HEAD].contains(method);
    let is_of_browser = BROWSER_HEADERS
        .iter()
        .any(|name| headers.contains_key(*name));
    if is_of_browser && !only_reads {
        return Err(Refusal::Browser);
    }
    if !text(headers, &header::HOST).is_some_and(is_loopback) {
        return Err(Refusal::Host);
    }
    Ok(())
}

/// Whether an order with these headers may be given.
pub(super) fn check_token(headers: &HeaderMap, token: Option<&ApiKey>) -> Result<(), Refusal> {
    let given =
        text(headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    match token {
        Some(token) if !given.is_some_and(|given| token.is(given)) => Err(Refusal::Token),
        _ => Ok(()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_loopback(host: &str) -> bool {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    LOOPBACK_NAMES
        .iter()
        .any(|loopback| name.eq_ignore_ascii_case(loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        map
    }

    fn checked(method: &Method, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        check(method, &map(headers))
    }

    #[test]
    fn a_program_of_this_machine_may() {
        for host in [
            "127.0.0.1:5000",
            "localhost",
            "LOCALHOST:80",
            "[::1]:80",
            "[::1]",
        ] {
            for method in [Method::GET, Method::POST] {
                assert_eq!(checked(&method, &[("host", host)]), Ok(()), "{host}");
            }
        }
    }

    #[test]
    fn a_page_may_only_read_wherever_it_comes_from() {
        let local = ("host", "127.0.0.1:5000");
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:5000"),
            ("sec-fetch-site", "same-origin"),
        ] {
            for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
                assert_eq!(checked(&method, &[local, header]), Err(Refusal::Browser));
            }
            for method in [Method::GET, Method::HEAD] {
                assert_eq!(checked(&method, &[local, header]), Ok(()));
            }
        }
    }

    #[test]
    fn a_name_that_points_here_may_not() {
        for host in [
            "evil.example:5000",
            "127.0.0.1.evil.example",
            "",
            "localhost.",
            "127.0.0.1:",
        ] {
            for method in [Method::GET, Method::POST] {
                let checked = checked(&method, &[("host", host)]);
                assert_eq!(checked, Err(Refusal::Host), "{host}");
            }
        }
        assert_eq!(checked(&Method::GET, &[]), Err(Refusal::Host));
    }

    #[test]
    fn a_token_is_needed_where_there_is_one() {
        let token = ApiKey::new("secret").unwrap();
        let with = |value| check_token(&map(&[("authorization", value)]), Some(&token));
        assert_eq!(with("Bearer secret"), Ok(()));
        for wrong in ["Bearer other", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(with(wrong), Err(Refusal::Token), "{wrong}");
        }
        assert_eq!(check_token(&map(&[]), Some(&token)), Err(Refusal::Token));
        assert_eq!(check_token(&map(&[]), None), Ok(()));
    }
}
