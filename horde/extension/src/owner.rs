//! Whose store this is: one hotkey on one subnet.

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

/// Key of the record.
const OWNER: &str = "owner";

/// The validator that a store belongs to. What another one has stored must never be taken for its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Owner {
    /// SS58 address of the hotkey.
    pub hotkey: String,
    /// Number of the subnet.
    pub netuid: u16,
}

impl Owner {
    /// Enters this owner in a new store; it is stored as `owner`. A record that cannot be read is set aside and counts as none.
    ///
    /// # Errors
    ///
    /// The store is that of another one.
    pub fn claim_store(&self, ctx: &mut Context<'_>) -> Result<()> {
        match ctx.get_sound::<Self>(OWNER)? {
            None => ctx.put(OWNER, self),
            Some(stored) if stored == *self => Ok(()),
            Some(stored) => bail!(
                "the store in `{}` is that of hotkey {} on subnet {}, and the config is for hotkey {} on subnet {}: give each \
                 validator a `backup_folder` of its own",
                ctx.settings().backup_folder,
                stored.hotkey,
                stored.netuid,
                self.hotkey,
                self.netuid
            ),
        }
    }
}
