//! Workloads that fail or have their answers.

use horde_events::SolvedPrompt;
use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::bucket::Object;
use crate::limits::{CHECK_MS, FAILURES_MAX, PROBE_AGE_MS_MAX, REQUEST_TIMEOUT_MS};
use crate::pool::{Sample, Workload};

impl Crossval {
    /// Counts a failure of a workload; the third one drops it (section 10.6).
    pub(super) fn fail_workload(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        reason: &str,
    ) -> Result<()> {
        let Some(workload) = self.pool.workloads.get(uuid) else {
            return Ok(());
        };
        let failures = workload.failures + 1;
        if failures >= FAILURES_MAX {
            let reason = format!("it has failed {failures} times, at last: {reason}");
            return self.drop_workload(ctx, uuid, &reason);
        }
        let workload = Workload {
            failures,
            ..workload.clone()
        };
        self.pool.put_workload(ctx, uuid, workload)
    }

    /// Drops a workload. Its samples return to the pool: other prompts can be drawn from their series.
    pub(super) fn drop_workload(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        reason: &str,
    ) -> Result<()> {
        let Some(workload) = self.pool.workloads.get(uuid).cloned() else {
            return Ok(());
        };
        ctx.warn_with(
            "workload is dropped, and its samples return to the pool",
            &[
                ("workload", &uuid),
                ("samples", &workload.samples.len()),
                ("reason", &reason),
            ],
        );
        ctx.count("llm_workloads_dropped", &[], 1);
        for drawn in &workload.samples {
            self.give_use_back(ctx, &drawn.series)?;
        }
        self.pool.delete_workload(ctx, uuid)?;
        // An upload may be under way.
        let from_ms = ctx.now_ms() + 2 * REQUEST_TIMEOUT_MS;
        self.pool.doom(ctx, Object::workload(uuid), from_ms)
    }

    /// A sample of a series was not used.
    pub(super) fn give_use_back(&mut self, ctx: &mut Context<'_>, series: &str) -> Result<()> {
        let Some(mut record) = self.pool.series.get(series).cloned() else {
            return Ok(());
        };
        record.uses = record.uses.saturating_sub(1);
        self.pool.put_series(ctx, series, record)
    }

    /// Counts a failure of a series.
    pub(super) fn blame_series(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        reason: &str,
    ) -> Result<()> {
        let Some(mut record) = self.pool.series.get(uuid).cloned() else {
            return Ok(());
        };
        record.fail();
        if record.is_retired {
            ctx.warn_with(
                "series of prompts is dropped",
                &[("series", &uuid), ("reason", &reason)],
            );
        }
        self.pool.put_series(ctx, uuid, record)
    }

    /// All prompts of a workload are answered: its samples are ready.
    pub(super) fn finish_workload(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        workload: &Workload,
        solved: &[SolvedPrompt],
    ) -> Result<()> {
        let ready_ms = ctx.now_ms();
        let mut solved = solved.iter().cloned();
        for (number, drawn) in workload.samples.iter().enumerate() {
            let sample = Sample {
                series: drawn.series.clone(),
                workload: uuid.to_owned(),
                seed: workload.seed,
                ready_ms,
                prompts: solved.by_ref().take(drawn.prompts.len()).collect(),
            };
            self.pool.put_sample(ctx, number, sample)?;
        }
        self.pool.delete_workload(ctx, uuid)?;
        // It proves that answers can be read, and the trusted miner may be asked again.
        let needed_ms = self.config.expiry_ms().max(PROBE_AGE_MS_MAX + 2 * CHECK_MS);
        self.pool
            .doom(ctx, Object::workload(uuid), ready_ms + needed_ms)
    }
}
