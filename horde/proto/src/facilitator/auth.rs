//! Authentication of a validator, and its sign of life.

use crate::json::object::{impl_tagged, wire_object};

wire_object! {
    /// The first frame of every connection.
    pub closed struct AuthenticationRequest {
        tag message_type = "V0AuthenticationRequest",
        /// The validator's public key in hex, without `0x`.
        pub public_key: String,
        /// The validator's signature of the 32 bytes of its public key, in hex with `0x`.
        pub signature: String,
    }
}

wire_object! {
    /// The validator is alive.
    pub closed struct Heartbeat {
        tag message_type = "V0Heartbeat",
    }
}

impl_tagged! {
    AuthenticationRequest = "V0AuthenticationRequest",
    Heartbeat = "V0Heartbeat",
}
