//! What a miner makes go out.

use std::time::Duration;

use super::connection::ConnectionId;
use crate::work::Work;

/// A frame of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// A flood of frames that say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    Pings { per_second: u32 },
    Frames { per_second: u32 },
}

/// What happens to a connection, in the order of the times to which things are delayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Frame(Frame),
    /// The closing handshake.
    Close {
        code: u16,
    },
    /// The end of the connection without a closing handshake.
    Drop,
    /// Another flood from now on, or none.
    Flood(Option<Flood>),
}

/// What a miner makes happen.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Write {
        connection: ConnectionId,
        delay: Duration,
        outgoing: Outgoing,
    },
    /// Starts the work of a job; its outcome comes back to [`Miner::complete`](super::Miner::complete).
    Start { job_uuid: String, work: Box<Work> },
    /// Asks for [`Miner::wake`](super::Miner::wake) after this time.
    Wake { job_uuid: String, after: Duration },
}
