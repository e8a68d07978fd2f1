//! Attempts to set weights, to commit to them and to reveal them.

use horde_events::{ChainCall, ChainRequest};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::cycle::{Attempt, AttemptKind, AttemptResult, Outcome, Step};
use crate::intent::Way;

impl HordeWeights {
    /// Stores an attempt, then makes it.
    pub(crate) fn attempt(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        block: u32,
    ) -> Result<()> {
        let began_ms = ctx.now_ms();
        let Some(cycle) = self.cycles.get(&cycle_start) else {
            return Ok(());
        };
        let Some((kind, request)) = request(&cycle.step) else {
            return Ok(());
        };
        let (number, bounds) = match kind {
            AttemptKind::Reveal => (cycle.reveals + 1, self.rules.reveal),
            AttemptKind::Set | AttemptKind::Commit => (cycle.sends + 1, self.rules.send),
        };
        let attempt = Attempt {
            call: format!("{cycle_start}/{}/{number}", kind.name()),
            kind,
            block,
            began_ms,
            deadline_ms: began_ms + bounds.timeout_ms,
        };
        ctx.info_with(
            "attempt begins",
            &[
                ("cycle", &cycle_start),
                ("call", &request.name()),
                ("attempt", &number),
                ("block", &block),
            ],
        );
        ctx.emit(&ChainCall {
            call: attempt.call.clone(),
            deadline_ms: attempt.deadline_ms,
            request,
        })?;
        self.change(ctx, cycle_start, |cycle| {
            match kind {
                AttemptKind::Reveal => cycle.reveals = number,
                AttemptKind::Set | AttemptKind::Commit => cycle.sends = number,
            }
            cycle.pending = Some(attempt);
        })
    }

    /// Notes what became of an attempt, and when the next one may be made.
    pub(crate) fn end_attempt(
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
        let cycle = self.cycles.get(&cycle_start);
        let pause_ms = self.rules.pause_ms(cycle.map_or(0, |cycle| cycle.unheard));
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
                    cycle.not_before_ms = at_ms + pause_ms;
                    cycle.unheard = cycle.unheard.saturating_add(1);
                }
            }
        })
    }
}

/// What the next attempt sends.
fn request(step: &Step) -> Option<(AttemptKind, ChainRequest)> {
    let (intent, is_reveal) = match step {
        Step::Sending { intent } => (intent, false),
        Step::Committed { intent, .. } => (intent, true),
        Step::Awaited | Step::Scored | Step::Over { .. } => return None,
    };
    Some(match (&intent.way, is_reveal) {
        (Way::Pylon { weights }, _) => {
            let weights = weights.clone();
            (
                AttemptKind::Set,
                ChainRequest::SetWeightsByHotkey { weights },
            )
        }
        (Way::Direct(values), _) => {
            let values = values.clone();
            let request = ChainRequest::SetWeights {
                uids: values.uids,
                values: values.values,
                version_key: values.version_key,
            };
            (AttemptKind::Set, request)
        }
        (Way::Commit { commit_hash, .. }, false) => {
            let commit_hash = commit_hash.clone();
            (
                AttemptKind::Commit,
                ChainRequest::CommitWeights { commit_hash },
            )
        }
        (Way::Commit { values, salt, .. }, true) => {
            let values = values.clone();
            let request = ChainRequest::RevealWeights {
                uids: values.uids,
                values: values.values,
                salt: salt.0.clone(),
                version_key: values.version_key,
            };
            (AttemptKind::Reveal, request)
        }
    })
}
