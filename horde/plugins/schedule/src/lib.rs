//! `horde_schedule`: when this validator tests the miners (sections 3.2 and 3.3).
//!
//! | | |
//! |---|---|
//! | commands | `schedule_synthetic_jobs`, `run_synthetic_jobs` |
//! | handles | `horde_block`, `horde_neurons`, `horde_chain_state`, `horde_batch_missed`, `horde_dynamic_config` |
//! | emits | `horde_neurons_wanted`, `horde_links_wanted`, `horde_batch_due`, `horde_batch_missed` |
//! | routes | `GET /horde/schedule` |
//! | conditions | `waiting_for_slot`, `other_chain`, `not_in_list`, `not_serving`, `batch_missed`, `no_chain` |
//! | config | see `config.rs`; the host's key `key` must name this extension |
//! | stores | `owner`, `cycle`, `dynamic_config` |
//!
//! Blocks decide, never the clock. Once per cycle: the validators are the neurons at its first block, their order comes from the hash of
//! an earlier block, and the place in that order is the slot. At the block of the slot the batch is due; links to the miners are opened
//! ahead of it. Each cycle that was seen ends as due or missed, once: that is stored together with the event that says so.
//!
//! All decisions are functions of what is stored and the number of the newest block, so an instance that was killed decides as one that was not.

mod answers;
mod conditions;
mod config;
mod cycle;
mod decide;
mod drive;
mod observe;
mod place;
mod reason;
mod rules;
mod status;
#[cfg(test)]
mod tests;

use horde_dynamic::DynamicConfig;
use horde_events::{BatchDue, BatchMissed, Block, ChainState, LinksWanted, Neurons, NeuronsWanted};
use horde_extension::{Hotkey, Owner};
use serde::{Deserialize, Serialize};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::conditions::Missed;
use crate::config::Config;
use crate::cycle::Cycle;
use crate::reason::Code;
use crate::rules::Rules;

/// What was seen of the chain since the start: shown, and known again at the next block. Handed over at a reload.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Seen {
    block: Option<Block>,
    chain: Option<ChainState>,
    /// The newest batch that was not run, until one is due: for conditions only. Older versions do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed: Option<Missed>,
}

struct Schedule {
    config: Config,
    owner: Owner,
    rules: Rules,
    /// The newest cycle that was seen, as it is stored. None before the first cycle that begins at block 0 or later.
    cycle: Option<Cycle>,
    seen: Seen,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/schedule"),
    emits(NeuronsWanted, LinksWanted, BatchDue, BatchMissed)
)]
impl Schedule {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let owner = Owner {
            hotkey: Hotkey::new(ctx, &config.key)?.address().to_owned(),
            netuid: config.netuid,
        };
        owner.claim_store(ctx)?;
        let rules = Rules::new(&config, DynamicConfig::stored(ctx)?.as_ref());
        let mut schedule = Self {
            cycle: Cycle::stored(ctx)?,
            seen: Seen::default(),
            config,
            owner,
            rules,
            reported: ReportedConditions::default(),
        };
        // The event that said it may have been lost with the host.
        schedule.want_links(ctx)?;
        // Without `horde_chain` no handler would report that there is no chain. At a reload the host takes what `restore` reports.
        schedule.observe(ctx);
        Ok(schedule)
    }

    fn on_horde_block(&mut self, ctx: &mut Context<'_>, block: Block) -> Result<()> {
        let number = block.number;
        ctx.mark_fields_changed()?;
        self.seen.block = Some(block);
        self.tick(ctx, number)?;
        self.measure(ctx, number);
        self.observe(ctx);
        Ok(())
    }

    fn on_horde_neurons(&mut self, ctx: &mut Context<'_>, neurons: Neurons) -> Result<()> {
        self.take_neurons(ctx, neurons)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_horde_chain_state(&mut self, ctx: &mut Context<'_>, chain: ChainState) -> Result<()> {
        self.seen.chain = Some(chain);
        self.observe(ctx);
        Ok(())
    }

    /// `horde_batch` can say that a batch which was due has not begun.
    fn on_horde_batch_missed(&mut self, ctx: &mut Context<'_>, missed: BatchMissed) -> Result<()> {
        self.remember_missed(&missed);
        self.note_missed(ctx, missed)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        dynamic: DynamicConfig,
    ) -> Result<()> {
        dynamic.store(ctx)?;
        self.rules = Rules::new(&self.config, Some(&dynamic));
        self.observe(ctx);
        Ok(())
    }

    /// Looks at the newest block now, and shows this validator's slot or why it has none. Ends with 0 if the batch of the cycle
    /// is due at a block or was begun, with 20 if the hotkey is not in the list, 21 if serving is off, 22 if the batch was missed,
    /// 23 if the chain cannot be followed.
    #[command]
    fn schedule_synthetic_jobs(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        let status = self.tick_now(ctx)?;
        ctx.finish(ctx.ticket(), status.code.exit_code(), &status)?;
        self.observe(ctx);
        Ok(Started)
    }

    /// Looks at the newest block now, and begins the batch if it is due. Ends with 0 if the batch of the cycle was begun, now or
    /// before, with 24 if its block has not come yet, otherwise as `schedule_synthetic_jobs`.
    #[command]
    fn run_synthetic_jobs(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        let status = self.tick_now(ctx)?;
        let code = match status.code {
            Code::Waiting => status::NOT_YET,
            code => code.exit_code(),
        };
        ctx.finish(ctx.ticket(), code, &status)?;
        self.observe(ctx);
        Ok(Started)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::json(200, &self.status(ctx.now_ms()))
    }

    fn snapshot(&mut self) -> Result<Seen> {
        Ok(self.seen.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, seen: Seen) -> Result<()> {
        self.seen = seen;
        self.observe(ctx);
        Ok(())
    }
}
