//! The validator's hotkey, whose secret stays in the host.

use tig_keyring::{PUBLIC_KEY_BYTES, PublicKey, SIGNATURE_BYTES, Signature};
use tig_plugin_api::prelude::*;

/// The hotkey of this validator.
#[derive(Clone, Debug)]
pub struct Hotkey {
    /// Name of the host's key.
    key: String,
    public: PublicKey,
    address: String,
}

impl Hotkey {
    /// The host's key of this name.
    ///
    /// # Errors
    ///
    /// The host has no such key for this extension, or it is not of sr25519.
    pub fn new(ctx: &mut Context<'_>, key: &str) -> Result<Self> {
        let bytes = ctx.public_key(key)?;
        let Ok(bytes) = <[u8; PUBLIC_KEY_BYTES]>::try_from(bytes.as_slice()) else {
            bail!(
                "key `{key}` has a public key of {} bytes, and hotkeys have {PUBLIC_KEY_BYTES}: its kind must be sr25519",
                bytes.len()
            );
        };
        let public = PublicKey::from_bytes(bytes);
        Ok(Self {
            key: key.to_owned(),
            public,
            address: public.to_ss58(),
        })
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The SS58 address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The signature of these bytes.
    ///
    /// # Errors
    ///
    /// The host has no such key any more, or it is of another kind.
    pub fn sign(&self, ctx: &mut Context<'_>, bytes: &[u8]) -> Result<Signature> {
        let signed = ctx.sign(&self.key, bytes)?;
        let Ok(signed) = <[u8; SIGNATURE_BYTES]>::try_from(signed.as_slice()) else {
            bail!(
                "key `{}` has signed with {} bytes, not {SIGNATURE_BYTES}: its kind must be sr25519",
                self.key,
                signed.len()
            );
        };
        Ok(Signature::from_bytes(signed))
    }
}
