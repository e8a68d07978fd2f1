//! Decides who may use the listener: networks and a bearer token.
//!
//! Pure: an address, a path and a header in, a decision out. Tokens are compared by their hashes in constant time, so
//! that the time of a reply reveals nothing of them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use tig_plugin_api::{NotLocal, Secret, check_local};

/// Bits of the prefix of IPv4 addresses in IPv6 (`::ffff:0:0/96`).
const MAPPED_PREFIX_LENGTH: u8 = 96;

/// The networks and the token that a client needs. The default admits every client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    token: Option<blake3::Hash>,
    /// Prefixes of the paths that need the token; all paths if empty.
    prefixes: Vec<String>,
    /// Networks that may connect; all if empty.
    allow: Vec<IpNet>,
    /// Networks that may read the metrics; this machine only if empty.
    metrics: Vec<IpNet>,
    operator: Option<blake3::Hash>,
}

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum AccessDenied {
    /// The client is not in a network that may connect.
    #[error("your address is in none of the networks that this host allows")]
    Network,
    /// The token is missing or wrong.
    #[error("this path needs the header `Authorization: Bearer TOKEN` with this host's token")]
    Token,
    /// The client is not in a network that may read the metrics.
    #[error("metrics are for the networks of `metrics.allow` in the host's config")]
    Metrics,
    /// No networks are listed that may read the metrics, and the client is not a program of this machine.
    #[error("{0}; or list the networks that may read the metrics in `metrics.allow`")]
    LocalMetrics(NotLocal),
}

/// Why a text is not a network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The text is not an address with a prefix length.
    #[error("is not a network, such as 10.0.0.0/8 or 192.168.1.7/32")]
    Syntax,
    /// The network holds all IPv4 addresses as IPv6 writes them, and others that do not exist.
    #[error(
        "mixes IPv4 and IPv6: list the network of IPv4 by itself, such as 10.0.0.0/8 or 0.0.0.0/0"
    )]
    Mixed,
}

/// Parses a network. An IPv4 network in the notation of IPv6, such as `::ffff:10.0.0.0/104`, becomes one of IPv4:
/// clients are compared by their canonical address.
///
/// # Errors
///
/// See [`NetworkError`].
pub(crate) fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let net: IpNet = text.parse().map_err(|_| NetworkError::Syntax)?;
    let IpNet::V6(v6) = net else { return Ok(net) };
    let Some(address) = v6.addr().to_ipv4_mapped() else {
        return Ok(net);
    };
    let length = v6.prefix_len().checked_sub(MAPPED_PREFIX_LENGTH);
    let v4 = length.and_then(|length| Ipv4Net::new(address, length).ok());
    v4.map(IpNet::V4).ok_or(NetworkError::Mixed)
}

impl Access {
    /// Admits clients in the networks of `allow` (all if empty), who need `token` for paths with one of `prefixes` (for
    /// all if empty).
    #[must_use]
    pub(crate) fn new(token: Option<&Secret>, prefixes: Vec<String>, allow: Vec<IpNet>) -> Self {
        Self {
            token: token.map(|token| blake3::hash(token.reveal().as_bytes())),
            prefixes,
            allow,
            metrics: Vec::new(),
            operator: None,
        }
    }

    /// Sets the operator's token; without one nobody controls the host over its listener.
    #[must_use]
    pub(crate) fn with_operator(self, token: Option<&Secret>) -> Self {
        Self {
            operator: token.map(|token| blake3::hash(token.reveal().as_bytes())),
            ..self
        }
    }

    /// Whether there is a token of the operator.
    #[must_use]
    pub(crate) fn has_operator(&self) -> bool {
        self.operator.is_some()
    }

    /// Sets the networks that may read the metrics; this machine only if empty.
    #[must_use]
    pub(crate) fn with_metrics(self, metrics: Vec<IpNet>) -> Self {
        Self { metrics, ..self }
    }

    /// Checks whether an admitted client may read the metrics. Names of headers are in lower case.
    ///
    /// # Errors
    ///
    /// See [`AccessDenied`].
    pub(crate) fn check_metrics(
        &self,
        peer: IpAddr,
        headers: &[(&str, &str)],
    ) -> Result<(), AccessDenied> {
        if self.metrics.is_empty() {
            return check_local(peer, headers).map_err(AccessDenied::LocalMetrics);
        }
        let is_listed = is_in(&self.metrics, peer);
        is_listed.then_some(()).ok_or(AccessDenied::Metrics)
    }

    /// Whether every client that reaches the listener may use all of it.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.allow.is_empty() && (self.token.is_none() || !self.prefixes.is_empty())
    }

    /// Checks whether a client may connect at all.
    ///
    /// # Errors
    ///
    /// [`AccessDenied::Network`].
    pub(crate) fn check_network(&self, peer: IpAddr) -> Result<(), AccessDenied> {
        if !self.allow.is_empty() && !is_in(&self.allow, peer) {
            return Err(AccessDenied::Network);
        }
        Ok(())
    }

    /// Whether the `Authorization` header has the operator's token; `None` if there is no such token.
    #[must_use]
    pub(crate) fn is_operator(&self, authorization: Option<&str>) -> Option<bool> {
        let token = self.operator?;
        Some(authorization.is_some_and(|header| is_token(header, token)))
    }

    /// Checks a request.
    ///
    /// # Errors
    ///
    /// See [`AccessDenied`].
    pub(crate) fn check(
        &self,
        peer: IpAddr,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<(), AccessDenied> {
        self.check_network(peer)?;
        let Some(token) = self.token else {
            return Ok(());
        };
        let guarded = self.prefixes.is_empty()
            || self
                .prefixes
                .iter()
                .any(|prefix| path.starts_with(prefix.as_str()));
        if !guarded || authorization.is_some_and(|header| is_token(header, token)) {
            Ok(())
        } else {
            Err(AccessDenied::Token)
        }
    }
}

/// A comparison of hashes takes the same time wherever they differ.
fn is_token(header: &str, token: blake3::Hash) -> bool {
    bearer(header).is_some_and(|given| blake3::hash(given.as_bytes()) == token)
}

fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|net| net.contains(&address))
}

/// The token of an `Authorization` header.
#[must_use]
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(token: Option<&str>, prefixes: &[&str], allow: &[&str]) -> Access {
        let token = token.map(|token| Secret::new(token.to_owned()));
        let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
        Access::new(token.as_ref(), prefixes, allow)
    }

    fn local() -> IpAddr {
        IpAddr::from([127, 0, 0, 1])
    }

    #[test]
    fn default_admits_every_client() {
        assert!(Access::default().is_open());
        assert_eq!(Access::default().check(local(), "/x", None), Ok(()));
    }

    #[test]
    fn token_must_match_whole() {
        let access = access(Some("secret"), &[], &[]);
        assert!(!access.is_open());
        assert_eq!(access.check(local(), "/x", Some("Bearer secret")), Ok(()));
        assert_eq!(access.check(local(), "/x", Some("bearer  secret ")), Ok(()));
        for wrong in [
            None,
            Some("secret"),
            Some("Bearer secre"),
            Some("Bearer secrets"),
            Some("Bearer "),
            Some("Basic secret"),
        ] {
            assert_eq!(
                access.check(local(), "/x", wrong),
                Err(AccessDenied::Token),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn token_can_guard_some_paths_only() {
        let access = access(Some("secret"), &["/get-batch", "/submit-"], &[]);
        assert!(access.is_open());
        assert_eq!(access.check(local(), "/jobs", None), Ok(()));
        assert_eq!(
            access.check(local(), "/submit-batch-result/1", None),
            Err(AccessDenied::Token)
        );
    }

    #[test]
    fn metrics_are_local_unless_networks_are_listed() {
        let far: IpAddr = "10.1.2.3".parse().unwrap();
        let check = |access: &Access, peer| access.check_metrics(peer, &[]);
        assert_eq!(check(&Access::default(), local()), Ok(()));
        let refused = Err(AccessDenied::LocalMetrics(NotLocal::Address));
        assert_eq!(check(&Access::default(), far), refused);
        let listed = Access::default().with_metrics(vec!["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(check(&listed, far), Ok(()));
        assert_eq!(check(&listed, local()), Err(AccessDenied::Metrics));
    }

    #[test]
    fn only_listed_networks_are_admitted() {
        let access = access(None, &[], &["10.1.0.0/16", "fd00::/8"]);
        let check = |peer: &str| access.check(peer.parse().unwrap(), "/", None);
        assert_eq!(check("10.1.2.3"), Ok(()));
        assert_eq!(check("::ffff:10.1.2.3"), Ok(()));
        assert_eq!(check("fd12::1"), Ok(()));
        assert_eq!(check("10.2.0.1"), Err(AccessDenied::Network));
        assert_eq!(check("::1"), Err(AccessDenied::Network));
    }

    #[test]
    fn mapped_networks_are_networks_of_ipv4() {
        let parse = |text: &str| parse_network(text).map(|net| net.to_string());
        assert_eq!(parse("::ffff:10.0.0.0/104"), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(parse("::ffff:a00:1/128"), Ok("10.0.0.1/32".to_owned()));
        assert_eq!(parse("::ffff:0:0/96"), Ok("0.0.0.0/0".to_owned()));
        assert_eq!(parse("fd00::/8"), Ok("fd00::/8".to_owned()));
        assert_eq!(parse("::/0"), Ok("::/0".to_owned()));
        assert_eq!(parse("::ffff:10.0.0.0/90"), Err(NetworkError::Mixed));
        for text in ["10.0.0/8", "10.0.0.1", "10.0.0.0/33", "fe80::%eth0/64", ""] {
            assert_eq!(parse(text), Err(NetworkError::Syntax), "{text}");
        }
    }
}
