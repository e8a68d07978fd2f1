//! Fernet tokens: AES-128-CBC and HMAC-SHA256, which Python's `cryptography` opens.
//!
//! Written out here because a token takes a random vector and a time, and this crate draws and reads neither itself.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockEncryptMut, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use cbc::Encryptor;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Bytes of a random initialization vector.
pub(super) const IV_BYTES: usize = 16;

/// First byte of a token.
const VERSION: u8 = 0x80;
/// Time of a token. Solvers ask for no age, so that the same seed gives the same token.
const TIMESTAMP: u64 = 0;

/// Key of a token: the SHA-256 of a text, of which half signs and half encrypts.
pub(super) struct Key {
    signing: [u8; 16],
    encryption: [u8; 16],
}

impl Key {
    pub(super) fn of_text(text: &str) -> Self {
        Self::from_bytes(Sha256::digest(text).into())
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut halves = Self {
            signing: [0; 16],
            encryption: [0; 16],
        };
        halves.signing.copy_from_slice(&bytes[..16]);
        halves.encryption.copy_from_slice(&bytes[16..]);
        halves
    }

    /// The token of `text`. `iv` must be another one for each text under this key.
    pub(super) fn encrypt(&self, text: &str, iv: [u8; IV_BYTES]) -> String {
        self.encrypt_at(TIMESTAMP, text, iv)
    }

    fn encrypt_at(&self, timestamp: u64, text: &str, iv: [u8; IV_BYTES]) -> String {
        let cipher = Encryptor::<Aes128>::new(&self.encryption.into(), &iv.into());
        let mut token = vec![VERSION];
        token.extend(timestamp.to_be_bytes());
        token.extend(iv);
        token.extend(cipher.encrypt_padded_vec_mut::<Pkcs7>(text.as_bytes()));
        let signature = hmac_sha256(&self.signing, &token);
        token.extend(signature);
        URL_SAFE.encode(token)
    }
}

fn hmac_sha256(key: &[u8; 16], message: &[u8]) -> [u8; 32] {
    // An HMAC takes a key of any length.
    let mut hmac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("16 bytes are a key");
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
pub(super) mod tests {
    use aes::cipher::BlockDecryptMut;
    use cbc::Decryptor;

    use super::*;

    impl Key {
        /// The text of a token, as `Fernet(key).decrypt(token)` returns it.
        pub(in crate::hash_job) fn decrypt(&self, token: &str) -> String {
            let token = URL_SAFE.decode(token).unwrap();
            let (signed, signature) = token.split_at(token.len() - 32);
            assert_eq!(hmac_sha256(&self.signing, signed), signature);
            let (header, encrypted) = signed.split_at(9 + IV_BYTES);
            assert_eq!(header[0], VERSION);
            let iv: [u8; IV_BYTES] = header[9..].try_into().unwrap();
            let cipher = Decryptor::<Aes128>::new(&self.encryption.into(), &iv.into());
            let text = cipher.decrypt_padded_vec_mut::<Pkcs7>(encrypted).unwrap();
            String::from_utf8(text).unwrap()
        }
    }

    /// The example of Fernet's specification (generate.json).
    #[test]
    fn token_is_that_of_the_specification() {
        let key = URL_SAFE.decode("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
        let key = Key::from_bytes(key.unwrap().try_into().unwrap());
        let iv = std::array::from_fn(|index| index as u8);
        let token = key.encrypt_at(499_162_800, "hello", iv);
        let expected = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
        assert_eq!(token, expected);
        assert_eq!(key.decrypt(expected), "hello");
    }
}
