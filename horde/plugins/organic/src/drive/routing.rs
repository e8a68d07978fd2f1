//! The router: another extension that chooses miners, if the operator has one. It is asked with all that could get the job, and has
//! little time; without a usable answer the choice is made here.

use horde_events::{MinerAddress, MinerCandidate, MinerChosen, MinerWanted};
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::job::{Job, Phase};
use crate::limits::ROUTER_TOLD_INTERVAL_MS;

impl Organic {
    /// Begins an attempt at the miner of `address`, unless the choice is a router's: then the router is asked.
    pub(super) fn route(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        address: MinerAddress,
    ) -> Result<()> {
        let router_ms = self.config.router_ms;
        let job = self.jobs.get(uuid);
        let Some(job) = job.filter(|job| router_ms > 0 && job.miner.is_none()) else {
            return self.begin_attempt(ctx, uuid, address);
        };
        let (job, now_ms) = (job.clone(), ctx.now_ms());
        let question = MinerWanted {
            job: uuid.to_owned(),
            attempt: next_attempt(&job),
            executor_class: job.class.as_str().to_owned(),
            candidates: self.candidates(&job, now_ms),
        };
        // What an attempt needs is left after it.
        let spare_ms = job.left_ms(now_ms).saturating_sub(job.attempt_ms_min());
        let due_ms = now_ms + router_ms.min(spare_ms);
        // Stored before it is asked: whatever ends the host, the question is asked again.
        self.enter(ctx, job, Phase::Choosing, due_ms)?;
        ctx.emit(&question)
    }

    /// The router has chosen. An answer that comes late, or twice, changes nothing.
    pub(crate) fn take_choice(&mut self, ctx: &mut Context<'_>, chosen: MinerChosen) -> Result<()> {
        let job = self.jobs.get(&chosen.job);
        let job = job.filter(|job| job.phase == Phase::Choosing);
        let Some(job) = job.filter(|job| next_attempt(job) == chosen.attempt) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        let Some(hotkey) = chosen.hotkey else {
            return self.choose(ctx, &chosen.job);
        };
        // It may have got another job, or failed, since the router was asked.
        let candidates = self.candidates(job, ctx.now_ms());
        let is_candidate = candidates.iter().any(|it| it.hotkey == hotkey);
        let address = self.addresses.of_miner(&self.config, &hotkey);
        match address.filter(|_| is_candidate) {
            Some(address) => self.begin_attempt(ctx, &chosen.job, address),
            None => {
                ctx.warn_with(
                    "router has chosen a miner that cannot get the job; another one is chosen",
                    &[
                        ("job", &chosen.job),
                        ("miner", &horde_events::quote(&hotkey)),
                    ],
                );
                self.choose(ctx, &chosen.job)
            }
        }
    }

    /// The router has not answered in time.
    pub(super) fn miss_router(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        ctx.count("router_silent", &[], 1);
        let now_ms = ctx.now_ms();
        // A router that is not there misses each job.
        if now_ms.abs_diff(self.live.router_told_ms) >= ROUTER_TOLD_INTERVAL_MS {
            self.live.router_told_ms = now_ms;
            ctx.warn_with(
                "no router has chosen a miner in time; miners are chosen here meanwhile",
                &[("job", &uuid), ("router_ms", &self.config.router_ms)],
            );
        }
        self.choose(ctx, uuid)
    }

    /// Chooses after a restart as for the first time, with the router.
    pub(super) fn choose_again(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        self.choose_for(ctx, uuid, Self::route)
    }

    fn choose(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        self.choose_for(ctx, uuid, Self::begin_attempt)
    }

    /// Chooses a miner without a router, and goes on with `begin`; without any miner the job ends.
    fn choose_for(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        begin: fn(&mut Self, &mut Context<'_>, &str, MinerAddress) -> Result<()>,
    ) -> Result<()> {
        let Some(job) = self.jobs.get(uuid) else {
            return Ok(());
        };
        match self.find_other(job, ctx.random_unit(), ctx.now_ms()) {
            Ok(address) => begin(self, ctx, uuid, address),
            Err(cause) => {
                let ending = Ending::without_attempt(job, &cause.to_string());
                self.finish(ctx, uuid, ending)
            }
        }
    }

    fn candidates(&self, job: &Job, now_ms: u64) -> Vec<MinerCandidate> {
        let used = self.live.usage.by_miner(job.class);
        let serving = self.addresses.serving(&self.config);
        let candidates = self.miners(&used, now_ms).candidates(job, serving);
        let candidates = candidates.unwrap_or_default().into_iter();
        let candidates = candidates.map(|it| MinerCandidate {
            hotkey: it.hotkey.to_owned(),
            free: it.free,
            demerits: it.demerits,
        });
        candidates.collect()
    }
}

/// The number of the attempt that a choice is for, from 1.
fn next_attempt(job: &Job) -> u32 {
    u32::try_from(job.attempts.len()).map_or(u32::MAX, |before| before.saturating_add(1))
}
