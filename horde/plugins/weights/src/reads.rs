//! Readings of the chain: asked for, answered, and paused where they fail.

use horde_events::{ChainCall, ChainResult, NeuronsWanted};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::decide::is_due;
use crate::readings::{CommitsRead, LimitsRead, ReadCall, Reading};

/// How long a reading may take, in milliseconds.
const READ_TIMEOUT_MS: u64 = 20_000;

impl HordeWeights {
    /// Asks the chain, unless it was asked already.
    pub(crate) fn read(&mut self, ctx: &mut Context<'_>, what: Reading, block: u32) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(request) = what.request() else {
            if self.readings.neurons_asked != Some(block) {
                self.readings.neurons_asked = Some(block);
                ctx.emit(&NeuronsWanted { block: None })?;
            }
            return Ok(());
        };
        let commits = self.readings.commits.as_ref();
        let is_read = commits.is_some_and(|read| read.asked == block) && what == Reading::Commits;
        let is_paused = !is_due(self.readings.retry_ms, now_ms, self.rules.pause_ms_max());
        if self.readings.call.is_some() || is_read || is_paused {
            return Ok(());
        }
        self.readings.calls += 1;
        // The random part keeps answers to an instance before a restart apart.
        let call = format!("read/{}/{:x}", self.readings.calls, ctx.random_u64());
        let deadline_ms = now_ms + READ_TIMEOUT_MS;
        self.readings.call = Some(ReadCall {
            call: call.clone(),
            what,
            block,
            began_ms: now_ms,
            deadline_ms,
        });
        ctx.emit(&ChainCall {
            call,
            deadline_ms,
            request,
        })
    }

    pub(crate) fn take_reading(
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
            if self.is_ours(&commit.commit_hash) || !self.readings.note_foreign(&commit.commit_hash)
            {
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

    /// Whether a commitment is that of a cycle.
    pub(crate) fn is_ours(&self, commit_hash: &str) -> bool {
        let mut ours = self.cycles.values().filter_map(|cycle| cycle.commit_hash());
        ours.any(|hash| hash.eq_ignore_ascii_case(commit_hash))
    }

    /// Waits before the next reading.
    pub(crate) fn pause_readings(&mut self, now_ms: u64) {
        let readings = &mut self.readings;
        readings.retry_ms = now_ms + self.rules.pause_ms(readings.unheard);
        readings.unheard = readings.unheard.saturating_add(1);
    }
}
