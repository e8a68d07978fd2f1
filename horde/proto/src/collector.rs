//! The signed header of the events that a validator sends to the statistics collector (section 2.7).

use crate::json::object::wire_object;
use crate::signing::impl_payload;

/// The header with the signature of a [`CollectorPayload`].
pub const SIGNATURE_HEADER: &str = "Validator-Signature";

/// The header with the time of the signature, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "Validator-Signing-Timestamp";

wire_object! {
    /// The authentication of a validator that sends events; the events themselves are not signed.
    pub open struct CollectorPayload {
        /// Unix time in seconds.
        pub signing_timestamp: i64,
        /// SS58 address of the validator.
        pub validator_ss58_address: String,
    }
}

impl_payload! {
    CollectorPayload,
}

/// The path below the collector's URL to which the validator with this SS58 address posts its events.
pub fn events_path(validator_hotkey: &str) -> String {
    format!("validator/{validator_hotkey}/system_events")
}
