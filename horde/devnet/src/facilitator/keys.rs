//! Keys of users, which the seed of a facilitator decides, and other bytes that look random.

use sha2::{Digest as _, Sha256};
use tig_keyring::{Keypair, SEED_BYTES};

/// The user whose signature a validator under test is to take: put its SS58 address into the validator's list of signers.
pub fn user_keypair(seed: u64) -> Keypair {
    Keypair::from_seed(&bytes(seed, "user", 0))
}

/// A user whom no validator knows.
pub fn unknown_user_keypair(seed: u64) -> Keypair {
    Keypair::from_seed(&bytes(seed, "unknown user", 0))
}

/// The same bytes for the same arguments.
pub(super) fn bytes(seed: u64, purpose: &str, number: u64) -> [u8; SEED_BYTES] {
    let mut hash = Sha256::new();
    hash.update(b"horde-devnet facilitator");
    hash.update(seed.to_le_bytes());
    hash.update(number.to_le_bytes());
    hash.update(purpose);
    hash.finalize().into()
}
