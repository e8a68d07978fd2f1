//! Now and then: what is used up or too old is dropped.

use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::bucket::Object;
use crate::limits::{SWEEP_MS, SWEPT_MAX, URL_SECONDS, WORKLOAD_AGE_MS_MAX};
use crate::pool::Sample;

impl Crossval {
    pub(super) fn sweep(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let since_ms = now_ms.saturating_sub(self.live.swept_ms);
        if self.live.swept_ms != 0 && since_ms < SWEEP_MS {
            return Ok(());
        }
        self.live.swept_ms = now_ms;
        self.drop_old_workloads(ctx, now_ms)?;
        self.drop_old_samples(ctx, now_ms)?;
        self.retire_old_series(ctx, now_ms)?;
        self.delete_retired_series(ctx, now_ms)
    }

    fn drop_old_workloads(&mut self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let workloads = self.pool.workloads.iter();
        let old = workloads
            .filter(|(_, workload)| now_ms.saturating_sub(workload.made_ms) >= WORKLOAD_AGE_MS_MAX);
        let old: Vec<String> = old.map(|(uuid, _)| uuid.clone()).take(SWEPT_MAX).collect();
        for uuid in old {
            self.drop_workload(ctx, &uuid, "it has waited for answers for a day")?;
        }
        Ok(())
    }

    fn drop_old_samples(&mut self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let samples = self.pool.samples.iter();
        let old = samples.filter(|(_, sample)| self.is_expired(sample, now_ms));
        let old: Vec<String> = old.map(|(name, _)| name.clone()).take(SWEPT_MAX).collect();
        for name in old {
            self.pool.delete_sample(ctx, &name)?;
        }
        Ok(())
    }

    /// Whether the series of a sample may be gone from the bucket before a miner has read it.
    pub(super) fn is_expired(&self, sample: &Sample, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.pool.made_ms(sample)) >= self.config.expiry_ms()
    }

    fn retire_old_series(&mut self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let drawing_ms = self.config.drawing_ms();
        let uses_max = self.config.uses_per_series;
        let series = self.pool.series.iter();
        let old = series.filter(|(_, series)| {
            let is_old = now_ms.saturating_sub(series.made_ms) >= drawing_ms;
            !series.is_retired && (is_old || series.uses >= uses_max)
        });
        let old: Vec<_> = old
            .map(|(uuid, series)| (uuid.clone(), series.clone()))
            .take(SWEPT_MAX)
            .collect();
        for (uuid, mut series) in old {
            series.is_retired = true;
            self.pool.put_series(ctx, &uuid, series)?;
        }
        Ok(())
    }

    /// Series that nothing is drawn from and no sample needs. Miners that were given one a moment ago may still read it.
    fn delete_retired_series(&mut self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let references = self.pool.references();
        let drawn = self.live.run.iter().flat_map(|run| &run.drawn);
        let drawn: Vec<&String> = drawn.map(|drawn| &drawn.series).collect();
        let series = self.pool.series.iter();
        let unused = series.filter(|(uuid, series)| {
            series.is_retired && !references.contains_key(uuid.as_str()) && !drawn.contains(uuid)
        });
        let unused: Vec<String> = unused
            .map(|(uuid, _)| uuid.clone())
            .take(SWEPT_MAX)
            .collect();
        for uuid in unused {
            self.pool.delete_series(ctx, &uuid)?;
            let from_ms = now_ms + u64::from(URL_SECONDS) * 1_000;
            self.pool.doom(ctx, Object::series(&uuid), from_ms)?;
        }
        Ok(())
    }
}
