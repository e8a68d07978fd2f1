//! sr25519 keys, SS58 addresses and hotkey files of Substrate chains.
//!
//! Invariants: everything here is a pure function of its arguments. No I/O, no clock, no source of randomness: what a
//! signature needs of it comes in as an argument. Secrets are zeroed when dropped and appear in no `Debug` and no error.

mod hex_text;
mod hotkey_file;
mod keypair;
mod public_key;
mod sealed_box;
mod signature;
mod ss58;

pub use hex_text::ParseHexError;
pub use hotkey_file::{HOTKEY_BYTES_MAX, HotkeyError, HotkeyFile};
pub use keypair::{BadPrivateKey, Keypair, PRIVATE_KEY_BYTES, RANDOMNESS_BYTES, SEED_BYTES};
pub use public_key::{PUBLIC_KEY_BYTES, PublicKey, VerifyError};
pub use sealed_box::PASSWORD_BYTES_MAX;
pub use signature::{SIGNATURE_BYTES, Signature};
pub use ss58::{Ss58Error, Ss58Prefix};
