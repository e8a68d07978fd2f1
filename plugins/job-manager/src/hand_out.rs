//! What goes out: batches, and what is ready.

use serde_json::Value;
use tig_events::{BatchesWithdrawn, NewBatch, ProofReady};
use tig_plugin_api::prelude::*;

use crate::job::{Job, Stage, Unprovable};
use crate::record::JobRecord;
use crate::{JobManager, store};

/// Batches emitted by one handler call; the rest is due when fewer than [`BATCHES_OUT_MIN`] are out, or at `update`.
pub(crate) const NEW_BATCHES_MAX: usize = 5_000;

/// With fewer batches out than this, results call for more at once.
const BATCHES_OUT_MIN: usize = 1_000;

impl JobManager {
    /// Emits what is due: batches first, so that what is remembered of announcements is changed last.
    pub(crate) fn advance(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.hand_out_due(ctx)?;
        let ready: Vec<String> = self
            .jobs
            .iter()
            .filter(|(_, job)| is_news(job))
            .map(|(id, _)| id.clone())
            .collect();
        for benchmark_id in ready {
            self.announce(ctx, &benchmark_id)?;
        }
        self.report_unfinished(ctx);
        Ok(())
    }

    /// A drain waits for every job that can still be proved.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        let open = self
            .jobs
            .values()
            .filter(|job| job.record().abandoned.is_none() && job.refused != Some(job.stage()));
        ctx.unfinished(open.count() as u64);
    }

    /// The API has refused a benchmark or proof. If that is final, nothing is left to do for the job, unless a block shows
    /// that it has gone on nevertheless.
    pub(crate) fn submission_failed(
        &mut self,
        ctx: &mut Context<'_>,
        request: &Value,
        will_retry: bool,
    ) {
        let job = request["benchmark_id"]
            .as_str()
            .and_then(|benchmark_id| self.jobs.get_mut(benchmark_id));
        if let Some(job) = job.filter(|_| !will_retry) {
            job.refused = Some(job.stage());
            self.report_unfinished(ctx);
        }
    }

    /// Keeps the slaves in work while a huge job goes out in portions.
    pub(crate) fn top_up(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let out: usize = self.jobs.values().map(|job| job.schedule.num_out()).sum();
        if out < BATCHES_OUT_MIN {
            self.hand_out_due(ctx)?;
        }
        Ok(())
    }

    fn hand_out_due(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        for (benchmark_id, index) in self.due(now_ms) {
            self.hand_out(ctx, &benchmark_id, index)?;
        }
        Ok(())
    }

    /// Batches to hand out now: those with sampled nonces first, then those of the oldest job.
    fn due(&self, now_ms: u64) -> Vec<(String, u64)> {
        let mut jobs: Vec<(&String, &Job)> = self.jobs.iter().collect();
        jobs.sort_by_key(|(_, job)| job.record().block_started);
        let proofs = jobs
            .iter()
            .flat_map(|(id, job)| job.due_for_proof(now_ms).map(move |index| (id, index)));
        let roots = jobs
            .iter()
            .flat_map(|(id, job)| job.due_for_root(now_ms).map(move |index| (id, index)));
        let due = proofs.chain(roots).take(NEW_BATCHES_MAX);
        due.map(|(id, index)| ((*id).clone(), index)).collect()
    }

    fn hand_out(&mut self, ctx: &mut Context<'_>, benchmark_id: &str, index: u64) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(());
        };
        if let Some(batch) = job.batch(index) {
            ctx.emit(&NewBatch(batch))?;
            job.schedule.hand_out(index, now_ms);
        }
        Ok(())
    }

    /// After a result that is not taken: the batch is due at once.
    pub(crate) fn hand_out_again(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        start_nonce: u64,
    ) -> Result<()> {
        let job = self.jobs.get(benchmark_id);
        let index = job.and_then(|job| job.index_of(start_nonce).filter(|&index| job.wants(index)));
        match index {
            Some(index) => self.hand_out(ctx, benchmark_id, index),
            None => Ok(()),
        }
    }

    /// What of a job is out and waits for a slave need not be computed any more: its audits, or all its batches.
    pub(crate) fn withdraw_batches(
        &self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        audits_only: bool,
    ) -> Result<()> {
        let is_out = |job: &Job| !job.audits().is_empty() || job.schedule.num_out() > 0;
        if self.jobs.get(benchmark_id).is_some_and(is_out) {
            ctx.emit(&BatchesWithdrawn {
                benchmark_id: benchmark_id.to_owned(),
                audits_only,
            })?;
        }
        Ok(())
    }

    /// Emits `benchmark_ready` or `proof_ready` if the job is so far, once per job and process.
    pub(crate) fn announce(&mut self, ctx: &mut Context<'_>, benchmark_id: &str) -> Result<()> {
        let Some(job) = self.jobs.get_mut(benchmark_id).filter(|job| is_news(job)) else {
            return Ok(());
        };
        let record = match job.stage() {
            Stage::BenchmarkReady => announce_benchmark(ctx, job)?,
            _ => match job.proof() {
                Ok(proof) => announce_proof(ctx, job, &proof)?,
                Err(Unprovable::Useless(reason)) => {
                    return self.abandon(ctx, benchmark_id, reason);
                }
                Err(error) => return Err(error.into()),
            },
        };
        if record != *job.record() {
            store::put_job(ctx, benchmark_id, &record)?;
            job.update(record);
        }
        job.announced = Some(job.stage());
        Ok(())
    }
}

fn is_news(job: &Job) -> bool {
    let stage = job.stage();
    let is_ready = matches!(stage, Stage::BenchmarkReady | Stage::ProofReady);
    is_ready && job.announced != Some(stage)
}

/// Emits the benchmark; returns the record that commits the job to it.
fn announce_benchmark(ctx: &mut Context<'_>, job: &Job) -> Result<JobRecord> {
    let benchmark = job.benchmark()?;
    ctx.emit(&benchmark)?;
    ctx.info_with("benchmark ready", &[("benchmark_id", &job.benchmark_id)]);
    let mut record = job.record().clone();
    record.announced_root = Some(benchmark.merkle_root);
    record.times.computed_ms.get_or_insert(ctx.now_ms());
    Ok(record)
}

/// Emits the proof; returns the record that says when it was first ready.
fn announce_proof(ctx: &mut Context<'_>, job: &Job, proof: &ProofReady) -> Result<JobRecord> {
    ctx.emit(proof)?;
    ctx.info_with("proof ready", &[("benchmark_id", &job.benchmark_id)]);
    let mut record = job.record().clone();
    record.times.proved_ms.get_or_insert(ctx.now_ms());
    Ok(record)
}
