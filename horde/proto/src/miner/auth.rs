//! Authentication of a validator at a miner.

use tig_keyring::{Keypair, RANDOMNESS_BYTES};

use crate::json::object::wire_object;
use crate::signing::{Payload as _, SignatureError, impl_payload};

wire_object! {
    /// The content of an authentication.
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
        /// The signed content.
        pub payload: AuthenticationPayload,
        /// The validator's signature of the payload, in hex with `0x`.
        pub signature: String,
    }
}

impl_payload! {
    AuthenticationPayload,
}

impl AuthenticateRequest {
    /// The request with this payload, signed. See [`Keypair::sign`] for the randomness.
    pub fn new(
        payload: AuthenticationPayload,
        keypair: &Keypair,
        randomness: &[u8; RANDOMNESS_BYTES],
    ) -> Self {
        let signature = payload.sign(keypair, randomness);
        Self { payload, signature }
    }

    /// Checks that the request is signed by the validator that it names. [`Admission`](super::Admission)
    /// also checks that it is for this miner, from the validator of the connection, and fresh.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if it is not.
    pub fn verify(&self) -> Result<(), SignatureError> {
        let signer = &self.payload.validator_hotkey;
        self.payload.verify(&self.signature, signer)
    }
}
