//! Stock extension `horde_crossval` of the ComputeHorde validator: prompts with known answers, by which miners of the class
//! `always_on.llm.a6000` are tested (section 3.8).
//!
//! | | |
//! |---|---|
//! | commands | `debug_run_llm_prompt_task` |
//! | handles | `horde_llm_samples_wanted`, `horde_miner_link`, `horde_job_over`, `horde_dynamic_config`, `drain`, timers, answers of the buckets |
//! | emits | `horde_llm_samples`, `horde_links_wanted`, `horde_jobs_made`, `horde_group_wanted`, `horde_jobs_scored` |
//! | routes | `GET /horde/pool`, `GET /operator/panel/pool` |
//! | conditions | `bucket_fault` (subject: bucket), `trusted_miner_failing`, `station_failing` (subject: station), `trusted_miner_unreliable`, `samples_short`, `no_buckets`, `no_trusted_miner` |
//! | config | see `config.rs`; the host's key `key` must name this extension |
//! | stores | see `store.rs` |
//!
//! ```text
//! generation: the trusted miner writes series into the bucket of prompts
//!    |
//!    v
//! sampling:   prompts are drawn from series; as many as fit are a workload, with a seed of its own
//!    |
//!    v
//! upload:     the prompts of a workload are put into the bucket of answers
//!    |
//!    v
//! answering:  the trusted miner answers them, and the answers are read ----> three failures drop a workload
//!    |                                                                       and give its samples back
//!    v
//! samples     are given to a job kind, each once
//! ```
//!
//! Stations wait for each other by what is in the store alone, so that none can jam another: each pauses after a failure, for longer
//! each time up to a bound, and all that waits has an age at which it is dropped. The trusted miner does one job at a time and
//! takes turns between its two stations. Both buckets are checked at the start, every few hours, and when a station meets a fault of one
//! (`bucket_check.rs`); the trusted miner begins no job for a bucket that has not worked for a while. Sections are those of the
//! ComputeHorde specification.

mod bucket;
mod bucket_check;
mod command;
mod conditions;
mod config;
mod drive;
mod limits;
mod live;
mod panel;
mod pool;
mod report;
mod share;
mod station;
mod store;
#[cfg(test)]
mod tests;
mod trusted;
mod view;

use std::collections::BTreeMap;

use horde_dynamic::DynamicConfig;
use horde_events::{
    GroupWanted, JobOver, JobsMade, JobsScored, LinksWanted, LlmSamplesGiven, LlmSamplesWanted,
    MinerLink,
};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::bucket::Buckets;
use crate::command::{Call, RunTask};
use crate::config::Config;
use crate::drive::WORK;
use crate::live::Live;
use crate::pool::{Pool, Target};
use crate::station::{Station, StationName};
use crate::trusted::{Probe, TrustedJob};

/// The path of the panel; the other route answers with the whole view.
const PANEL_ROUTE: &str = "/operator/panel/pool";

struct Crossval {
    config: Config,
    buckets: Option<Buckets>,
    dynamic: DynamicConfig,
    pool: Pool,
    stations: BTreeMap<StationName, Station>,
    /// The job of the trusted miner.
    job: Option<TrustedJob>,
    probe: Option<Probe>,
    call: Option<Call>,
    live: Live,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/pool", "GET /operator/panel/pool"),
    emits(LlmSamplesGiven, LinksWanted, JobsMade, GroupWanted, JobsScored)
)]
impl Crossval {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let buckets = Buckets::new(&config, ctx)?;
        if let Some(buckets) = &buckets {
            store::forget_other_buckets(ctx, buckets)?;
        }
        let now_ms = ctx.now_ms();
        ctx.at(WORK, now_ms)?;
        Ok(Self {
            config,
            buckets,
            dynamic: DynamicConfig::stored(ctx)?.unwrap_or_default(),
            pool: Pool::stored(ctx)?,
            stations: ctx.get_sound(store::STATIONS)?.unwrap_or_default(),
            job: ctx.get_sound(store::JOB)?,
            probe: ctx.get_sound(store::PROBE)?,
            call: ctx.get_sound(store::CALL)?,
            live: Live::default(),
            reported: ReportedConditions::default(),
        }
        .with_sound_times(now_ms))
    }

    /// Runs one station of the pool of prompts now, and shows what comes of it.
    #[command]
    fn debug_run_llm_prompt_task(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: RunTask,
    ) -> Result<Started> {
        self.run_task(ctx, &arguments)?;
        Ok(Started)
    }

    fn on_horde_llm_samples_wanted(
        &mut self,
        ctx: &mut Context<'_>,
        event: LlmSamplesWanted,
    ) -> Result<()> {
        self.take_ask(ctx, event)?;
        self.work(ctx)
    }

    fn on_horde_miner_link(&mut self, ctx: &mut Context<'_>, event: MinerLink) -> Result<()> {
        self.take_link(ctx, event)?;
        self.work(ctx)
    }

    fn on_horde_job_over(&mut self, ctx: &mut Context<'_>, event: JobOver) -> Result<()> {
        self.take_outcome(ctx, event)?;
        self.work(ctx)
    }

    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        event: DynamicConfig,
    ) -> Result<()> {
        event.store(ctx)?;
        self.dynamic = event;
        self.work(ctx)
    }

    fn on_drain(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.live.is_draining = true;
        self.work(ctx)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        self.work(ctx)
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        self.take_response(ctx, response)?;
        self.work(ctx)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let view = self.view(ctx.now_ms());
        if request.path != PANEL_ROUTE {
            return HttpReply::json(200, &view);
        }
        // The tables are small: each reply has all of their rows.
        HttpReply::panel(&request, |_| Ok(panel::panel(&view)))
    }

    fn snapshot(&mut self) -> Result<Live> {
        // This instance stays if its successor cannot start.
        Ok(self.live.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Live) -> Result<()> {
        self.live = state;
        // A job that was dropped with its buckets is not asked for, and keeps no link.
        if self.job.is_none() {
            (self.live.is_asked, self.live.is_reading) = (false, false);
            self.live.link_idle_since_ms.get_or_insert(ctx.now_ms());
        }
        // Of series that are gone with their bucket nothing can be drawn.
        if self.pool.series.is_empty() {
            self.live.run = None;
        }
        Ok(())
    }
}

impl Crossval {
    /// Reports what an operator must look at. The last thing that [`Crossval::work`] does, and so each handler: nothing may fail after
    /// it. A new instance works at once, so that it needs no report of its own.
    fn observe(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let present = conditions::present(self, now_ms);
        self.reported.report(ctx, present);
    }

    fn target(&self) -> Target {
        Target::new(&self.dynamic, self.config.uses_per_series)
    }

    /// Whether a station pauses.
    fn is_paused(&self, name: StationName, now_ms: u64) -> bool {
        let station = self.stations.get(&name);
        station.is_some_and(|station| station.paused_until_ms(now_ms).is_some())
    }
}
