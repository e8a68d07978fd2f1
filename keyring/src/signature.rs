//! sr25519 signatures as bytes and as text.

use std::fmt;
use std::str::FromStr;

use crate::hex_text;
use crate::hex_text::ParseHexError;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Of all signatures on Substrate chains.
pub(crate) const SIGNING_CONTEXT: &[u8] = b"substrate";

/// An sr25519 signature; its text is `0x` and 128 hex digits, and is read without `0x` too.
///
/// Any 64 bytes can be held: whether they are a signature of something is for [`crate::PublicKey::verify`] to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_BYTES]);

impl Signature {
    /// The signature with these bytes.
    pub const fn from_bytes(bytes: [u8; SIGNATURE_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.0
    }
}

impl FromStr for Signature {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, ParseHexError> {
        hex_text::decode(text).map(|bytes| Self(*bytes))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({self})")
    }
}
