//! What the chain answers to attempts and readings, and what does not come in time.

use horde_events::{ChainAnswer, ChainResult};
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::cycle::AttemptResult;
use crate::decide::is_due;

/// Milliseconds beyond a deadline in which the chain service's own word for it may come.
pub(crate) const GRACE_MS: u64 = 2_000;

impl HordeWeights {
    pub(crate) fn take_answer(&mut self, ctx: &mut Context<'_>, answer: ChainAnswer) -> Result<()> {
        let call = self.readings.call.as_ref();
        if let Some(call) = call.filter(|call| call.call == answer.call).cloned() {
            ctx.mark_fields_changed()?;
            self.readings.call = None;
            return self.take_reading(ctx, &call, answer.result);
        }
        let mut cycles = self.cycles.values();
        let found = cycles.find_map(|cycle| {
            let pending = cycle.pending.as_ref()?;
            (pending.call == answer.call).then(|| (cycle.cycle_start, pending.clone()))
        });
        // Others call the chain, too; and an answer after the deadline changes nothing.
        let Some((cycle_start, pending)) = found else {
            return Ok(());
        };
        let (result, reason) = match answer.result {
            ChainResult::Done => (AttemptResult::Done, None),
            ChainResult::Refused { reason } => (AttemptResult::Refused, Some(reason)),
            ChainResult::Failed { reason } => (AttemptResult::Failed, Some(reason)),
            ChainResult::TimedOut => (AttemptResult::TimedOut, None),
            ChainResult::Commits { .. } | ChainResult::Limits(_) => (
                AttemptResult::Failed,
                Some("the chain service has answered another question".to_owned()),
            ),
        };
        self.end_attempt(ctx, cycle_start, &pending, (result, reason))
    }

    /// Ends what has not been answered by its deadline.
    pub(crate) fn expire(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let is_over = |began_ms: u64, deadline_ms: u64| {
            let span_ms = deadline_ms.saturating_sub(began_ms) + GRACE_MS;
            is_due(deadline_ms.saturating_add(GRACE_MS), now_ms, span_ms)
        };
        let cycles = self.cycles.values();
        let expired = cycles.filter_map(|cycle| {
            let pending = cycle.pending.as_ref()?;
            is_over(pending.began_ms, pending.deadline_ms)
                .then(|| (cycle.cycle_start, pending.clone()))
        });
        for (cycle_start, pending) in expired.collect::<Vec<_>>() {
            self.end_attempt(ctx, cycle_start, &pending, (AttemptResult::TimedOut, None))?;
        }
        let call = self.readings.call.as_ref();
        if call.is_some_and(|call| is_over(call.began_ms, call.deadline_ms)) {
            self.readings.call = None;
            self.pause_readings(now_ms);
        }
        Ok(())
    }
}
