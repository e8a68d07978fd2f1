//! Keys of the config: the host signs, and no extension sees a secret.

use crate::abi::service;
use crate::{Context, Result};

impl Context<'_> {
    /// Public key of the config's key of this name: 32 bytes for `sr25519`.
    ///
    /// # Errors
    ///
    /// The config has no such key, it does not name this extension among those that may use it, the key is a shared secret, or
    /// the host is too old.
    pub fn public_key(&mut self, key: &str) -> Result<Vec<u8>> {
        self.call(service::PUBLIC_KEY, key, &[])
    }

    /// Signs `bytes` with the config's key of this name, at once: the same signature each time. 64 bytes for `sr25519`, in the
    /// context `substrate`; 32 bytes for `hmac-sha256`, the authentication code of the shared secret.
    ///
    /// # Errors
    ///
    /// As for [`Context::public_key`]; a shared secret signs.
    pub fn sign(&mut self, key: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        self.call(service::SIGN, key, bytes)
    }
}
