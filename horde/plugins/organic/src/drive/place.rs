//! Which miner gets a job, and where it is.

use std::collections::BTreeMap;

use horde_events::{MinerAddress, Neurons, NeuronsWanted};
use horde_proto::facilitator::JobStatus;
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::job::{Job, Phase};
use crate::limits::ADDRESSES_ASK_INTERVAL_MS;
use crate::route::{Miners, NoMiner};
use crate::store;

/// Where a job can go.
enum Place {
    At(MinerAddress),
    /// The chain has to be asked first.
    Unknown,
    Nowhere(String),
}

impl Organic {
    /// Lets a job that has no miner begin an attempt, wait for the chain, or end. A job that waits already goes on doing so.
    pub(super) fn place(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        let Some(job) = self.jobs.get(uuid) else {
            return Ok(());
        };
        let (draw, now_ms) = (ctx.random_unit(), ctx.now_ms());
        let is_waiting = job.due_ms > now_ms;
        match self.find_miner(job, is_waiting, draw, now_ms) {
            Place::At(address) => {
                self.renew_addresses(ctx)?;
                self.route(ctx, uuid, address)
            }
            Place::Unknown => self.ask_addresses(ctx),
            Place::Nowhere(reason) => {
                self.renew_addresses(ctx)?;
                self.finish(ctx, uuid, Ending::new(JobStatus::Rejected, reason))
            }
        }
    }

    /// Another miner for a job of which nothing has run. It does not wait for the chain.
    pub(super) fn find_other(
        &self,
        job: &Job,
        draw: f64,
        now_ms: u64,
    ) -> Result<MinerAddress, NoMiner> {
        let used = self.live.usage.by_miner(job.class);
        let miners = self.miners(&used, now_ms);
        let hotkey = miners.choose(job, self.addresses.serving(&self.config), draw)?;
        let address = self.addresses.of_miner(&self.config, hotkey);
        address.ok_or(NoMiner::NoManifest)
    }

    /// What a choice rests on, with the executors in `used`.
    pub(super) fn miners<'a>(
        &'a self,
        used: &'a BTreeMap<&'a str, u32>,
        now_ms: u64,
    ) -> Miners<'a> {
        Miners {
            config: &self.config,
            standings: &self.standings,
            used,
            now_ms,
        }
    }

    fn find_miner(&self, job: &Job, can_wait: bool, draw: f64, now_ms: u64) -> Place {
        let is_fresh = self.addresses.is_fresh(now_ms);
        let Some(hotkey) = &job.miner else {
            // Without a question where the config names miners: then there may be no chain at all.
            if !is_fresh && can_wait && self.config.miners.is_empty() {
                return Place::Unknown;
            }
            return match self.find_other(job, draw, now_ms) {
                Ok(address) => Place::At(address),
                Err(cause) => Place::Nowhere(self.with_chain(cause.to_string(), now_ms)),
            };
        };
        let fixed = job.address.clone();
        if let Some(address) = fixed.or_else(|| self.config.fixed_address(hotkey)) {
            return Place::At(address);
        }
        match self.addresses.get(hotkey) {
            Some(address) if is_fresh || !can_wait => Place::At(address),
            // It may have been registered since.
            None if can_wait && self.addresses.is_due(now_ms) => Place::Unknown,
            Some(_) => Place::Unknown,
            None => {
                let block = self.addresses.block();
                let reason = match self.addresses.seen_ms() {
                    0 => format!("the address of miner {hotkey} is not known"),
                    _ => format!("miner {hotkey} does not serve at block {block}"),
                };
                Place::Nowhere(self.with_chain(reason, now_ms))
            }
        }
    }

    /// A reason for which the silence of the chain may be the cause.
    fn with_chain(&self, reason: String, now_ms: u64) -> String {
        match self.addresses.is_fresh(now_ms) || !self.config.miners.is_empty() {
            true => reason,
            false => format!("{reason}; the chain has not said lately where miners are"),
        }
    }

    /// Asks the chain where miners are, unless it was asked just now.
    pub(super) fn ask_addresses(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let asked_ms = self.live.asked_addresses_ms;
        if asked_ms > 0 && now_ms.saturating_sub(asked_ms) < ADDRESSES_ASK_INTERVAL_MS {
            return Ok(());
        }
        self.live.asked_addresses_ms = now_ms;
        ctx.emit(&NeuronsWanted { block: None })
    }

    /// Asks for addresses before those that are known are too old, so that no job has to wait for them.
    fn renew_addresses(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        match self.addresses.is_due(now_ms) {
            true => self.ask_addresses(ctx),
            false => Ok(()),
        }
    }

    /// The chain says where miners are: jobs that have waited for it go on.
    pub(crate) fn take_neurons(&mut self, ctx: &mut Context<'_>, neurons: Neurons) -> Result<()> {
        // Others ask for past blocks, from which miners may have moved.
        if neurons.wanted.is_some() {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        if self.addresses.take(neurons, now_ms) {
            store::put_addresses(ctx, &self.addresses)?;
        }
        let jobs = self.jobs.values();
        let waiting: Vec<String> = jobs
            .filter(|job| job.phase == Phase::Address)
            .map(|job| job.uuid.clone())
            .collect();
        for uuid in waiting {
            self.place(ctx, &uuid)?;
        }
        Ok(())
    }
}
