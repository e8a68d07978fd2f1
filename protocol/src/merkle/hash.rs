//! The 32 bytes in a node of a Merkle tree.

use std::fmt;
use std::str::FromStr;

use super::ParseMerkleError;
use crate::text::serde_as_text;

/// A node of a Merkle tree; as text, 64 hex digits (written in lower case, read in either).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerkleHash(pub [u8; 32]);

impl MerkleHash {
    /// Bytes of a hash.
    pub const LEN: usize = 32;
    /// Hex digits of a hash.
    pub const HEX_LEN: usize = 2 * Self::LEN;

    /// The node above two siblings.
    pub(super) fn parent(left: Self, right: Self) -> Self {
        // One buffer for one call: an incremental hasher costs more than the hash of a single block.
        let mut pair = [0; 2 * Self::LEN];
        pair[..Self::LEN].copy_from_slice(&left.0);
        pair[Self::LEN..].copy_from_slice(&right.0);
        Self(*blake3::hash(&pair).as_bytes())
    }

    pub(super) fn from_hex(digits: &[u8], what: &'static str) -> Result<Self, ParseMerkleError> {
        let mut bytes = [0; Self::LEN];
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|source| ParseMerkleError::Hex { what, source })?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for MerkleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MerkleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MerkleHash {
    type Err = ParseMerkleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "merkle hash";
        if text.len() != Self::HEX_LEN {
            return Err(ParseMerkleError::Length {
                what,
                actual: text.len(),
                expected: "64",
            });
        }
        Self::from_hex(text.as_bytes(), what)
    }
}

serde_as_text!(MerkleHash);
