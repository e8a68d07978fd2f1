//! Encrypted hotkey files: `$NACL`, nonce, and an XSalsa20-Poly1305 box under a key that Argon2i makes of the password.

use argon2::{Algorithm, Argon2, Params, Version};
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, Nonce, XSalsa20Poly1305};
use zeroize::Zeroizing;

/// What an encrypted file begins with.
pub(crate) const MAGIC: &[u8] = b"$NACL";

/// Bytes of a password. btcli knows no limit, but a longer one is another file.
pub const PASSWORD_BYTES_MAX: usize = 4 << 10;

/// Bytes of the nonce.
const NONCE_BYTES: usize = 24;
/// Bytes of the box's authentication tag, which an empty box has, too.
const TAG_BYTES: usize = 16;
/// Bytes of the box's key.
const KEY_BYTES: usize = 32;

/// The same for every file, so that a password has one key.
const SALT: [u8; 16] = [
    0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1,
];
/// Memory of the key derivation: 512 MiB.
const MEMORY_KIB: u32 = 512 << 10;
/// Passes of the key derivation over its memory.
const PASSES: u32 = 8;
/// Lanes of the key derivation.
const LANES: u32 = 1;

/// Why an encrypted file cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// Fewer bytes than nonce and tag have.
    Truncated,
    /// The tag is not that of these bytes under this password.
    Authentication,
    /// The password has more than [`PASSWORD_BYTES_MAX`].
    Password,
}

/// The contents of the file that goes on with `sealed` after [`MAGIC`]. Takes 512 MiB and some seconds.
pub(crate) fn open(sealed: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .filter(|(_, sealed)| sealed.len() >= TAG_BYTES)
        .ok_or(OpenError::Truncated)?;
    let key = derive_key(password)?;
    XSalsa20Poly1305::new((&*key).into())
        .decrypt(Nonce::from_slice(nonce), sealed)
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Authentication)
}

fn derive_key(password: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, OpenError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(OpenError::Password);
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Params::new(MEMORY_KIB, PASSES, LANES, Some(KEY_BYTES))
        .map(|params| Argon2::new(Algorithm::Argon2i, Version::V0x13, params))
        .and_then(|argon2| argon2.hash_password_into(password, &SALT, &mut *key))
        // The parameters are valid, so only the password could be refused.
        .map_err(|_| OpenError::Password)?;
    Ok(key)
}
