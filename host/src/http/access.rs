//! Who may use the listener: networks and a bearer token.
//!
//! Pure: an address, a path and a header in, a decision out. Tokens are compared by their hashes in constant time, so that
//! answering faster or slower tells nothing of them.

use std::net::IpAddr;

use ipnet::IpNet;
use tig_plugin_api::Secret;

/// What a client must be or know. The default admits everybody.
#[derive(Clone, Debug, Default)]
pub struct Access {
    token: Option<blake3::Hash>,
    /// Paths that need the token begin with one of these; none means all.
    prefixes: Vec<String>,
    /// Networks that may connect; none means all.
    allow: Vec<IpNet>,
    /// Networks that may read the metrics; none means this machine only.
    metrics: Vec<IpNet>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The client is in no network that may connect.
    #[error("your address is in none of the networks that this host allows")]
    Network,
    /// The token is missing or another.
    #[error("this path needs the header `Authorization: Bearer TOKEN` with this host's token")]
    Token,
}

impl Access {
    /// Admits clients of `allow` (all if empty), who must know `token` for paths that begin with one of `prefixes` (for
    /// all if empty).
    #[must_use]
    pub fn new(token: Option<&Secret>, prefixes: Vec<String>, allow: Vec<IpNet>) -> Self {
        Self {
            token: token.map(|token| blake3::hash(token.reveal().as_bytes())),
            prefixes,
            allow,
            metrics: Vec::new(),
        }
    }

    /// Lets these networks, and no others, read the metrics; if there is none, this machine only.
    #[must_use]
    pub fn with_metrics(self, metrics: Vec<IpNet>) -> Self {
        Self { metrics, ..self }
    }

    /// Decides whether a client that is admitted may read the metrics.
    #[must_use]
    pub fn may_read_metrics(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        if self.metrics.is_empty() {
            peer.is_loopback()
        } else {
            self.metrics.iter().any(|net| net.contains(&peer))
        }
    }

    /// Whether anybody who reaches the listener may use all of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.allow.is_empty() && (self.token.is_none() || !self.prefixes.is_empty())
    }

    /// Decides about a request.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub fn check(
        &self,
        peer: IpAddr,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<(), Refusal> {
        let peer = peer.to_canonical();
        if !self.allow.is_empty() && !self.allow.iter().any(|net| net.contains(&peer)) {
            return Err(Refusal::Network);
        }
        let Some(token) = self.token else {
            return Ok(());
        };
        let guarded = self.prefixes.is_empty()
            || self
                .prefixes
                .iter()
                .any(|prefix| path.starts_with(prefix.as_str()));
        // Equality of hashes takes the same time wherever they differ.
        let knows = |header: &str| {
            bearer(header).is_some_and(|given| blake3::hash(given.as_bytes()) == token)
        };
        if !guarded || authorization.is_some_and(knows) {
            Ok(())
        } else {
            Err(Refusal::Token)
        }
    }
}

/// The token of an `Authorization` header.
#[must_use]
pub fn bearer(header: &str) -> Option<&str> {
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
    fn the_default_admits_everybody() {
        assert!(Access::default().is_open());
        assert_eq!(Access::default().check(local(), "/x", None), Ok(()));
    }

    #[test]
    fn a_token_must_match_whole() {
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
                Err(Refusal::Token),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_token_can_guard_some_paths_only() {
        let access = access(Some("secret"), &["/get-batch", "/submit-"], &[]);
        assert!(access.is_open());
        assert_eq!(access.check(local(), "/jobs", None), Ok(()));
        assert_eq!(
            access.check(local(), "/submit-batch-result/1", None),
            Err(Refusal::Token)
        );
    }

    #[test]
    fn metrics_are_for_this_machine_unless_networks_are_listed() {
        let far: IpAddr = "10.1.2.3".parse().unwrap();
        assert!(Access::default().may_read_metrics(local()));
        assert!(!Access::default().may_read_metrics(far));
        let listed = Access::default().with_metrics(vec!["10.0.0.0/8".parse().unwrap()]);
        assert!(listed.may_read_metrics(far));
        assert!(!listed.may_read_metrics(local()));
    }

    #[test]
    fn only_listed_networks_are_admitted() {
        let access = access(None, &[], &["10.1.0.0/16", "fd00::/8"]);
        let check = |peer: &str| access.check(peer.parse().unwrap(), "/", None);
        assert_eq!(check("10.1.2.3"), Ok(()));
        assert_eq!(check("::ffff:10.1.2.3"), Ok(()));
        assert_eq!(check("fd12::1"), Ok(()));
        assert_eq!(check("10.2.0.1"), Err(Refusal::Network));
        assert_eq!(check("::1"), Err(Refusal::Network));
    }
}
