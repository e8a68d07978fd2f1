//! Whether a miner admits a validator (section 2.2).

use super::auth::AuthenticateRequest;
use crate::signing::SignatureError;

/// Seconds after which an authentication is too old. The reference takes one from any time in the future.
pub const AUTHENTICATION_AGE_SECONDS_MAX: i64 = 10;

/// Why a miner does not admit a validator. The texts are those of the reference, which are on the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The request was signed too long ago.
    #[error("msg too old")]
    TooOld,
    /// The request is for another miner.
    #[error("wrong miner hotkey ({requested}!={own})")]
    Miner {
        /// The miner that the request is for.
        requested: String,
        /// The miner that received it.
        own: String,
    },
    /// The request is from another validator than the connection.
    #[error("wrong validator hotkey ({requested}!={connected})")]
    Validator {
        /// The validator that the request is from.
        requested: String,
        /// The validator that the path of the connection names.
        connected: String,
    },
    /// The validator has not signed the request.
    #[error("Signature mismatches")]
    Signature(#[source] SignatureError),
}

/// The values with which a miner compares a request.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// The time, in seconds since 1970.
    pub now: i64,
    /// SS58 address of the miner, or `None` for a validator's own miner, which takes requests for any.
    pub miner_hotkey: Option<&'a str>,
    /// SS58 address in the path of the connection.
    pub validator_hotkey: &'a str,
}

impl Admission<'_> {
    /// Checks a request as the reference's miner does, in its order.
    ///
    /// # Errors
    ///
    /// [`AdmissionError`] if the validator is not admitted.
    pub fn check(&self, request: &AuthenticateRequest) -> Result<(), AdmissionError> {
        let payload = &request.payload;
        if payload.timestamp < self.now.saturating_sub(AUTHENTICATION_AGE_SECONDS_MAX) {
            return Err(AdmissionError::TooOld);
        }
        if let Some(own) = self.miner_hotkey
            && payload.miner_hotkey != own
        {
            return Err(AdmissionError::Miner {
                requested: payload.miner_hotkey.clone(),
                own: own.to_owned(),
            });
        }
        if payload.validator_hotkey != self.validator_hotkey {
            return Err(AdmissionError::Validator {
                requested: payload.validator_hotkey.clone(),
                connected: self.validator_hotkey.to_owned(),
            });
        }
        request.verify().map_err(AdmissionError::Signature)
    }
}
