//! `horde_report`: what is in force, what has happened and how things are (sections 2.7, 2.8, 3.10, 4 and 10.9).
//!
//! | | |
//! |---|---|
//! | commands | `constance_get`, `constance_list`, `constance_set`, `fetch_dynamic_config`, `evict_old_data` |
//! | handles | `horde_block`, `horde_chain_state`, `horde_batch_due`, `horde_batch_missed`, `horde_batch_over`, `horde_weights_over`, `horde_job_status`, `horde_miner_link`, timers, answers to its requests |
//! | emits | `horde_dynamic_config` |
//! | routes | `GET /horde/status`, `GET /operator/panel/validator` |
//! | conditions | `dynamic_config_failing` (subject: file, or empty), `no_dynamic_config`, `collector_failing` |
//! | config | `key`, `profile`, `source`, `inline`, `file`, `url_validator`, `url_common`, `stats_collector_url`, `interval_ms` |
//! | stores | `dynamic/..` files, the operator's values and what is in force; `events/..` what the collector has not taken; `status/..` |
//!
//! Three parts that do not know each other: `dynamic` says which values are in force, `system_events` keeps events until the
//! collector has them, `board` is what the status shows. Most events of others change the board and become system events.

mod board;
mod conditions;
mod config;
mod dynamic;
mod limits;
mod system_events;
#[cfg(test)]
mod tests;
mod text;
mod timer;

use horde_dynamic::DynamicConfig;
use horde_events::{
    BatchDue, BatchMissed, BatchOver, Block, ChainState, JobStatusGiven, LinkState, MinerLink,
    WeightsOver,
};
use serde::{Deserialize, Serialize};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::board::{Board, BoardStatus};
use crate::config::Config;
use crate::dynamic::{
    Dynamic, DynamicStatus, FetchArguments, KeyArguments, ListArguments, SetArguments,
};
use crate::limits::START_DELAY_MS;
use crate::system_events::{Sending, SystemEvents, SystemEventsStatus};
use crate::timer::Timer;

/// The path of the panel; the other route is that of the status.
const PANEL_ROUTE: &str = "/operator/panel/validator";

struct HordeReport {
    interval_ms: u64,
    dynamic: Dynamic,
    events: SystemEvents,
    board: Board,
    reported: ReportedConditions,
}

/// The answer of `GET /horde/status`. All times are Unix milliseconds.
#[derive(Serialize)]
struct Status<'a> {
    at_ms: u64,
    #[serde(flatten)]
    board: BoardStatus<'a>,
    dynamic_config: DynamicStatus<'a>,
    system_events: SystemEventsStatus<'a>,
}

/// Arguments of `evict_old_data`: none.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvictArguments {}

/// What was dropped because of its age.
#[derive(Serialize)]
struct Evicted {
    system_events: u64,
    jobs: u64,
    miners: u64,
}

#[extension(
    routes("GET /horde/status", "GET /operator/panel/validator"),
    emits(DynamicConfig)
)]
impl HordeReport {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let section_file = config.check()?;
        let report = Self {
            interval_ms: config.interval_ms,
            dynamic: Dynamic::start(ctx, &config, section_file)?,
            events: SystemEvents::start(ctx, &config)?,
            board: Board::start(ctx)?,
            reported: ReportedConditions::default(),
        };
        let first_ms = ctx.now_ms() + START_DELAY_MS;
        Timer::Send.set(ctx, first_ms)?;
        Ok(report)
    }

    /// Shows a value of dynamic config and where it comes from.
    #[command]
    fn constance_get(&mut self, ctx: &mut Context<'_>, arguments: KeyArguments) -> Result<Started> {
        self.dynamic.get(ctx, &arguments)
    }

    /// Shows all values of dynamic config and where they come from.
    #[command]
    fn constance_list(&mut self, ctx: &mut Context<'_>, _: ListArguments) -> Result<Started> {
        self.dynamic.list(ctx)
    }

    /// Sets a value of dynamic config above all files, or drops one that was set so.
    #[command]
    fn constance_set(&mut self, ctx: &mut Context<'_>, arguments: SetArguments) -> Result<Started> {
        let started = self.dynamic.set(ctx, arguments)?;
        self.report_conditions(ctx);
        Ok(started)
    }

    /// Fetches dynamic config now. Ends with 20 if a file did not come or has a fault.
    #[command]
    fn fetch_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        _: FetchArguments,
    ) -> Result<Started> {
        self.dynamic.fetch_for(ctx, self.interval_ms)
    }

    /// Drops what is too old now: system events and failures of miners after two days, users' jobs after an hour.
    #[command]
    fn evict_old_data(&mut self, ctx: &mut Context<'_>, _: EvictArguments) -> Result<Started> {
        let evicted = self.evict(ctx)?;
        ctx.finish(ctx.ticket(), 0, &evicted)?;
        Ok(Started)
    }

    fn on_horde_block(&mut self, _ctx: &mut Context<'_>, block: Block) -> Result<()> {
        self.board.set_block(block);
        Ok(())
    }

    fn on_horde_chain_state(&mut self, ctx: &mut Context<'_>, state: ChainState) -> Result<()> {
        if self.board.set_chain(ctx, &state)? {
            self.events
                .add(ctx, &[system_events::chain_state(&state)])?;
        }
        Ok(())
    }

    fn on_horde_batch_due(&mut self, ctx: &mut Context<'_>, due: BatchDue) -> Result<()> {
        self.board.set_due(ctx, &due)
    }

    fn on_horde_batch_missed(&mut self, ctx: &mut Context<'_>, missed: BatchMissed) -> Result<()> {
        if self.board.set_missed(ctx, &missed)? {
            let event = system_events::batch_missed(&missed, ctx.now_ms());
            self.events.add(ctx, &[event])?;
        }
        Ok(())
    }

    fn on_horde_batch_over(&mut self, ctx: &mut Context<'_>, over: BatchOver) -> Result<()> {
        if self.board.set_batch(ctx, &over)? {
            let events = system_events::batch_over(&over, ctx.now_ms());
            self.events.add(ctx, &events)?;
        }
        Ok(())
    }

    fn on_horde_weights_over(&mut self, ctx: &mut Context<'_>, over: WeightsOver) -> Result<()> {
        if self.board.set_weights(ctx, &over)? {
            self.events
                .add(ctx, &[system_events::weights_over(&over)])?;
        }
        Ok(())
    }

    fn on_horde_job_status(&mut self, ctx: &mut Context<'_>, given: JobStatusGiven) -> Result<()> {
        if self.board.set_job(ctx, &given)?
            && let Some(event) = system_events::job_over(&given)
        {
            self.events.add(ctx, &[event])?;
        }
        Ok(())
    }

    fn on_horde_miner_link(&mut self, ctx: &mut Context<'_>, link: MinerLink) -> Result<()> {
        let LinkState::Down { reason } = link.state else {
            return Ok(());
        };
        if self.board.set_link_down(ctx, &link.hotkey, &reason)? {
            let event = system_events::link_down(&link.hotkey, &reason, ctx.now_ms());
            self.events.add(ctx, &[event])?;
        }
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        match Timer::parse(&tag) {
            Some(Timer::Fetch) => self.dynamic.fetch(ctx, self.interval_ms)?,
            Some(Timer::Apply) => drop(self.dynamic.apply(ctx)?),
            Some(Timer::Send) => {
                // First of all: a handler that fails before it asks for anything is not rebuilt, and its timer is gone.
                let next_ms = ctx.now_ms() + self.interval_ms;
                Timer::Send.set(ctx, next_ms)?;
                self.evict(ctx)?;
                self.events.send(ctx)?;
            }
            None => return Ok(()),
        }
        self.report_conditions(ctx);
        Ok(())
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        if system_events::is_send_tag(&response.tag) {
            self.events.answered(ctx, response)?;
        } else if let Some(tag) = dynamic::parse_tag(&response.tag) {
            self.dynamic.answered(ctx, tag, response.result)?;
        }
        self.report_conditions(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let at_ms = ctx.now_ms();
        if request.path == PANEL_ROUTE {
            return HttpReply::panel(&request, |query| Ok(self.board.panel(query, at_ms)));
        }
        let status = Status {
            at_ms,
            board: self.board.status(at_ms),
            dynamic_config: self.dynamic.status(),
            system_events: self.events.status(ctx)?,
        };
        HttpReply::json(200, &status)
    }

    fn snapshot(&mut self) -> Result<Option<Sending>> {
        Ok(self.events.sending.clone())
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, sending: Option<Sending>) -> Result<()> {
        self.events.sending = sending;
        Ok(())
    }
}

impl HordeReport {
    /// The last thing that a handler does which can change them: nothing may fail after it. Events of others change none.
    fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let present = conditions::present(&self.dynamic, &self.events);
        self.reported.report(ctx, present);
    }

    fn evict(&mut self, ctx: &mut Context<'_>) -> Result<Evicted> {
        let system_events = self.events.evict(ctx)?;
        let (jobs, miners) = self.board.evict(ctx)?;
        Ok(Evicted {
            system_events,
            jobs,
            miners,
        })
    }
}
