//! Polls for work: which slave gets a batch, and who is woken for one.

use std::collections::BTreeSet;

use tig_plugin_api::prelude::*;

use crate::batches::{Expired, Pushed};
use crate::slaves::Name;
use crate::{SlaveManager, State};

/// A poll for work is held for no longer, whatever the slave asks for.
const WAIT_MS_MAX: u64 = 50_000;

/// Held polls asked again for a batch that only one slave may have: it is likely to be among them.
const WAKES_FOR_ONE: u64 = 64;

impl SlaveManager {
    pub(crate) fn get_batch(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        query: &str,
        now_ms: u64,
    ) -> Result<HttpReply> {
        let freed = self.expire(ctx);
        let is_cordoned = self.cordon.contains(slave);
        let State { queue, slaves, .. } = &mut self.state;
        let stats = slaves.seen(slave, now_ms);
        let leased = if is_cordoned || now_ms < stats.resting_until_ms {
            None
        } else {
            let cannot_run = stats.cannot_run.current(now_ms);
            let cannot_run: BTreeSet<&str> =
                cannot_run.map(|of| of.algorithm_id.as_str()).collect();
            queue.lease(slave, now_ms, self.config.lease_ms, &cannot_run)
        };
        // One of them is for this slave.
        let freed = freed.saturating_sub(u64::from(leased.is_some()));
        self.wake_polls(ctx, freed)?;
        match leased.and_then(|key| self.state.queue.batch(key)) {
            Some(batch) => HttpReply::json(200, &batch),
            None => {
                let reply = HttpReply::text(404, "No batches available");
                let wait_ms = wait_ms(query).min(WAIT_MS_MAX);
                Ok(if wait_ms > 0 {
                    reply.hold(wait_ms)
                } else {
                    reply
                })
            }
        }
    }

    /// Ends the leases that are over, and returns the number of batches that have become available.
    pub(crate) fn expire(&mut self, ctx: &mut Context<'_>) -> u64 {
        let Expired { freed, slaves } = self.state.queue.expire(ctx.now_ms());
        for slave in &slaves {
            if let Some(stats) = self.state.slaves.get_mut(slave) {
                stats.has_lost_lease = true;
            }
        }
        if !slaves.is_empty() {
            ctx.count("lease_expiries", &[], slaves.len() as u64);
        }
        freed
    }

    pub(crate) fn wake(&self, ctx: &mut Context<'_>, pushed: Pushed) -> Result<()> {
        match pushed {
            Pushed::Nothing => Ok(()),
            Pushed::Open => self.wake_polls(ctx, 1),
            Pushed::Reserved => self.wake_for_one(ctx),
        }
    }

    /// Asks held polls again for `freed` batches: more while the first of them may be of a slave that cannot have them.
    pub(crate) fn wake_polls(&self, ctx: &mut Context<'_>, freed: u64) -> Result<()> {
        // Most polls free nothing, and each call of the host costs one.
        if freed == 0 {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let cordoned = self.cordon.iter();
        let slaves = &self.state.slaves;
        let held = cordoned.filter(|(name, _)| slaves.is_present(name, now_ms));
        let freed = freed.saturating_add(held.count() as u64);
        let is_anybody_unable = now_ms < self.state.unable_until_ms;
        ctx.wake(if is_anybody_unable {
            freed.max(WAKES_FOR_ONE)
        } else {
            freed
        })
    }

    pub(crate) fn wake_for_one(&self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.wake(WAKES_FOR_ONE)
    }
}

/// Value of `wait` in a query; 0 if it is missing or no number.
fn wait_ms(query: &str) -> u64 {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let wait = pairs.find(|(key, _)| *key == "wait");
    wait.and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}
