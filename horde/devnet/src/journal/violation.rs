//! Violations of the protocol by a validator.

use serde::{Deserialize, Serialize};

/// A rule that a validator has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// A frame that is not a message of the protocol.
    Malformed,
    /// A binary frame.
    BinaryFrame,
    /// The first frame of a connection is not an authentication.
    NotAuthenticated,
    /// More than one authentication on a connection.
    AuthenticatedTwice,
    /// An authentication that the miner refuses.
    AuthenticationRefused,
    /// A message that validators do not send.
    UnexpectedMessage,
    /// A second reservation of a uuid on a connection.
    ReservedTwice,
    /// A receipt that names another job, miner or validator than its message and connection.
    ForeignReceipt,
    /// A receipt that the validator has not signed.
    ReceiptSignature,
    /// A second receipt of the same type for a job.
    ReceiptTwice,
    /// An accepted receipt for a job that is not accepted.
    AcceptedReceiptEarly,
    /// A finished receipt of a test before the job has come to an end.
    FinishedReceiptEarly,
    /// A receipt for a job that nobody reserved.
    ReceiptOfUnknownJob,
    /// A request to run a job that nobody reserved, or another validator.
    RunOfUnknownJob,
    /// A request to run a job whose executor is not ready.
    RunEarly,
    /// A request to run a job that runs, or has come to an end.
    RunTwice,
    /// A request to run a job without the receipt of its acceptance.
    RunWithoutReceipt,
    /// A volume with the reservation and with the request to run.
    VolumeTwice,
}

/// A violation of the protocol by a validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// When the frame was read, in microseconds since 1970.
    pub at_us: i64,
    /// The connection.
    pub connection: u64,
    /// The rule.
    pub kind: ViolationKind,
    /// The job.
    pub job_uuid: Option<String>,
    /// The fault in words.
    pub detail: String,
}
