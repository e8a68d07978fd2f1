//! Who may give orders to the network: programs of this machine, never a web page that a browser on it shows.
//!
//! The listener is on loopback, so that only browsers are a way in from outside. They name the page that a request comes
//! from (`Origin`, `Sec-Fetch-Site`), so that any request with such a header is refused; and a page whose own name was made
//! to point to 127.0.0.1 shows by its `Host`. Users of the same machine are kept out by a token, where one is configured.

use axum::http::{HeaderMap, StatusCode, header};

use crate::ApiKey;

/// Headers that browsers add and that pages cannot remove.
const BROWSER_HEADERS: [&str; 2] = ["origin", "sec-fetch-site"];
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Why an order is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the network takes no orders from web pages: use a program such as curl")]
    Browser,
    #[error("the header Host must be 127.0.0.1 or localhost, with any port")]
    Host,
    #[error("missing or invalid token: send it in the header Authorization: Bearer TOKEN")]
    Token,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Browser | Self::Host => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Whether an order with these headers is carried out.
pub(super) fn check(headers: &HeaderMap, token: Option<&ApiKey>) -> Result<(), Refusal> {
    if BROWSER_HEADERS
        .iter()
        .any(|name| headers.contains_key(*name))
    {
        return Err(Refusal::Browser);
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if !text(header::HOST).is_some_and(is_loopback) {
        return Err(Refusal::Host);
    }
    let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    match token {
        Some(token) if !given.is_some_and(|given| token.is(given)) => Err(Refusal::Token),
        _ => Ok(()),
    }
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

    fn checked(headers: &[(&str, &str)], token: Option<&str>) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        let token = token.map(|token| ApiKey::new(token).unwrap());
        check(&map, token.as_ref())
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
            assert_eq!(checked(&[("host", host)], None), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_page_may_not_wherever_it_comes_from() {
        let local = ("host", "127.0.0.1:5000");
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:5000"),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert_eq!(checked(&[local, header], None), Err(Refusal::Browser));
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
            assert_eq!(
                checked(&[("host", host)], None),
                Err(Refusal::Host),
                "{host}"
            );
        }
        assert_eq!(checked(&[], None), Err(Refusal::Host));
    }

    #[test]
    fn a_token_is_needed_where_there_is_one() {
        let host = ("host", "localhost:1");
        let with = |value| checked(&[host, ("authorization", value)], Some("secret"));
        assert_eq!(with("Bearer secret"), Ok(()));
        for wrong in ["Bearer other", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(with(wrong), Err(Refusal::Token), "{wrong}");
        }
        assert_eq!(checked(&[host], Some("secret")), Err(Refusal::Token));
    }
}
