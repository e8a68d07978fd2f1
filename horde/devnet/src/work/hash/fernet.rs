//! Fernet tokens: AES-128-CBC and HMAC-SHA256, as Python's `cryptography` makes them. This side opens them.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use cbc::Decryptor;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// First byte of a token.
const VERSION: u8 = 0x80;
/// Bytes of the version and the time before the initialization vector.
const HEADER_BYTES: usize = 9;
const IV_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 32;

/// Why a token cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the text is not a Fernet token")]
    Malformed,
    #[error("the token is of another key")]
    Key,
    #[error("the token has other contents than padded UTF-8")]
    Contents,
}

/// Key of a token: the SHA-256 of a text, of which half signs and half encrypts.
pub(super) struct Key {
    signing: [u8; 16],
    encryption: [u8; 16],
}

impl Key {
    pub(super) fn of_text(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let mut key = Self {
            signing: [0; 16],
            encryption: [0; 16],
        };
        let (signing, encryption) = digest.split_at(16);
        key.signing.copy_from_slice(signing);
        key.encryption.copy_from_slice(encryption);
        key
    }

    /// The text of a token, whatever its age.
    pub(super) fn decrypt(&self, token: &str) -> Result<String, TokenError> {
        let token = URL_SAFE.decode(token.trim());
        let token = token.map_err(|_| TokenError::Malformed)?;
        let end = token.len().checked_sub(SIGNATURE_BYTES);
        let (signed, signature) = end
            .and_then(|end| token.split_at_checked(end))
            .ok_or(TokenError::Malformed)?;
        if signed.first() != Some(&VERSION) {
            return Err(TokenError::Malformed);
        }
        let mut hmac = <Hmac<Sha256> as Mac>::new_from_slice(&self.signing)
            .map_err(|_| TokenError::Malformed)?;
        hmac.update(signed);
        hmac.verify_slice(signature).map_err(|_| TokenError::Key)?;
        let iv_end = HEADER_BYTES + IV_BYTES;
        let iv = signed.get(HEADER_BYTES..iv_end);
        let iv: [u8; IV_BYTES] = iv
            .and_then(|iv| iv.try_into().ok())
            .ok_or(TokenError::Malformed)?;
        let encrypted = signed.get(iv_end..).unwrap_or_default();
        let cipher = Decryptor::<Aes128>::new(&self.encryption.into(), &iv.into());
        let text = cipher
            .decrypt_padded_vec_mut::<Pkcs7>(encrypted)
            .map_err(|_| TokenError::Contents)?;
        String::from_utf8(text).map_err(|_| TokenError::Contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's `cryptography` with the key of the text `devnet`.
    const TOKEN: &str = "gAAAAAAAAAAA_BuwI3IAcSsixXkwitCZkJKsv9fyXPKxC5LxQqdNZfnehvN5tSMpV2lbpq9HMdPgTyejkpRwWfXW-ny_a2_S0g==";

    #[test]
    fn token_of_python_is_opened_by_its_key_only() {
        assert_eq!(
            Key::of_text("devnet").decrypt(TOKEN),
            Ok("hello\n".to_owned())
        );
        assert_eq!(Key::of_text("other").decrypt(TOKEN), Err(TokenError::Key));
        for faulty in ["", "gAAAAA==", "not a token", "AAAA"] {
            let opened = Key::of_text("devnet").decrypt(faulty);
            assert_eq!(opened, Err(TokenError::Malformed), "{faulty}");
        }
    }
}
