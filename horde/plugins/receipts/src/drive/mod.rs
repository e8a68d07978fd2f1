//! The edge: what is fetched, read and stored.

mod command;
mod fetch;
mod neurons;
mod own;
mod work;

use horde_proto::receipt::jsonl::PAGE_SECONDS;
use tig_plugin_api::prelude::*;

pub(crate) use self::command::{FetchCommand, FetchReceipts, finish_forgotten_command};
pub(crate) use self::fetch::Fetches;
pub(crate) use self::own::OtherValidator;
use crate::Receipts;
use crate::ledger::Part;
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
        let Some((page, part)) = self.ledger.surplus(now_ms) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        // Before the first one goes: a miner may serve it again at any time.
        match part {
            Part::All => {}
            Part::Own => self.judge_own_after(ctx, page)?,
            Part::Foreign => self.ledger.refuse_foreign_to(page),
        }
        if store::delete_some(ctx, page, part)? {
            self.ledger.remove(ctx, page, part)?;
        }
        Ok(())
    }

    /// Receipts of this page and before with this validator's signature may be its own, though they are not stored.
    fn judge_own_after(&mut self, ctx: &mut Context<'_>, page: u64) -> Result<()> {
        let since_ms = (page + 1) * PAGE_SECONDS * 1_000;
        if since_ms > self.since_ms {
            store::put_since_ms(ctx, since_ms)?;
            self.since_ms = since_ms;
        }
        Ok(())
    }
}
