//! Receipts: proof for third parties that a miner is busy or has done work (section 2.4).

mod payload;

pub use payload::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, ReceiptPayload,
};

use crate::json::ToJson;
use crate::json::object::wire_object;

wire_object! {
    /// A receipt with the signatures of both parties.
    pub open struct Receipt {
        /// What both have signed.
        pub payload: ReceiptPayload,
        /// The validator's signature, in hex with `0x`.
        pub validator_signature: String,
        /// The miner's signature, in hex with `0x`.
        pub miner_signature: String,
    }
}

impl Receipt {
    /// The receipt as one line of JSON, without a line end.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}
