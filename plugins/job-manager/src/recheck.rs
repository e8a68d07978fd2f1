//! Jobs whose roots lead elsewhere than to the root of the confirmed benchmark, which may be ours.
//!
//! A proof is confirmed, so its job is dropped; then the network rolls the block back, and all batches are computed again. There is
//! no root to compare a result with until all are there, and then one of them is wrong. Other slaves compute what nobody has
//! confirmed, as audits: who gave the wrong root is convicted, and the right one takes its place. Each batch is audited once, so
//! the job ends: proved, abandoned when all batches are confirmed and the root is still another, or too late.

use tig_plugin_api::prelude::*;

use crate::JobManager;
use crate::audit::Audit;
use crate::judge::AUDITS_OUT_MAX;

impl JobManager {
    /// Opens the audits that such jobs lack; `advance_audits` hands them out.
    pub(crate) fn recheck_roots(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let mut missing = Vec::new();
        for (benchmark_id, job) in self.jobs.iter().filter(|(_, job)| job.has_wrong_root()) {
            let Some((_, config)) = self.audited_job(benchmark_id) else {
                continue;
            };
            let unaudited = job
                .unchecked(config.verifier.as_deref())
                .filter(|(index, _)| !job.audits().contains_key(index));
            let room = AUDITS_OUT_MAX - missing.len();
            let before = missing.len();
            missing.extend(
                unaudited
                    .take(room)
                    .map(|(index, record)| (benchmark_id.clone(), index, Audit::new(record))),
            );
            let count = missing.len() - before;
            if count > 0 {
                ctx.warn_with(
                    "the roots of the batches do not lead to that of the confirmed benchmark: other slaves compute them once more",
                    &[("benchmark_id", benchmark_id), ("count", &count)],
                );
            }
        }
        for (benchmark_id, index, audit) in missing {
            self.put_audit(ctx, &benchmark_id, index, Some(audit))?;
        }
        Ok(())
    }
}
