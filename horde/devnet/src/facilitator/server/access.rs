//! Access: programs of this machine, and the facilitator's own page, never another page that a browser shows.
//!
//! A browser names the page of a request in `Origin` and `Sec-Fetch-Site`, which no page can prevent. A page whose own name
//! was made to point to 127.0.0.1 shows by its `Host`.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// Values of `Sec-Fetch-Site` for requests of the own page, and for an address that somebody types.
const OWN_SITES: [&str; 2] = ["same-origin", "none"];

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("the facilitator takes nothing from other web pages: use its own page, or a program")]
    OtherPage,
    #[error("the header Host must be 127.0.0.1 or localhost, with any port")]
    Host,
}

/// Lets a request through that does not come from another web page.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response(),
    }
}

fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let host = text("host").unwrap_or("");
    let authority = host.parse::<Authority>().map_err(|_| Refusal::Host)?;
    let mut loopback = LOOPBACK_HOSTS.iter();
    if !loopback.any(|name| authority.host().eq_ignore_ascii_case(name)) {
        return Err(Refusal::Host);
    }
    let is_own_site = text("sec-fetch-site").is_none_or(|site| OWN_SITES.contains(&site));
    let own_origin = format!("http://{host}");
    let is_own_origin = text(header::ORIGIN.as_str()).is_none_or(|origin| origin == own_origin);
    match is_own_site && is_own_origin {
        true => Ok(()),
        false => Err(Refusal::OtherPage),
    }
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
    fn programs_and_the_own_page_are_let_through() {
        for host in ["127.0.0.1:5000", "LOCALHOST", "[::1]:80"] {
            assert_eq!(checked(&[("host", host)]), Ok(()), "{host}");
        }
        let own = [
            ("host", "127.0.0.1:5000"),
            ("origin", "http://127.0.0.1:5000"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(checked(&own), Ok(()));
    }

    #[test]
    fn other_pages_are_refused() {
        let local = ("host", "127.0.0.1:5000");
        for other in [
            ("origin", "http://example.org"),
            ("origin", "http://127.0.0.1:6000"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(
                checked(&[local, other]),
                Err(Refusal::OtherPage),
                "{other:?}"
            );
        }
    }

    #[test]
    fn foreign_names_of_the_host_are_refused() {
        for host in ["example.org:5000", "127.0.0.1.example.org", ""] {
            assert_eq!(checked(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(checked(&[]), Err(Refusal::Host));
    }
}
