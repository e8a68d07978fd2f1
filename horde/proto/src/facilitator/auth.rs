//! Authentication of a validator, and its sign of life.

use tig_keyring::{Keypair, PublicKey, RANDOMNESS_BYTES};

use crate::json::object::wire_object;
use crate::secret::Secret;
use crate::signing::SignatureError;

wire_object! {
    /// The first frame of every connection.
    pub closed struct AuthenticationRequest {
        tag message_type = "V0AuthenticationRequest",
        /// The validator's public key in hex, without `0x`.
        pub public_key: String,
        /// The validator's signature of the 32 bytes of its public key, in hex with `0x`. It is valid for ever, so that a
        /// reader of it could pass for the validator.
        pub signature: Secret,
    }
}

wire_object! {
    /// The validator is alive.
    pub closed struct Heartbeat {
        tag message_type = "V0Heartbeat",
    }
}

impl AuthenticationRequest {
    /// The request of the validator with this key. See [`Keypair::sign`] for the randomness.
    pub fn new(keypair: &Keypair, randomness: &[u8; RANDOMNESS_BYTES]) -> Self {
        let public_key = keypair.public();
        let signature = keypair.sign(public_key.as_bytes(), randomness);
        Self {
            public_key: public_key.to_hex(),
            signature: signature.to_string().into(),
        }
    }

    /// The validator that has signed the request.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if the request is not signed by its key.
    pub fn verify(&self) -> Result<PublicKey, SignatureError> {
        let public_key = PublicKey::from_hex(&self.public_key).map_err(SignatureError::Key)?;
        let signature = self.signature.as_str();
        let signature = signature.parse().map_err(SignatureError::Text)?;
        public_key
            .verify_wrapped(public_key.as_bytes(), &signature)
            .map_err(SignatureError::Verify)?;
        Ok(public_key)
    }
}
