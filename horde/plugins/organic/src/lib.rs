//! Stock extension `horde_organic` of the ComputeHorde validator: users' jobs, from their request to their one terminal status (sections
//! 2.6 and 3.9).
//!
//! | | |
//! |---|---|
//! | commands | `debug_run_organic_job`, `block_miner`, `unblock_miner` |
//! | handles | `horde_job_requested`, `horde_miner_link`, `horde_job_step`, `horde_job_over`, `horde_jobs_wanted`, `horde_group_wanted`, `horde_batch_over`, `horde_neurons`, `horde_dynamic_config`, `horde_miner_chosen`, `drain`, timers, `update` |
//! | emits | `horde_job_status` (durable), `horde_links_wanted`, `horde_jobs_made`, `horde_group_wanted`, `horde_jobs_scored`, `horde_neurons_wanted`, `horde_miner_wanted` |
//! | routes | `GET /horde/organic` |
//! | config | see `config.rs` |
//! | stores | see `store.rs` |
//!
//! ```text
//! request -> refused: rejected at once
//!    |
//!    v
//! Address -> the chain says where the miner is
//!    |
//!    v            <------------------------------- another miner, if nothing ran and the user leaves the choice
//! Choosing -> the router chooses, if there is one                         |
//!    |                                                                    |
//!    v                                                                    |
//! Linking -> a link to the miner is up                                    ^
//!    |                                                                    |
//!    v                                                                    |
//! Asked   -> `horde_miners` runs it as a group of one: accepted ... over -+-> completed, failed, rejected
//! ```
//!
//! Each step is stored before anything is asked for. After a start whatever was asked for is asked for once more, by the same
//! names, so that nothing is begun twice. Each phase has a deadline, and all of them fit into the job's time.

mod addresses;
mod admin;
mod admission;
mod config;
mod drive;
mod frames;
mod job;
mod limits;
mod links;
mod over;
mod report;
mod route;
mod standing;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod timer;
mod usage;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use horde_dynamic::DynamicConfig;
use horde_events::{
    BatchOver, GroupWanted, JobOver, JobRequested, JobStatusGiven, JobStep, JobsMade, JobsScored,
    JobsWanted, LinksWanted, MinerChosen, MinerLink, MinerWanted, Neurons, NeuronsWanted,
};
use horde_extension::next_start_ms;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::addresses::Addresses;
use crate::admin::{BlockMiner, RunOrganicJob, UnblockMiner};
use crate::config::Config;
use crate::job::Job;
use crate::links::Links;
use crate::over::OverJobs;
use crate::standing::Standing;
use crate::store::Signed;
use crate::timer::Timer;
use crate::usage::Usage;

/// What is not stored, and handed over at a reload.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Live {
    links: Links,
    usage: Usage,
    /// Attempts that `horde_miners` was asked for since the start.
    asked: BTreeSet<String>,
    /// The host drains: no more jobs are begun.
    #[serde(default)]
    is_draining: bool,
    /// When the log last said that the router has not chosen, in Unix milliseconds.
    #[serde(default)]
    router_told_ms: u64,
    /// When the chain was last asked where miners are, in Unix milliseconds.
    asked_addresses_ms: u64,
}

struct Organic {
    config: Config,
    dynamic: Option<DynamicConfig>,
    addresses: Addresses,
    /// Jobs that are under way, by the user's uuid.
    jobs: BTreeMap<String, Job>,
    /// The job of each present attempt.
    attempts: BTreeMap<String, String>,
    over: OverJobs,
    /// Signatures that were used, by their hash.
    signed: BTreeMap<String, Signed>,
    /// By hotkey.
    standings: BTreeMap<String, Standing>,
    live: Live,
}

#[extension(
    routes("GET /horde/organic"),
    emits(
        JobStatusGiven,
        LinksWanted,
        JobsMade,
        GroupWanted,
        JobsScored,
        NeuronsWanted,
        MinerWanted
    )
)]
impl Organic {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let now_ms = ctx.now_ms();
        let start_ms = next_start_ms(ctx)?;
        Timer::Start.set(ctx, start_ms)?;
        let organic = Self {
            config,
            dynamic: DynamicConfig::stored(ctx)?,
            addresses: store::addresses(ctx)?,
            jobs: store::jobs(ctx)?,
            attempts: BTreeMap::new(),
            over: store::over_jobs(ctx)?,
            signed: store::signed(ctx)?,
            standings: store::standings(ctx)?,
            live: Live::default(),
        };
        let organic = organic.with_attempts(now_ms);
        organic.report_unfinished(ctx);
        Ok(organic)
    }

    /// Runs a job on a miner as if a user had ordered it, and shows its statuses.
    #[command]
    fn debug_run_organic_job(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: RunOrganicJob,
    ) -> Result<Started> {
        self.run_admin_job(ctx, arguments)?;
        Ok(Started)
    }

    /// Gives a miner no users' jobs for a time.
    #[command]
    fn block_miner(&mut self, ctx: &mut Context<'_>, arguments: BlockMiner) -> Result<Started> {
        self.block(ctx, &arguments)?;
        Ok(Started)
    }

    /// Ends the block of a miner, and forgets its failures.
    #[command]
    fn unblock_miner(&mut self, ctx: &mut Context<'_>, arguments: UnblockMiner) -> Result<Started> {
        self.unblock(ctx, &arguments)?;
        Ok(Started)
    }

    fn on_horde_job_requested(&mut self, ctx: &mut Context<'_>, event: JobRequested) -> Result<()> {
        self.take_request(ctx, event)
    }

    fn on_horde_miner_link(&mut self, ctx: &mut Context<'_>, event: MinerLink) -> Result<()> {
        self.take_link(ctx, event)
    }

    fn on_horde_job_step(&mut self, ctx: &mut Context<'_>, event: JobStep) -> Result<()> {
        self.take_step(ctx, &event)
    }

    fn on_horde_job_over(&mut self, ctx: &mut Context<'_>, event: JobOver) -> Result<()> {
        self.take_outcome(ctx, event)
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, event: JobsWanted) -> Result<()> {
        let now_ms = ctx.now_ms();
        self.live.usage.plan(event, now_ms);
        Ok(())
    }

    fn on_horde_group_wanted(&mut self, ctx: &mut Context<'_>, event: GroupWanted) -> Result<()> {
        // Those of this extension are known.
        if !event.is_organic {
            let now_ms = ctx.now_ms();
            self.live.usage.begin(event, now_ms);
        }
        Ok(())
    }

    fn on_horde_batch_over(&mut self, _ctx: &mut Context<'_>, event: BatchOver) -> Result<()> {
        self.live.usage.end_batch(&event.batch);
        Ok(())
    }

    fn on_horde_neurons(&mut self, ctx: &mut Context<'_>, event: Neurons) -> Result<()> {
        self.take_neurons(ctx, event)
    }

    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        event: DynamicConfig,
    ) -> Result<()> {
        event.store(ctx)?;
        self.dynamic = Some(event);
        Ok(())
    }

    fn on_horde_miner_chosen(&mut self, ctx: &mut Context<'_>, event: MinerChosen) -> Result<()> {
        self.take_choice(ctx, event)
    }

    fn on_drain(&mut self, _ctx: &mut Context<'_>) -> Result<()> {
        self.live.is_draining = true;
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        match Timer::parse(&tag) {
            Some(Timer::Start) => self.on_start(ctx),
            Some(Timer::Links) => self.send_links(ctx),
            Some(Timer::Job(uuid)) => self.on_job_timer(ctx, uuid),
            None => Ok(()),
        }
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.evict(ctx)?;
        self.report_metrics(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let now_ms = ctx.now_ms();
        HttpReply::json(200, &self.report(now_ms))
    }

    fn snapshot(&mut self) -> Result<Live> {
        // This instance stays if its successor cannot start.
        Ok(self.live.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Live) -> Result<()> {
        self.live = state;
        self.report_unfinished(ctx);
        Ok(())
    }
}
