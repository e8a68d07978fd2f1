//! Effect of a request for the client.

use crate::api::Response;

/// To be carried out by whoever holds the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer; `None` if there is none within any time that a client would wait.
    pub response: Option<Response>,
    /// How long it takes, milliseconds.
    pub delay_ms: u64,
    /// How far the clock of the network is ahead in this answer (the header `Date`), milliseconds.
    pub clock_skew_ms: i64,
}

impl Outcome {
    /// The answer without delay.
    pub fn at_once(response: Response) -> Self {
        Self {
            response: Some(response),
            ..Self::never()
        }
    }

    /// No answer.
    pub fn never() -> Self {
        Self {
            response: None,
            delay_ms: 0,
            clock_skew_ms: 0,
        }
    }
}
