//! Key pairs, which sign.
//!
//! A signature takes a nonce, which must never serve two messages. It is drawn from the message, a secret half of the key
//! and 32 bytes that the caller passes, as RFC 6979 and Ed25519 do, so that even bad randomness repeats no nonce.

use std::fmt;

use rand_core::{CryptoRng, Error, RngCore};
use schnorrkel::context::{attach_rng, signing_context};
use schnorrkel::{ExpansionMode, MiniSecretKey, SecretKey};

use crate::public_key::PublicKey;
use crate::signature::{SIGNING_CONTEXT, Signature};

/// Bytes of a seed, from which a key pair is derived.
pub const SEED_BYTES: usize = 32;
/// Bytes of a private key: the scalar, then the seed of the nonces.
pub const PRIVATE_KEY_BYTES: usize = 64;
/// Bytes of randomness that a signature takes.
pub const RANDOMNESS_BYTES: usize = 32;

/// The scalar of a private key is not below the order of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key is not an sr25519 key")]
pub struct BadPrivateKey;

/// A secret key and its public key. The secret is zeroed when dropped.
#[derive(Clone)]
pub struct Keypair(schnorrkel::Keypair);

impl Keypair {
    /// The key pair of a seed, which is expanded as Ed25519 expands its seeds. Every seed has one.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let mini_secret = MiniSecretKey::generate_with(GivenBytes { bytes: seed });
        Self(mini_secret.expand_to_keypair(ExpansionMode::Ed25519))
    }

    /// The key pair of a private key in the form of Substrate and the Python client, which do not multiply the scalar by the
    /// cofactor as Ed25519 does.
    ///
    /// # Errors
    ///
    /// [`BadPrivateKey`] if the scalar is out of range.
    pub fn from_private_key(bytes: &[u8; PRIVATE_KEY_BYTES]) -> Result<Self, BadPrivateKey> {
        let secret = SecretKey::from_bytes(bytes).map_err(|_| BadPrivateKey)?;
        Ok(Self(secret.to_keypair()))
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public.to_bytes())
    }

    /// Signs `message` (context `substrate`). The same arguments give the same signature.
    ///
    /// A program passes bytes of the system's generator, and a simulation or a test bytes of its seed. Bytes that come
    /// twice, or are all zero, leave a signature as secure as Ed25519's; fresh ones also protect a machine that can be made
    /// to calculate wrongly.
    ///
    /// The Python client reads a text that begins with `0x` as hex before it signs or verifies, so sign no text that
    /// someone else chose and that may begin so.
    pub fn sign(&self, message: &[u8], randomness: &[u8; RANDOMNESS_BYTES]) -> Signature {
        let transcript = signing_context(SIGNING_CONTEXT).bytes(message);
        let randomness = GivenBytes { bytes: randomness };
        let signature = self.0.sign(attach_rng(transcript, randomness));
        Signature::from_bytes(signature.to_bytes())
    }
}

/// Key pairs are the same if their secrets are, which takes the same time for all.
impl PartialEq for Keypair {
    fn eq(&self, other: &Self) -> bool {
        self.0.secret == other.0.secret
    }
}

impl Eq for Keypair {}

impl fmt::Debug for Keypair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keypair({})", self.public())
    }
}

/// A generator of 32 given bytes: schnorrkel draws so many for a seed, and merlin for a nonce. They come over again should
/// a later version draw more.
struct GivenBytes<'a> {
    bytes: &'a [u8; 32],
}

impl RngCore for GivenBytes<'_> {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(self.bytes.len()) {
            chunk.copy_from_slice(&self.bytes[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for GivenBytes<'_> {}
