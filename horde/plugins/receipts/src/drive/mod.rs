//! The edge: what is fetched, read and stored.

mod command;
mod fetch;
mod neurons;
mod own;
mod work;

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
