//! The look for a new block, again and again.

use horde_events::{Block, ChainCondition, ChainState};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::fault::{self, Fault};
use crate::heights::Sighting;
use crate::limits::{LOST_GRACE_MS, POLL_BACKOFF_MS_MAX};
use crate::read::{Head, read_block, read_neurons};
use crate::service::Query;
use crate::{HordeChain, POLL, store};

/// A request for the newest block.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Poll {
    pub(crate) tag: String,
    /// In Unix milliseconds.
    sent_ms: u64,
    /// The neurons were asked for, since the service cannot name the block alone.
    with_neurons: bool,
}

impl HordeChain {
    /// Asks for the newest block, and for neurons that are wanted.
    pub(crate) fn look(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        ctx.at(POLL, now_ms + self.config.poll_ms)?;
        self.expire_wants(ctx, now_ms)?;
        let lost_ms = self.config.timeout_ms + LOST_GRACE_MS;
        let is_awaited = |poll: &Poll| now_ms < poll.sent_ms.saturating_add(lost_ms);
        if !self.live.poll.as_ref().is_some_and(is_awaited) {
            self.send_poll(ctx, self.live.lacks_block_route)?;
        }
        self.send_wants(ctx)
    }

    fn send_poll(&mut self, ctx: &mut Context<'_>, with_neurons: bool) -> Result<()> {
        let tag = format!("poll/{:016x}", ctx.random_u64());
        let query = match with_neurons {
            true => Query::LatestNeurons,
            false => Query::LatestBlock,
        };
        ctx.http(&self.service.query(query, tag.clone()))?;
        self.live.poll = Some(Poll {
            tag,
            sent_ms: ctx.now_ms(),
            with_neurons,
        });
        Ok(())
    }

    pub(crate) fn take_poll(
        &mut self,
        ctx: &mut Context<'_>,
        response: HttpResponse,
    ) -> Result<()> {
        let Some(poll) = self.live.poll.take() else {
            return Ok(());
        };
        let body = fault::body(response, self.service.token());
        let answer = body.and_then(|body| match poll.with_neurons {
            true => {
                let list = read_neurons(&body, None)?;
                Ok((list.head.clone(), Some(list)))
            }
            false => Ok((read_block(&body)?, None)),
        });
        count(ctx, "block", &answer);
        match answer {
            Ok((head, list)) => {
                let sighting = self.see(ctx, &head)?;
                if let Some(list) = list {
                    self.answer_latest(ctx, &sighting, list)?;
                }
                self.send_wants(ctx)
            }
            // Services before 2.3 do not know the route.
            Err(fault) if fault.is_not_found() && !poll.with_neurons => {
                self.live.lacks_block_route = true;
                self.send_poll(ctx, true)
            }
            Err(fault) => self.poll_failed(ctx, &fault),
        }
    }

    fn poll_failed(&mut self, ctx: &mut Context<'_>, fault: &Fault) -> Result<()> {
        // The service that comes back may be another version.
        self.live.lacks_block_route = false;
        let (now_ms, unit) = (ctx.now_ms(), ctx.random_unit());
        let reason = fault.to_string();
        self.end_commands(ctx, &reason)?;
        ctx.debug_with("poll has failed", &[("reason", &reason)]);
        self.poll_cause = Some(fault.cause());
        let state = self.live.watch.fail(reason, now_ms);
        let failures = self.live.watch.failures;
        let delay_ms = backoff_ms(self.config.poll_ms, failures, unit);
        let wait_ms = fault.wait_ms().min(POLL_BACKOFF_MS_MAX);
        ctx.at(POLL, now_ms + delay_ms.max(wait_ms))?;
        self.publish(ctx, state)
    }

    /// Takes note of a block that the service says is its newest one, and emits it if it is new.
    pub(crate) fn see(&mut self, ctx: &mut Context<'_>, head: &Head) -> Result<Sighting> {
        let now_ms = ctx.now_ms();
        let sighting = self.heights.see(head, now_ms);
        self.judge(ctx, &sighting)?;
        let has_news = match sighting {
            Sighting::New => true,
            // After a restart the others do not know it.
            Sighting::Same => !self.live.is_announced,
            Sighting::Older { .. } | Sighting::Contradiction { .. } => false,
        };
        if has_news
            && self.live.watch.is_following()
            && let Some(block) = &self.heights.newest
        {
            ctx.emit::<Block>(block)?;
            ctx.gauge("horde_chain_block", &[], f64::from(block.number));
            self.live.is_announced = true;
        }
        Ok(sighting)
    }

    /// Stores what a sighting has changed, and reports what it says of the service.
    pub(crate) fn judge(&mut self, ctx: &mut Context<'_>, sighting: &Sighting) -> Result<()> {
        if matches!(sighting, Sighting::New | Sighting::Contradiction { .. }) {
            store::put_heights(ctx, &self.heights)?;
        }
        let now_ms = ctx.now_ms();
        let newest = self.heights.newest_number().unwrap_or_default();
        let stall_ms = self.config.stall_ms;
        let state = self.live.watch.see(sighting, newest, stall_ms, now_ms);
        self.publish(ctx, state)
    }

    fn publish(&mut self, ctx: &mut Context<'_>, state: Option<ChainState>) -> Result<()> {
        let Some(state) = state else {
            return Ok(());
        };
        ctx.emit(&state)?;
        match &state.condition {
            ChainCondition::Following => ctx.info("the chain is followed"),
            ChainCondition::StandsStill { block } => ctx.warn_with(
                "the chain stands still: the service always names the same block; check the service and its node",
                &[("block", block)],
            ),
            ChainCondition::Unreachable { reason } => {
                ctx.warn_with(
                    "no block from the chain service; trying again",
                    &[("url", &self.config.url), ("reason", reason)],
                );
            }
            ChainCondition::Contradicts { reason } => {
                ctx.warn_with("the chain service contradicts itself", &[("reason", reason)]);
            }
        }
        Ok(())
    }
}

/// Answers of the service by what was asked and what came of it.
pub(crate) fn count<T>(ctx: &mut Context<'_>, request: &str, answer: &Result<T, Fault>) {
    let result = answer.as_ref().err().map_or("ok", Fault::result);
    let labels = [("request", request), ("result", result)];
    ctx.count("horde_chain_requests", &labels, 1);
}

/// Milliseconds until the next poll after so many failures in a row; `unit` in `[0, 1)` spreads those of many validators.
fn backoff_ms(poll_ms: u64, failures: u32, unit: f64) -> u64 {
    let doublings = failures.saturating_sub(1).min(u64::BITS / 4);
    let longest_ms = poll_ms
        .saturating_mul(1 << doublings)
        .min(POLL_BACKOFF_MS_MAX.max(poll_ms));
    let spread_ms = longest_ms - poll_ms;
    poll_ms + (spread_ms as f64 * (1.0 + unit) / 2.0) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn backoff_is_bounded(poll_ms in 20_u64..=60_000, failures in 0_u32..=u32::MAX, unit in 0.0..1.0) {
            let delay_ms = backoff_ms(poll_ms, failures, unit);
            prop_assert!(delay_ms >= poll_ms && delay_ms <= POLL_BACKOFF_MS_MAX);
        }
    }

    #[test]
    fn backoff_begins_with_the_usual_delay_and_grows() {
        assert_eq!(backoff_ms(4_000, 1, 0.9), 4_000);
        assert_eq!(backoff_ms(4_000, 3, 0.0), 10_000);
        assert!(backoff_ms(4_000, 9, 0.9) > 50_000);
    }
}
