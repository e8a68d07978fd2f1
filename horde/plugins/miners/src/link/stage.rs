//! How far a link is, for operators and metrics.

use super::{Link, State};

/// How far a link is. The order is that in which links need somebody.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stage {
    /// Given up until the link is wanted again.
    Down,
    /// Between two attempts.
    Pausing,
    /// The host opens a connection.
    Connecting,
    /// Connected, but the manifest is missing or invalid.
    Open,
    /// Jobs can be sent.
    Up,
}

impl Stage {
    pub(crate) const ALL: [Self; 5] = [
        Self::Down,
        Self::Pausing,
        Self::Connecting,
        Self::Open,
        Self::Up,
    ];

    /// One word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Pausing => "pausing",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Up => "up",
        }
    }
}

impl Link {
    pub(crate) fn stage(&self) -> Stage {
        match &self.state {
            State::Pausing { .. } => Stage::Pausing,
            State::Connecting => Stage::Connecting,
            State::Open { .. } if self.is_up() => Stage::Up,
            State::Open { .. } => Stage::Open,
            State::Down { .. } => Stage::Down,
        }
    }

    /// Why the link is not up, as far as that is known.
    pub(crate) fn trouble(&self) -> Option<&str> {
        match self.stage() {
            Stage::Up => None,
            Stage::Down => self.down_reason(),
            // What the miner sends on this connection is newer than the end of the last one.
            Stage::Open => {
                let of_connection = self.fault_reason().or(self.last_error.as_deref());
                of_connection.or(self.last_failure.as_deref())
            }
            Stage::Pausing | Stage::Connecting => self.last_failure.as_deref(),
        }
    }

    /// When the handshake of the present connection was complete, in Unix milliseconds.
    pub(crate) fn open_since_ms(&self) -> Option<u64> {
        match self.state {
            State::Open { since_ms, .. } => Some(since_ms),
            _ => None,
        }
    }
}
