//! Errors that miners and validators send.

use super::admission::AdmissionError;
use crate::json::object::{wire_enum, wire_object};

/// Beginnings, in lower case, of what a miner says to a validator that it does not serve.
const REFUSAL_BEGINNINGS: [&str; 2] = ["unknown validator", "inactive validator"];
/// Part of what a miner says to a validator that failed to authenticate.
const REFUSAL_PART: &str = "not authenticated";

wire_object! {
    /// A fault in words.
    pub open struct GenericError {
        tag message_type = "GenericError",
        /// The words.
        pub details: Option<String>,
    }
}

impl GenericError {
    fn new(details: String) -> Self {
        Self {
            details: Some(details),
        }
    }

    /// The answer of a miner to a connection of a validator that it does not know.
    pub fn unknown_validator(validator_hotkey: &str) -> Self {
        Self::new(format!("Unknown validator: {validator_hotkey}"))
    }

    /// The answer of a miner to a connection of a validator that it does not serve at present.
    pub fn inactive_validator(validator_hotkey: &str) -> Self {
        Self::new(format!("Inactive validator: {validator_hotkey}"))
    }

    /// The answer of a miner to a validator that failed to authenticate.
    pub fn not_authenticated(validator_hotkey: &str, reason: &AdmissionError) -> Self {
        Self::new(format!(
            "Validator {validator_hotkey} not authenticated due to: {reason}"
        ))
    }

    /// Whether the miner refuses the validator, so that the connection is of no further use (section 10.5).
    pub fn is_refusal(&self) -> bool {
        let details = self.details.as_deref().unwrap_or_default();
        let begins = |beginning: &&str| {
            details
                .get(..beginning.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(beginning))
        };
        REFUSAL_BEGINNINGS.iter().any(begins) || details.contains(REFUSAL_PART)
    }
}

wire_enum! {
    /// Why a miner refuses a validator.
    pub enum UnauthorizedCode {
        /// The time of the authentication is too long ago.
        TokenTooOld = "TOKEN_TOO_OLD",
        /// The miner does not know the validator.
        UnknownValidator = "UNKNOWN_VALIDATOR",
        /// The miner knows the validator and does not serve it at present.
        ValidatorInactive = "VALIDATOR_INACTIVE",
    }
}

wire_object! {
    /// A refusal with a code; the reference declares it and never sends it.
    pub open struct UnauthorizedError {
        tag message_type = "UnauthorizedError",
        /// The reason.
        pub code: UnauthorizedCode,
        /// The reason in words.
        pub details: Option<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_end_a_connection() {
        let is_refusal = |details: &str| GenericError::new(details.to_owned()).is_refusal();
        assert!(GenericError::unknown_validator("5DiQ").is_refusal());
        assert!(GenericError::inactive_validator("5DiQ").is_refusal());
        assert!(GenericError::not_authenticated("5DiQ", &AdmissionError::TooOld).is_refusal());
        assert!(is_refusal("INACTIVE VALIDATOR"));
        assert!(!is_refusal("No job with uuid x, unknown validator"));
        assert!(!is_refusal("Inactive validato\u{e9}"));
        assert!(!is_refusal(""));
        assert!(!GenericError { details: None }.is_refusal());
    }
}
