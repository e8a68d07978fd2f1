//! What comes from a validator.

use horde_proto::miner::ToMiner;
use tig_process::error_chain::error_chain;

use crate::journal::MessageKind;

/// A frame of a validator.
#[derive(Clone, Debug)]
pub(crate) enum Received {
    Message(ToMiner),
    /// A text that is not a message, and why.
    Malformed(String),
    Binary,
    Ping,
}

impl Received {
    /// Reads a text frame.
    pub(crate) fn parse(text: &str) -> Self {
        match ToMiner::parse(text) {
            Ok(message) => Self::Message(message),
            Err(error) => Self::Malformed(error_chain(&error)),
        }
    }

    pub(super) fn kind(&self) -> MessageKind {
        match self {
            Self::Message(message) => message.into(),
            Self::Malformed(_) => MessageKind::Malformed,
            Self::Binary => MessageKind::Binary,
            Self::Ping => MessageKind::Ping,
        }
    }
}
