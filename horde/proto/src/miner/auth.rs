//! Authentication of a validator at a miner.

use crate::json::object::{impl_tagged, wire_object};

wire_object! {
    /// What a validator signs to authenticate.
    pub open struct AuthenticationPayload {
        /// SS58 address of the validator.
        pub validator_hotkey: String,
        /// SS58 address of the miner, or empty for a validator's own miner.
        pub miner_hotkey: String,
        /// Unix time in seconds. Miners refuse one more than 10 s ago.
        pub timestamp: i64,
    }
}

wire_object! {
    /// The first frame of every connection, also of one that replaces a broken one.
    pub open struct AuthenticateRequest {
        tag message_type = "V0AuthenticateRequest",
        /// What is signed.
        pub payload: AuthenticationPayload,
        /// The validator's signature of the payload, in hex with `0x`.
        pub signature: String,
    }
}

impl_tagged! {
    AuthenticateRequest = "V0AuthenticateRequest",
}
