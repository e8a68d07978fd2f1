//! Stock extension `horde_miners` of the ComputeHorde validator: the only owner of connections to miners, and the driver of every
//! job, of whatever kind.
//!
//! | | |
//! |---|---|
//! | handles | `horde_links_wanted`, `horde_jobs_made`, `horde_group_wanted`, `horde_jobs_scored`, `ws`, `timer`, `update` |
//! | emits | `horde_miner_link`, `horde_job_step`, `horde_job_over` (durable), `horde_receipts_signed` |
//! | routes | `GET /horde/miners`: links, groups and jobs under way; `GET /operator/panel/miners` |
//! | conditions | `no_miner_connected` |
//! | config | see `config.rs`; the host's key `key` must name this extension |
//! | stores | see `store.rs`: groups, outcomes, receipts, wanted links |
//!
//! A link is opened, authenticated on each connection, and up when the miner has shown its manifest. The jobs of a group are
//! reserved so that all executors are ready at the same time. When each of them is ready or over, the requests to run
//! are sent by one handler, whose frames the host sends together: that is the barrier. Times are taken by the host where
//! it reads and writes.
//!
//! Every job of a group gets one outcome, whatever happens. Jobs that were under way at a kill are interrupted, and count
//! as not tested. A connection that is lost is opened again, and the jobs go on. Sections are those of the ComputeHorde
//! specification.

mod conditions;
mod config;
mod details;
mod drive;
mod emission;
mod group;
mod ignored;
mod job;
mod link;
mod outflow;
mod panel;
mod receipt;
mod report;
mod run_state;
mod store;
#[cfg(test)]
mod tests;
mod text;

use horde_events::{
    GroupWanted, JobOver, JobStep, JobsMade, JobsScored, LinksWanted, MinerLink, ReceiptsSigned,
};
use horde_extension::next_start_ms;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tig_plugin_api::prelude::*;
use tig_plugin_api::{Condition, ReportedConditions};

use crate::config::Config;
use crate::emission::Emission;
use crate::job::check_frames;
use crate::panel::PANEL_ROUTE;
use crate::receipt::Validator;
use crate::run_state::RunState;
use crate::store::{Kept, WANTED};

/// The text of a [`RunState`]: the old instance goes on with its own if the successor fails, and frames are long.
#[derive(Deserialize, Serialize)]
struct Handover(Box<RawValue>);

struct Miners {
    config: Config,
    validator: Validator,
    /// What is in the storage, too.
    kept: Kept,
    state: RunState,
    /// The condition that no miner is connected, as it was last.
    unconnected: Option<Condition>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/miners", "GET /operator/panel/miners"),
    emits(MinerLink, JobStep, JobOver, ReceiptsSigned)
)]
impl Miners {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let validator = Validator::new(ctx, &config.key)?;
        let (kept, interrupted) = Kept::restore(ctx)?;
        let holders = ctx.get_sound(WANTED)?.unwrap_or_default();
        let emission = Emission::new(kept.jobs_by_age());
        let state = RunState::new(ctx.random_u64(), holders, interrupted, emission);
        let start_ms = next_start_ms(ctx)?;
        ctx.at(drive::START, start_ms)?;
        let miners = Self {
            config,
            validator,
            kept,
            state,
            unconnected: None,
            reported: ReportedConditions::default(),
        };
        miners.report_unfinished(ctx);
        Ok(miners)
    }

    fn on_horde_links_wanted(&mut self, ctx: &mut Context<'_>, event: LinksWanted) -> Result<()> {
        self.want_links(ctx, event)
    }

    /// Keeps the frames of jobs until their group is wanted and they are over.
    fn on_horde_jobs_made(&mut self, ctx: &mut Context<'_>, event: JobsMade) -> Result<()> {
        let now_ms = ctx.now_ms();
        let batch = event.batch.into();
        let mut dropped = 0;
        for job in event.jobs {
            if self.kept.has_job(&job.uuid) {
                continue;
            }
            match check_frames(&job.uuid, &job.reservation, &job.request) {
                Ok(()) => dropped += self.state.made.keep(&batch, job, now_ms),
                Err(fault) => ctx.error_with(
                    "job kind has made a job that cannot be run",
                    &[
                        ("kind", &event.kind),
                        ("job", &job.uuid),
                        ("fault", &Error::from(fault).to_string()),
                    ],
                ),
            }
        }
        report_dropped(ctx, dropped);
        Ok(())
    }

    fn on_horde_group_wanted(&mut self, ctx: &mut Context<'_>, event: GroupWanted) -> Result<()> {
        self.begin_group(ctx, event)
    }

    fn on_horde_jobs_scored(&mut self, ctx: &mut Context<'_>, event: JobsScored) -> Result<()> {
        self.send_finished(ctx, event)
    }

    fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        self.handle_ws(ctx, event)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        self.handle_timer(ctx, &tag)
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.kept.evict(ctx)?;
        self.emit_receipts(ctx)?;
        let now_ms = ctx.now_ms();
        if self.state.made.has_expired(now_ms) {
            ctx.mark_fields_changed()?;
            let dropped = self.state.made.expire(now_ms);
            report_dropped(ctx, dropped);
        }
        self.report_metrics(ctx);
        self.report_conditions(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        if request.path == PANEL_ROUTE {
            return self.panel(&request);
        }
        HttpReply::json(200, &self.report())
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover(to_raw_value(&self.state)?))
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.state = serde_json::from_str(state.0.get())?;
        self.renew_waits(ctx)?;
        self.report_unfinished(ctx);
        Ok(())
    }
}

fn report_dropped(ctx: &mut Context<'_>, dropped: usize) {
    if dropped > 0 {
        let message = "frames of jobs that no group has asked for are given up";
        ctx.warn_with(message, &[("jobs", &dropped)]);
    }
}
