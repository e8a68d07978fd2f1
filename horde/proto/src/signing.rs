//! Signatures of payloads.

use tig_keyring::{
    Keypair, ParseHexError, PublicKey, RANDOMNESS_BYTES, Signature, Ss58Error, VerifyError,
};

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signer is not an account.
    #[error("the signer is not an SS58 address")]
    Signer(#[source] Ss58Error),
    /// The signer is not a public key.
    #[error("the signer is not 32 bytes of hex")]
    Key(#[source] ParseHexError),
    /// The text is not a signature.
    #[error("the signature is not 64 bytes of hex")]
    Text(#[source] ParseHexError),
    /// The signature is one of something else, or by someone else.
    #[error("the signature is not one of this payload by this signer")]
    Verify(#[source] VerifyError),
}

/// An object that validators and miners sign.
pub trait Payload {
    /// The text that is signed.
    fn to_blob(&self) -> String;

    /// Signs the payload; the signature in hex with `0x`. See [`Keypair::sign`] for the randomness.
    fn sign(&self, keypair: &Keypair, randomness: &[u8; RANDOMNESS_BYTES]) -> String {
        let signature = keypair.sign(self.to_blob().as_bytes(), randomness);
        signature.to_string()
    }

    /// Checks that `signature` is one of this payload by the account with the SS58 address `signer`.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if it is not.
    fn verify(&self, signature: &str, signer: &str) -> Result<(), SignatureError> {
        let signer = PublicKey::from_ss58(signer).map_err(SignatureError::Signer)?;
        let signature: Signature = signature.parse().map_err(SignatureError::Text)?;
        signer
            .verify_wrapped(self.to_blob().as_bytes(), &signature)
            .map_err(SignatureError::Verify)
    }
}

/// States that a type is signed as its blob.
macro_rules! impl_payload {
    ($($type:ty,)*) => {
        $(impl $crate::signing::Payload for $type {
            fn to_blob(&self) -> String {
                $crate::blob::blob(&$crate::json::ToJson::to_json(self))
            }
        })*
    };
}

pub(crate) use impl_payload;
