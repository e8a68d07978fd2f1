//! Checks that a request comes from a program of the machine that it reaches: for routes that give orders to the host.
//!
//! An address of loopback is not enough. A reverse proxy on the machine connects from there for clients of the whole
//! network, and so does a browser, for the pages that it shows. A proxy adds a forwarding header; a browser adds `Origin`
//! and `Sec-Fetch-Site`, which a page cannot remove; and a page whose own name was made to point to this machine (DNS
//! rebinding) shows by its `Host`.

use std::net::IpAddr;

use crate::HttpRequest;

/// Headers by which proxies name the client, besides those that begin with `x-forwarded`.
const FORWARDING_HEADERS: [&str; 5] = [
    "forwarded",
    "via",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
];

/// Why a request is not one of a program of this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotLocal {
    /// The client has an address of another machine.
    #[error("only programs of the host's own machine may ask this")]
    Address,
    /// A proxy has forwarded it.
    #[error(
        "a request with a forwarding header comes from another machine: ask the host itself, not its proxy"
    )]
    Forwarded,
    /// Its `Host` is not a name of loopback.
    #[error("the header Host must be 127.0.0.1, localhost or [::1]: ask under one of these names")]
    Host,
    /// A page of another site has caused it.
    #[error("web pages of other sites may not ask this: use a program such as curl")]
    Page,
}

/// Checks that a request of `peer` comes from a program of this machine. Names of headers are in lower case.
///
/// # Errors
///
/// See [`NotLocal`].
pub fn check_local(peer: IpAddr, headers: &[(&str, &str)]) -> Result<(), NotLocal> {
    let is_forwarding =
        |name: &str| name.starts_with("x-forwarded") || FORWARDING_HEADERS.contains(&name);
    if !peer.to_canonical().is_loopback() {
        Err(NotLocal::Address)
    } else if headers.iter().any(|(name, _)| is_forwarding(name)) {
        Err(NotLocal::Forwarded)
    } else if value(headers, "host").is_some_and(|host| !is_loopback(host)) {
        Err(NotLocal::Host)
    } else if is_of_another_page(headers) {
        Err(NotLocal::Page)
    } else {
        Ok(())
    }
}

/// Whether a browser has sent the request for a page of another site. Programs do not send the headers about sites, and
/// never count as pages. Names of headers are in lower case.
#[must_use]
pub fn is_of_another_page(headers: &[(&str, &str)]) -> bool {
    let site = value(headers, "sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let Some(origin) = value(headers, "origin") else {
        return false;
    };
    // `null`, the origin of pages that hide theirs, has no authority.
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = value(headers, "host");
    !authority
        .zip(host)
        .is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

impl HttpRequest {
    /// Checks that a program of the host's own machine has sent the request: see [`check_local`].
    ///
    /// # Errors
    ///
    /// See [`NotLocal`].
    pub fn check_local(&self) -> Result<(), NotLocal> {
        let address = self.peer.parse::<std::net::SocketAddr>();
        let address = address.map_err(|_| NotLocal::Address)?.ip();
        let headers = self.headers.iter();
        let pairs: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        check_local(address, &pairs)
    }
}

fn value<'a>(headers: &[(&str, &'a str)], wanted: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, value)| *value)
}

/// Whether the value of a `Host` header names loopback, with any port.
fn is_loopback(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address: Option<IpAddr> = address.unwrap_or(name).parse().ok();
    name.eq_ignore_ascii_case("localhost")
        || address.is_some_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: (&str, &str) = ("host", "127.0.0.1:5115");

    fn check(peer: &str, headers: &[(&str, &str)]) -> Result<(), NotLocal> {
        check_local(peer.parse().unwrap(), headers)
    }

    #[test]
    fn programs_of_this_machine_are_local() {
        for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            for host in ["127.0.0.1:5115", "localhost", "LOCALHOST:80", "[::1]:80"] {
                assert_eq!(check(peer, &[("host", host)]), Ok(()), "{peer} {host}");
            }
            assert_eq!(check(peer, &[]), Ok(()), "HTTP/1.0 needs no host");
        }
    }

    #[test]
    fn other_addresses_are_not_local() {
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"] {
            assert_eq!(check(peer, &[LOCAL]), Err(NotLocal::Address), "{peer}");
        }
    }

    #[test]
    fn forwarded_requests_are_not_local() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "forwarded",
            "via",
            "x-real-ip",
        ] {
            let checked = check("127.0.0.1", &[LOCAL, (name, "")]);
            assert_eq!(checked, Err(NotLocal::Forwarded), "{name}");
        }
    }

    #[test]
    fn rebound_names_are_not_local() {
        for host in [
            "evil.example:5115",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "",
        ] {
            let headers = [("host", host), ("sec-fetch-site", "same-origin")];
            assert_eq!(check("127.0.0.1", &headers), Err(NotLocal::Host), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_not_local() {
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let checked = check("127.0.0.1", &[LOCAL, header]);
            assert_eq!(checked, Err(NotLocal::Page), "{header:?}");
        }
        let own = [LOCAL, ("origin", "http://127.0.0.1:5115")];
        assert_eq!(check("127.0.0.1", &own), Ok(()));
        assert_eq!(
            check("127.0.0.1", &[LOCAL, ("sec-fetch-site", "none")]),
            Ok(())
        );
    }
}
