//! The five requests of a round (tig-api.md section 6).

use std::fmt;

use tig_plugin_api::{HttpCall, Method, Settings};
use tig_protocol::PlayerId;

/// Sent with every request: some servers refuse requests without one.
const USER_AGENT: &str = concat!("tig-host-data-fetcher/", env!("CARGO_PKG_VERSION"));

/// From sending a request to the last byte of its answer.
const REQUEST_TIMEOUT_MS: u64 = 20_000;

/// A snapshot is about 1.5 MB; a longer answer than this is a fault.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// A request by the endpoint it goes to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Query {
    Block,
    Algorithms,
    Players,
    Benchmarks,
    Challenges,
}

impl Query {
    pub(crate) const ALL: [Self; 5] = [
        Self::Block,
        Self::Algorithms,
        Self::Players,
        Self::Benchmarks,
        Self::Challenges,
    ];

    /// The requests that name the block found by the first one.
    pub(crate) fn of_a_block() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|&query| query != Self::Block)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Block => "get-block",
            Self::Algorithms => "get-algorithms",
            Self::Players => "get-players",
            Self::Benchmarks => "get-benchmarks",
            Self::Challenges => "get-challenges",
        }
    }

    /// The request of round `round_id`; `block_id` counts for all but [`Query::Block`].
    pub(crate) fn call(
        self,
        settings: &Settings,
        player_id: &PlayerId,
        round_id: u64,
        block_id: &str,
    ) -> HttpCall {
        let arguments = match self {
            Self::Block => String::new(),
            Self::Algorithms | Self::Challenges => format!("?block_id={block_id}"),
            Self::Players => format!("?block_id={block_id}&player_type=benchmarker"),
            Self::Benchmarks => format!("?block_id={block_id}&player_id={player_id}"),
        };
        HttpCall {
            tag: format!("{round_id:016x}/{}", self.name()),
            method: Method::Get,
            url: format!("{}/{}{arguments}", settings.api_url, self.name()),
            headers: vec![("User-Agent".to_owned(), USER_AGENT.to_owned())],
            body: Vec::new(),
            timeout_ms: REQUEST_TIMEOUT_MS,
            max_body_bytes: BODY_BYTES_MAX,
        }
    }

    /// Round and request that a tag was made for.
    pub(crate) fn from_tag(tag: &str) -> Option<(u64, Self)> {
        let (round_id, name) = tag.split_once('/')?;
        let round_id = u64::from_str_radix(round_id, 16).ok()?;
        let query = Self::ALL.into_iter().find(|query| query.name() == name)?;
        Some((round_id, query))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GET /{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_round_and_request() {
        let player_id = "11".repeat(20).parse().unwrap();
        for query in Query::ALL {
            let call = query.call(&Settings::default(), &player_id, 0xfeed, "b1");
            assert_eq!(Query::from_tag(&call.tag), Some((0xfeed, query)));
        }
        assert_eq!(Query::from_tag("feed/get-everything"), None);
        assert_eq!(Query::from_tag("get-block"), None);
    }
}
