//! Receipts that this validator has signed (section 2.4).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::Event;

/// A receipt with the validator's signature. The miner's comes with what it serves.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SignedReceipt {
    /// A payload of `horde_proto::receipt`; its `receipt_type` says which.
    pub payload: Box<RawValue>,
    /// Hex with `0x`.
    pub signature: String,
}

/// `horde_receipts_signed`: receipts that this validator has signed. The same one may come again.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ReceiptsSigned {
    /// The receipts.
    pub receipts: Vec<SignedReceipt>,
}

impl Event for ReceiptsSigned {
    const NAME: &'static str = "horde_receipts_signed";
}
