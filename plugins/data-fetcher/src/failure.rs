//! Why a round brought no snapshot, in bounded texts.

use tig_plugin_api::{HttpFailure, HttpFailureKind, HttpResponse};
use tig_protocol::misplaced_body;

use crate::query::Query;

/// As much of a body as goes into the log.
const EXCERPT_CHARS_MAX: usize = 200;

/// Why a round was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{query}: {text}")]
    NoAnswer { query: Query, text: String },
    #[error("{query}: not sent: {text}")]
    Limited {
        query: Query,
        text: String,
        /// Until the host has a turn for it.
        wait_ms: u64,
    },
    #[error("{query}: status {status}: {excerpt}")]
    Status {
        query: Query,
        status: u16,
        excerpt: String,
    },
    #[error("{query}: unexpected answer: {cause}")]
    Body { query: Query, cause: String },
    #[error("{kind} `{id}` is not made of letters and digits")]
    BadId { kind: &'static str, id: String },
    #[error("not all answers came within {} s", limit_ms / 1000)]
    Overdue { limit_ms: u64 },
    #[error("block height went back from {last} to {height}")]
    Regression { last: u32, height: u32 },
}

impl Failure {
    /// For a body that does not decode.
    pub(crate) fn body(query: Query, body: &[u8], error: &serde_json::Error) -> Self {
        let cause = match misplaced_body(body) {
            Some(found) => format!("the server sent {found}"),
            None => excerpt(&error.to_string()),
        };
        Self::Body { query, cause }
    }

    /// Whether the API has had too many requests.
    pub(crate) fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Status { status: 429, .. })
    }

    /// What a person can do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Limited { .. } => {
                "a new block costs 5 requests: raise gets_per_minute of the API host in `http` of the config if it takes more"
            }
            Self::NoAnswer { .. } | Self::Overdue { .. } => {
                "check `api_url`, the network, and the proxy if the environment names one (HTTP_PROXY, NO_PROXY)"
            }
            Self::Status { status: 429, .. } => "the API limits requests: use one host per address",
            Self::Status { status: 500.., .. } => "the API is in trouble: wait",
            Self::Status { .. } | Self::Body { .. } | Self::BadId { .. } => {
                "check that `api_url` is a TIG API and that no proxy or login page answers for it"
            }
            Self::Regression { .. } => {
                "the last snapshot is kept until the height grows again; if the network was reset, restart the host"
            }
        }
    }
}

/// Body of a response with status 200.
pub(crate) fn body_of(query: Query, response: HttpResponse) -> Result<Vec<u8>, Failure> {
    match response.result {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(Failure::Status {
            query,
            status: answer.status,
            excerpt: match misplaced_body(&answer.body) {
                Some(found) => found.to_owned(),
                None => excerpt(&String::from_utf8_lossy(&answer.body)),
            },
        }),
        Err(failure) => Err(no_answer(query, &failure)),
    }
}

fn no_answer(query: Query, failure: &HttpFailure) -> Failure {
    let text = excerpt(&failure.text);
    match failure.kind {
        HttpFailureKind::RateLimited => Failure::Limited {
            query,
            text,
            wait_ms: failure.rate_limit.map_or(0, |limit| limit.wait_ms),
        },
        _ => Failure::NoAnswer { query, text },
    }
}

/// Ids go into URLs, so nothing but letters and digits is let through.
pub(crate) fn check_id(kind: &'static str, id: &str) -> Result<(), Failure> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Failure::BadId {
        kind,
        id: id.escape_default().take(100).collect(),
    })
}

/// The beginning of a text from outside, fit for one line of a log.
pub(crate) fn excerpt(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(EXCERPT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_has_one_line() {
        assert_eq!(excerpt("a\nb\u{1b}[0m"), "a b [0m");
        assert_eq!(
            excerpt(&"ä".repeat(10_000)).chars().count(),
            EXCERPT_CHARS_MAX
        );
    }

    #[test]
    fn ids_that_would_change_a_url_are_refused() {
        assert!(check_id("block id", "9f2c").is_ok());
        for id in ["", "a&player_id=b", "a/b", "a b", "ä"] {
            assert!(check_id("block id", id).is_err(), "{id}");
        }
    }
}
