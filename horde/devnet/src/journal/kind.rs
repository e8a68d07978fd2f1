//! Kinds of frames that come from a validator.

use horde_proto::miner::ToMiner;
use serde::{Deserialize, Serialize};

/// The kind of a frame that a miner has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// `V0AuthenticateRequest`.
    Authentication,
    /// `V0InitialJobRequest`.
    Reservation,
    /// `V0JobRequest`.
    Run,
    /// `V0JobAcceptedReceiptRequest`.
    AcceptedReceipt,
    /// `V0JobFinishedReceiptRequest`.
    FinishedReceipt,
    /// `V0MachineSpecsRequest`.
    MachineSpecs,
    /// `GenericError`.
    GenericError,
    /// A text that is not a message of the protocol.
    Malformed,
    /// A binary frame.
    Binary,
    /// A ping.
    Ping,
}

impl From<&ToMiner> for MessageKind {
    fn from(message: &ToMiner) -> Self {
        match message {
            ToMiner::Authenticate(_) => Self::Authentication,
            ToMiner::InitialJob(_) => Self::Reservation,
            ToMiner::Job(_) => Self::Run,
            ToMiner::JobAcceptedReceipt(_) => Self::AcceptedReceipt,
            ToMiner::JobFinishedReceipt(_) => Self::FinishedReceipt,
            ToMiner::MachineSpecs(_) => Self::MachineSpecs,
            ToMiner::GenericError(_) => Self::GenericError,
        }
    }
}
