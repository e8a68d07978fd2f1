//! What the chain answers to attempts and readings, and what does not come in time.

use horde_events::{ChainAnswer, ChainResult};
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::cycle::{Attempt, AttemptResult, Outcome};
use crate::decide::{PAUSE_MS_MAX, is_due};
use crate::drive::GRACE_MS;
use crate::readings::{CommitsRead, LimitsRead, ReadCall, Reading};

/// Pause after the first attempt or reading of which nothing was heard, in milliseconds; doubled for each further one in a row.
const PAUSE_MS_MIN: u64 = 1_000;
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 300;

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
            is_due(deadline_ms + GRACE_MS, now_ms, span_ms)
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

    fn pause_readings(&mut self, now_ms: u64) {
        let readings = &mut self.readings;
        readings.retry_ms = now_ms + pause_ms(readings.unheard);
        readings.unheard = readings.unheard.saturating_add(1);
    }

    /// Notes what became of an attempt, and when the next one may be made.
    fn end_attempt(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        pending: &Attempt,
        (result, reason): (AttemptResult, Option<String>),
    ) -> Result<()> {
        let at_ms = ctx.now_ms();
        let kind = pending.kind;
        // After a restart a timer may come before the first block.
        let block = self.readings.block.unwrap_or(0).max(pending.block);
        let outcome = Outcome {
            kind,
            result,
            block,
            at_ms,
            reason: reason.map(|reason| shown(&reason)),
        };
        let labels = [("call", kind.name()), ("outcome", result.name())];
        ctx.count("attempts", &labels, 1);
        let words = outcome.to_words();
        match result {
            AttemptResult::Done => ctx.info_with(
                "attempt is over",
                &[
                    ("cycle", &cycle_start),
                    ("block", &block),
                    ("outcome", &words),
                ],
            ),
            _ => ctx.warn_with(
                "attempt is over",
                &[
                    ("cycle", &cycle_start),
                    ("block", &block),
                    ("outcome", &words),
                ],
            ),
        }
        let refused_ms = self.rules.refused_ms;
        self.change(ctx, cycle_start, |cycle| {
            cycle.pending = None;
            cycle.read_after = block;
            cycle.last = Some(outcome);
            match result {
                AttemptResult::Done => cycle.unheard = 0,
                AttemptResult::Refused => {
                    cycle.unheard = 0;
                    cycle.not_before_ms = at_ms + refused_ms;
                }
                AttemptResult::Failed | AttemptResult::TimedOut => {
                    cycle.not_before_ms = at_ms + pause_ms(cycle.unheard);
                    cycle.unheard = cycle.unheard.saturating_add(1);
                }
            }
        })
    }

    fn take_reading(
        &mut self,
        ctx: &mut Context<'_>,
        call: &ReadCall,
        result: ChainResult,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let reason = match (call.what, result) {
            (Reading::Commits, ChainResult::Commits { block, commits }) => {
                let asked = call.block;
                let read = CommitsRead {
                    block,
                    asked,
                    commits,
                };
                self.report_foreign(ctx, &read);
                self.readings.unheard = 0;
                self.readings.commits = Some(read);
                return Ok(());
            }
            (Reading::Limits, ChainResult::Limits(limits)) => {
                self.readings.unheard = 0;
                self.readings.limits = Some(LimitsRead {
                    block: call.block,
                    limits: Some(limits),
                });
                return Ok(());
            }
            (Reading::Limits, ChainResult::Refused { reason }) => {
                ctx.warn_with(
                    "chain service does not say the subnet's limits: those of the config count",
                    &[("reason", &shown(&reason))],
                );
                self.readings.limits = Some(LimitsRead {
                    block: call.block,
                    limits: None,
                });
                return Ok(());
            }
            (_, ChainResult::Refused { reason } | ChainResult::Failed { reason }) => shown(&reason),
            (_, ChainResult::TimedOut) => "no answer in time".to_owned(),
            (_, _) => "the answer is to another question".to_owned(),
        };
        self.pause_readings(now_ms);
        ctx.count("failed_readings", &[("what", call.what.name())], 1);
        ctx.warn_with(
            "chain cannot be read",
            &[("what", &call.what.name()), ("reason", &reason)],
        );
        Ok(())
    }

    /// Commitments of our hotkey that we did not make: another validator has it.
    fn report_foreign(&mut self, ctx: &mut Context<'_>, read: &CommitsRead) {
        for commit in &read.commits {
            let mut ours = self.cycles.values().filter_map(|cycle| cycle.commit_hash());
            let is_ours = ours.any(|hash| hash.eq_ignore_ascii_case(&commit.commit_hash));
            if is_ours || !self.readings.note_foreign(&commit.commit_hash) {
                continue;
            }
            ctx.count("foreign_commitments", &[], 1);
            ctx.error_with(
                "our hotkey has committed to weights that are not ours: another validator runs with it, or this store is not the newest; stop one of them",
                &[
                    ("commit_hash", &horde_events::quote(&commit.commit_hash)),
                    ("block", &commit.block),
                ],
            );
        }
    }
}

/// The pause before an attempt that follows so many unheard ones and this.
fn pause_ms(unheard: u32) -> u64 {
    let factor = 2_u64.saturating_pow(unheard);
    PAUSE_MS_MIN.saturating_mul(factor).min(PAUSE_MS_MAX)
}

/// A reason that came over the network, fit for logs and sentences.
fn shown(reason: &str) -> String {
    let escaped = reason.chars().take(REASON_CHARS_MAX);
    escaped.flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let pauses: Vec<_> = [0, 1, 2, 4, 5, 64].map(pause_ms).into();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn reason_is_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}\n"), "a\\u{1b}\\n");
        assert_eq!(shown(&"x".repeat(1_000)).len(), REASON_CHARS_MAX);
    }
}
