//! The hotkey of this validator.

use tig_keyring::PublicKey;
use tig_plugin_api::prelude::*;

use crate::store::Owner;

/// Bytes of a public key.
const PUBLIC_KEY_BYTES: usize = 32;

/// The hotkey whose weights are set.
pub(crate) struct Hotkey {
    account: [u8; PUBLIC_KEY_BYTES],
    address: String,
}

impl Hotkey {
    /// The host's key of this name.
    pub(crate) fn new(ctx: &mut Context<'_>, key: &str) -> Result<Self> {
        let bytes = ctx.public_key(key)?;
        let Ok(account) = <[u8; PUBLIC_KEY_BYTES]>::try_from(bytes.as_slice()) else {
            bail!(
                "key `{key}` has a public key of {} bytes, and hotkeys have {PUBLIC_KEY_BYTES}: its kind must be sr25519",
                bytes.len()
            );
        };
        let address = PublicKey::from_bytes(account).to_ss58();
        Ok(Self { account, address })
    }

    /// The public key.
    pub(crate) fn account(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.account
    }

    /// The SS58 address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn owner(&self, netuid: u16) -> Owner {
        Owner {
            hotkey: self.address.clone(),
            netuid,
        }
    }
}
