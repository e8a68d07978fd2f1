//! The secret of a key, and what is made with it.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tig_keyring::{Keypair, RANDOMNESS_BYTES, SEED_BYTES};
use tig_plugin_api::ConfigSchema;
use zeroize::Zeroizing;

/// No randomness from outside: a signature as secure as Ed25519's, and the same for the same bytes, so that a document which is
/// signed again after a crash is the same document.
const RANDOMNESS: [u8; RANDOMNESS_BYTES] = [0; RANDOMNESS_BYTES];

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Kinds of keys.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyKind {
    /// Signatures of Substrate chains.
    Sr25519,
    /// Authentication codes of services with which the operator shares a secret.
    HmacSha256,
}

/// The secret of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Secret {
    /// A key pair; its `Debug` shows the public half.
    Sr25519(Box<Keypair>),
    /// A text that both sides know.
    HmacSha256(SharedSecret),
}

/// A secret of any length; its `Debug` shows nothing of it.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    #[must_use]
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedSecret(..)")
    }
}

impl Secret {
    /// A secret that everybody knows.
    #[must_use]
    pub(super) fn throwaway(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Sr25519 => Self::Sr25519(Box::new(Keypair::from_seed(&[0; SEED_BYTES]))),
            KeyKind::HmacSha256 => Self::HmacSha256(SharedSecret(Zeroizing::default())),
        }
    }

    #[must_use]
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Sr25519(_) => KeyKind::Sr25519,
            Self::HmacSha256(_) => KeyKind::HmacSha256,
        }
    }

    /// The public half, if there is one.
    #[must_use]
    pub(super) fn public_key(&self) -> Option<Vec<u8>> {
        match self {
            Self::Sr25519(keypair) => Some(keypair.public().as_bytes().to_vec()),
            Self::HmacSha256(_) => None,
        }
    }

    /// The signature or authentication code of `bytes`.
    #[must_use]
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sr25519(keypair) => keypair.sign(bytes, &RANDOMNESS).as_bytes().to_vec(),
            Self::HmacSha256(SharedSecret(secret)) => hmac_sha256(secret, bytes),
        }
    }
}

/// A secret that is longer than a block is hashed first, as RFC 2104 has it.
fn hmac_sha256(secret: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    if secret.len() > BLOCK_BYTES {
        let hash = Sha256::digest(secret);
        block[..hash.len()].copy_from_slice(&hash);
    } else {
        block[..secret.len()].copy_from_slice(secret);
    }
    let mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(secret: &[u8], bytes: &[u8]) -> String {
        let secret = SharedSecret::new(Zeroizing::new(secret.to_vec()));
        hex::encode(Secret::HmacSha256(secret).sign(bytes))
    }

    /// Test cases 2 and 6 of RFC 4231.
    #[test]
    fn codes_are_those_of_the_standard() {
        assert_eq!(
            hex_of(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex_of(&[0xaa; 131], text),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn debug_shows_nothing_of_a_shared_secret() {
        let secret = SharedSecret::new(Zeroizing::new(b"letter".to_vec()));
        let shown = format!("{:?}", Secret::HmacSha256(secret));
        assert_eq!(shown, "HmacSha256(SharedSecret(..))");
    }
}
