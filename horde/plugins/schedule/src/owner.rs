//! Whose store this is: one hotkey on one subnet.

use serde::{Deserialize, Serialize};
use tig_keyring::{PUBLIC_KEY_BYTES, PublicKey};
use tig_plugin_api::prelude::*;

use crate::config::Config;

const OWNER: &str = "owner";

/// The validator. Another one's cycles must never be taken for its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Owner {
    /// SS58 address of the hotkey.
    pub(crate) hotkey: String,
    pub(crate) netuid: u16,
}

impl Owner {
    /// The validator of the config, whose store this is from the first start on.
    ///
    /// # Errors
    ///
    /// The store is that of another hotkey or subnet, or the host has no such key.
    pub(crate) fn claim_store(ctx: &mut Context<'_>, config: &Config) -> Result<Self> {
        let key = &config.key;
        let bytes = ctx.public_key(key)?;
        let Ok(bytes) = <[u8; PUBLIC_KEY_BYTES]>::try_from(bytes.as_slice()) else {
            bail!(
                "key `{key}` has a public key of {} bytes, and hotkeys have {PUBLIC_KEY_BYTES}: its kind must be sr25519",
                bytes.len()
            );
        };
        let owner = Self {
            hotkey: PublicKey::from_bytes(bytes).to_ss58(),
            netuid: config.netuid,
        };
        match ctx.get_sound::<Self>(OWNER)? {
            None => ctx.put(OWNER, &owner)?,
            Some(stored) if stored == owner => {}
            Some(stored) => bail!(
                "the store in `{}` is that of hotkey {} on subnet {}, and the config is for hotkey {} on subnet {}: give each \
                 validator a `backup_folder` of its own",
                ctx.settings().backup_folder,
                stored.hotkey,
                stored.netuid,
                owner.hotkey,
                owner.netuid
            ),
        }
        Ok(owner)
    }
}
