//! Stock extension `horde_chain` of the ComputeHorde validator: the chain by a service of the Pylon shape (sections 5.2 and 10.11).
//!
//! | | |
//! |---|---|
//! | commands | `fetch_miners` |
//! | handles | `horde_neurons_wanted`, `horde_chain_call`, HTTP responses, timers |
//! | emits | `horde_block`, `horde_chain_state`, `horde_neurons`, `horde_chain_answer` |
//! | routes | `GET /horde/chain` |
//! | conditions | `chain_unreachable`, `chain_stands_still`, `chain_contradicts`, `neurons_unreadable` |
//! | config | `url`, `identity`, `netuid`, `poll_ms`, `timeout_ms`, `stall_ms`, `finalization_blocks`; the token is the host's API key |
//! | stores | `netuid`, `heights`: the newest block and the last hashes, `neurons/<block>` of the last final blocks asked for, `open`: calls without an answer |
//!
//! The newest block is asked for again and again. Its number never goes back, and nothing is emitted of data that contradict
//! earlier ones, nor while the service stands still. What the service says of a final block is stored before it is emitted, so that
//! it is the same for ever. Each call has exactly one answer: it is stored before it is sent, and one that was open at a kill
//! ends as failed. Answers are read strictly, and taken whole or not at all (`read`).

mod calls;
mod conditions;
mod config;
mod fault;
mod heights;
mod limits;
mod miners;
mod neurons;
mod observe;
mod poll;
mod read;
mod service;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod wants;
mod watch;

use std::collections::BTreeSet;

use horde_events::{Block, ChainAnswer, ChainCall, ChainState, Neurons, NeuronsWanted};
use serde::{Deserialize, Serialize};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::conditions::Failing;
use crate::config::Config;
use crate::fault::Cause;
use crate::heights::Heights;
use crate::limits::INTERRUPT_DELAY_MS;
use crate::miners::FetchMiners;
use crate::poll::Poll;
use crate::service::Service;
use crate::store::Open;
use crate::wants::Wants;
use crate::watch::Watch;

/// Timer: the next look for a new block.
const POLL: &str = "poll";

/// Timer: calls that were open at the start end as interrupted.
const INTERRUPT: &str = "interrupt";

/// What a reload hands over, besides what is stored.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Live {
    /// What was open at a start without a handover, until it ends as interrupted.
    interrupted: Open,
    /// The request for the newest block that is on its way.
    poll: Option<Poll>,
    /// The service does not know `/block/latest`.
    lacks_block_route: bool,
    watch: Watch,
    /// The newest block was emitted since the start.
    is_announced: bool,
    wants: Wants,
    /// Why the last neurons could not be had.
    neurons_fault: Option<String>,
}

struct HordeChain {
    config: Config,
    service: Service,
    /// Stored.
    heights: Heights,
    /// Stored.
    open: Open,
    /// Blocks whose neurons are stored.
    kept: BTreeSet<u32>,
    live: Live,
    /// Why the last request for the newest block has failed. Not handed over: for conditions only.
    poll_cause: Option<Cause>,
    /// Requests for neurons, likewise.
    neurons_failing: Option<Failing>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/chain"),
    emits(Block, ChainState, Neurons, ChainAnswer)
)]
impl HordeChain {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        store::bind(ctx, config.netuid)?;
        let service = Service::new(&config, ctx.settings().api_key.clone());
        let (heights, open, kept) = (store::heights(ctx)?, store::open(ctx)?, store::kept(ctx)?);
        let now_ms = ctx.now_ms();
        ctx.at(POLL, now_ms)?;
        if open != Open::default() {
            ctx.at(INTERRUPT, now_ms + INTERRUPT_DELAY_MS)?;
        }
        ctx.unfinished(open.calls.len() as u64);
        Ok(Self {
            config,
            service,
            heights,
            live: Live {
                interrupted: open.clone(),
                ..Live::default()
            },
            open,
            kept,
            poll_cause: None,
            neurons_failing: None,
            reported: ReportedConditions::default(),
        })
    }

    /// Shows the miners that serve, by the newest block.
    #[command]
    fn fetch_miners(&mut self, ctx: &mut Context<'_>, _arguments: FetchMiners) -> Result<Started> {
        self.begin_fetch(ctx)?;
        Ok(Started)
    }

    fn on_horde_neurons_wanted(
        &mut self,
        ctx: &mut Context<'_>,
        wanted: NeuronsWanted,
    ) -> Result<()> {
        self.want_neurons(ctx, wanted.block)
    }

    fn on_horde_chain_call(&mut self, ctx: &mut Context<'_>, call: ChainCall) -> Result<()> {
        self.begin_call(ctx, call)
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        // An answer comes once: if its handler fails, the instance is rebuilt and asks again.
        ctx.mark_fields_changed()?;
        self.take_response(ctx, response)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        match tag.as_str() {
            POLL => self.look(ctx)?,
            INTERRUPT => self.interrupt(ctx)?,
            tag => self.time_out(ctx, tag)?,
        }
        self.observe(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let now_ms = ctx.now_ms();
        HttpReply::json(200, &self.status(now_ms))
    }

    fn snapshot(&mut self) -> Result<Live> {
        Ok(self.live.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, live: Live) -> Result<()> {
        self.live = live;
        self.observe(ctx);
        Ok(())
    }
}

impl HordeChain {
    /// Takes an answer to whatever was asked.
    fn take_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        let poll = self.live.poll.as_ref();
        if poll.is_some_and(|poll| poll.tag == response.tag) {
            return self.take_poll(ctx, response);
        }
        if let Some(block) = self.live.wants.returned(&response.tag) {
            return self.take_neurons(ctx, block, response);
        }
        if self.open.calls.contains_key(&response.tag) {
            return self.take_call(ctx, response);
        }
        calls::log_late(ctx, response);
        Ok(())
    }
}
