//! Receipts: proof for third parties that a miner is busy or has done work (section 2.4), and the files in which miners serve
//! them (section 2.5).

pub mod csv;
pub mod jsonl;
mod payload;
mod score;

pub use payload::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, ReceiptPayload,
};
pub use score::{ORGANIC_SCORE, score_text};

use crate::json::ToJson;
use crate::json::object::wire_object;
use crate::signing::{Payload as _, SignatureError};

/// Why a receipt does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The receipt is another miner's than the one that serves it.
    #[error("the receipt is another miner's")]
    OtherMiner,
    /// The miner has not signed it.
    #[error("the miner's signature is invalid")]
    MinerSignature(#[source] SignatureError),
    /// The validator has not signed it.
    #[error("the validator's signature is invalid")]
    ValidatorSignature(#[source] SignatureError),
}

wire_object! {
    /// A receipt with the signatures of both parties.
    pub open struct Receipt {
        /// The content that both have signed.
        pub payload: ReceiptPayload,
        /// The validator's signature, in hex with `0x`.
        pub validator_signature: String,
        /// The miner's signature, in hex with `0x`.
        pub miner_signature: String,
    }
}

impl Receipt {
    /// Checks that this is a receipt of the miner with the SS58 address `miner_hotkey`, signed by both parties.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] if it is not.
    pub fn verify(&self, miner_hotkey: &str) -> Result<(), ReceiptError> {
        let payload = &self.payload;
        if payload.miner_hotkey() != miner_hotkey {
            return Err(ReceiptError::OtherMiner);
        }
        payload
            .verify(&self.miner_signature, miner_hotkey)
            .map_err(ReceiptError::MinerSignature)?;
        payload
            .verify(&self.validator_signature, payload.validator_hotkey())
            .map_err(ReceiptError::ValidatorSignature)
    }

    /// The receipt as one line of JSON, without a line end.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}
