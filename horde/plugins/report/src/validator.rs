//! The validator, as the collector knows it.

use horde_proto::Payload;
use tig_keyring::{PUBLIC_KEY_BYTES, PublicKey, SIGNATURE_BYTES, Signature};
use tig_plugin_api::prelude::*;

pub(crate) struct Validator {
    /// Name of the host's key.
    key: String,
    /// SS58 address of the hotkey.
    pub(crate) hotkey: String,
}

impl Validator {
    /// The validator whose hotkey is the host's key of this name.
    pub(crate) fn new(ctx: &mut Context<'_>, key: &str) -> Result<Self> {
        let bytes = ctx.public_key(key)?;
        let Ok(bytes) = <[u8; PUBLIC_KEY_BYTES]>::try_from(bytes.as_slice()) else {
            bail!(
                "key `{key}` has a public key of {} bytes, and hotkeys have {PUBLIC_KEY_BYTES}: its kind must be sr25519",
                bytes.len()
            );
        };
        Ok(Self {
            key: key.to_owned(),
            hotkey: PublicKey::from_bytes(bytes).to_ss58(),
        })
    }

    /// The signature of a payload, in hex with `0x`.
    pub(crate) fn sign(&self, ctx: &mut Context<'_>, payload: &impl Payload) -> Result<String> {
        let bytes = ctx.sign(&self.key, payload.to_blob().as_bytes())?;
        let Ok(bytes) = <[u8; SIGNATURE_BYTES]>::try_from(bytes.as_slice()) else {
            bail!(
                "key `{}` has signed with {} bytes, not {SIGNATURE_BYTES}: its kind must be sr25519",
                self.key,
                bytes.len()
            );
        };
        Ok(Signature::from_bytes(bytes).to_string())
    }
}
