//! The edge: what is fetched, read and stored.

mod command;
mod fetch;
mod neurons;
mod own;
mod work;

use tig_keyring::{PUBLIC_KEY_BYTES, PublicKey};
use tig_plugin_api::prelude::*;

pub(crate) use self::command::{FetchCommand, FetchReceipts, finish_forgotten_command};
pub(crate) use self::fetch::Fetches;
pub(crate) use self::own::OtherValidator;
use crate::Receipts;
use crate::store;

/// Timer of what is to be asked for next.
pub(crate) const POLL_TIMER: &str = "poll";
/// Timer of receipts that are read and not verified yet.
const WORK_TIMER: &str = "work";

/// SS58 address of the hotkey that the host has under this name.
pub(crate) fn read_hotkey(ctx: &mut Context<'_>, key: &str) -> Result<String> {
    let bytes = ctx.public_key(key)?;
    match <[u8; PUBLIC_KEY_BYTES]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(PublicKey::from_bytes(bytes).to_ss58()),
        Err(_) => bail!(
            "key `{key}` has a public key of {} bytes, and hotkeys have {PUBLIC_KEY_BYTES}: its kind must be sr25519",
            bytes.len()
        ),
    }
}

impl Receipts {
    pub(crate) fn handle_timer(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        ctx.mark_fields_changed()?;
        match tag {
            POLL_TIMER => {
                self.want_neurons(ctx)?;
                self.start_requests(ctx)
            }
            WORK_TIMER => self.work_slice(ctx),
            _ => Ok(()),
        }
    }

    /// Deletes some of what is too old or too much.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(page) = self.ledger.surplus_page(now_ms) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        if store::delete_some(ctx, page)? {
            self.ledger.remove_page(ctx, page)?;
        }
        Ok(())
    }
}
