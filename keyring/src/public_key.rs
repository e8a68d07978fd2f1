//! Public keys: accounts of the chain, and what verifies signatures.

use std::fmt;

use crate::hex_text;
use crate::hex_text::ParseHexError;
use crate::signature::{SIGNING_CONTEXT, Signature};
use crate::ss58;
use crate::ss58::{ACCOUNT_BYTES, Ss58Error, Ss58Prefix};

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = ACCOUNT_BYTES;

/// Around a message that a wallet signs as text.
const WRAPPER: [&[u8]; 2] = [b"<Bytes>", b"</Bytes>"];

/// The public key of an account; its text is the SS58 address with prefix 42.
///
/// Any 32 bytes can be held, since accounts of other kinds of keys have addresses too. [`PublicKey::verify`] says whether
/// they are an sr25519 key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; PUBLIC_KEY_BYTES]);

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The 32 bytes are not a point of the curve: the account has another kind of key.
    #[error("the public key is not an sr25519 key")]
    Key,
    /// The 64 bytes cannot be a signature of anything.
    #[error(
        "the signature is malformed; sr25519 signatures have the highest bit of their last byte set"
    )]
    Malformed,
    /// A signature of something else, or by someone else.
    #[error("the signature is not one of this message by this key")]
    Mismatch,
}

impl PublicKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; PUBLIC_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.0
    }

    /// The key that 64 hex digits spell, with or without `0x`.
    ///
    /// # Errors
    ///
    /// [`ParseHexError`] if the text is not 32 bytes of hex.
    pub fn from_hex(text: &str) -> Result<Self, ParseHexError> {
        hex_text::decode(text).map(|bytes| Self(*bytes))
    }

    /// The key as 64 hex digits without `0x`.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The key of an address on a network with [`Ss58Prefix::SUBSTRATE`].
    ///
    /// # Errors
    ///
    /// [`Ss58Error`] if the text is not an address, or one for another network.
    pub fn from_ss58(address: &str) -> Result<Self, Ss58Error> {
        let expected = Ss58Prefix::SUBSTRATE.number();
        match Self::from_any_ss58(address)? {
            (key, Ss58Prefix::SUBSTRATE) => Ok(key),
            (_, prefix) => Err(Ss58Error::Network {
                actual: prefix.number(),
                expected,
            }),
        }
    }

    /// The key of an address and the network that the address is for.
    ///
    /// # Errors
    ///
    /// [`Ss58Error`] if the text is not an address.
    pub fn from_any_ss58(address: &str) -> Result<(Self, Ss58Prefix), Ss58Error> {
        let (account, prefix) = ss58::decode(address)?;
        Ok((Self(account), prefix))
    }

    /// The address on a network with [`Ss58Prefix::SUBSTRATE`].
    pub fn to_ss58(&self) -> String {
        self.to_ss58_of(Ss58Prefix::SUBSTRATE)
    }

    /// The address on the network with this prefix.
    pub fn to_ss58_of(&self, prefix: Ss58Prefix) -> String {
        ss58::encode(&self.0, prefix)
    }

    /// Checks that `signature` is one of `message` by this key (context `substrate`).
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if it is not.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        let key = schnorrkel::PublicKey::from_bytes(&self.0).map_err(|_| VerifyError::Key)?;
        let signature = schnorrkel::Signature::from_bytes(signature.as_bytes())
            .map_err(|_| VerifyError::Malformed)?;
        key.verify_simple(SIGNING_CONTEXT, message, &signature)
            .map_err(|_| VerifyError::Mismatch)
    }

    /// Checks that `signature` is one of `message`, or of `message` within `<Bytes>` and `</Bytes>`, by this key.
    ///
    /// Browser wallets sign text in the second form, so that it cannot be a transaction; the Python client takes both.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if it is a signature of neither.
    pub fn verify_wrapped(&self, message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        match self.verify(message, signature) {
            Err(VerifyError::Mismatch) => {
                let [before, after] = WRAPPER;
                self.verify(&[before, message, after].concat(), signature)
            }
            other => other,
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_ss58())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({self})")
    }
}
