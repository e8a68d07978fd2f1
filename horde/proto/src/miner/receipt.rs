//! Receipts on their way from the validator to the miner.

use crate::json::object::wire_object;
use crate::receipt::{JobAcceptedReceiptPayload, JobFinishedReceiptPayload};

wire_object! {
    /// The receipt of an accepted job, right after the miner's answer.
    pub open struct JobAcceptedReceiptRequest {
        tag message_type = "V0JobAcceptedReceiptRequest",
        /// The signed content.
        pub payload: JobAcceptedReceiptPayload,
        /// The validator's signature of the payload, in hex with `0x`.
        pub signature: String,
    }
}

wire_object! {
    /// The receipt of a finished job.
    pub open struct JobFinishedReceiptRequest {
        tag message_type = "V0JobFinishedReceiptRequest",
        /// The signed content.
        pub payload: JobFinishedReceiptPayload,
        /// The validator's signature of the payload, in hex with `0x`.
        pub signature: String,
    }
}
