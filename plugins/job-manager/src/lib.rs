//! `job_manager`: makes jobs of confirmed precommits, hands out their batches, and turns results into benchmarks and proofs.
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `precommit_confirmed`, `benchmark_confirmed`, `proof_confirmed`, `batch_result`, `update` |
//! | emits | `new_batch`, `benchmark_ready`, `proof_ready` |
//! | routes | `GET /jobs` |
//! | config | per challenge name: `batch_size` (a power of two), `ms_delay_between_batch_retries` |
//! | stores | `job/<benchmark id>`, `batch/<benchmark id>/<index>`, `network` |
//!
//! A job is a function of what is stored and of the newest block. Every step can be repeated: after a restart all
//! batches without a result are handed out again, and `benchmark_ready` or `proof_ready` is emitted once more; who
//! handles them knows duplicates. A reload is no more than a restart, so there is no state to hand over.

mod config;
mod job;
mod network;
mod reconcile;
mod record;
mod report;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use tig_events::{BatchReceived, BenchmarkConfirmed, NewBatch, PrecommitConfirmed, ProofConfirmed};
use tig_plugin_api::prelude::*;

use crate::{
    config::Config,
    job::{Job, Stage},
    network::{Network, NewBlock},
    reconcile::{Change, Sighting, reconcile},
    record::JobRecord,
    report::JobReport,
};

/// Batches emitted by one handler call; the rest is due at the next `update`.
const NEW_BATCHES_MAX: usize = 1_000;

/// Slaves whose refused results are counted.
const REFUSED_SLAVES_MAX: usize = 1_000;

struct JobManager {
    config: Config,
    network: Network,
    jobs: BTreeMap<String, Job>,
    /// Refused results by slave, since the start.
    refused: BTreeMap<String, u64>,
}

#[extension(
    routes("GET /jobs"),
    emits(NewBatch, tig_events::BenchmarkReady, tig_events::ProofReady)
)]
impl JobManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let (jobs, network) = store::restore(ctx)?;
        if !jobs.is_empty() {
            ctx.info(&format!("{} jobs restored", jobs.len()));
        }
        Ok(Self {
            config,
            network,
            jobs,
            refused: BTreeMap::new(),
        })
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let network = self.network.at(&event);
        store::put_network(ctx, &network)?;
        self.network = network;
        let known: BTreeSet<String> = self
            .jobs
            .keys()
            .chain(event.precommits.keys())
            .cloned()
            .collect();
        for benchmark_id in known {
            let sighting = event
                .precommits
                .get(&benchmark_id)
                .map(|precommit| Sighting {
                    precommit,
                    benchmark: event.benchmarks.get(&benchmark_id),
                    is_proved: event.proofs.contains_key(&benchmark_id),
                });
            self.reconcile(ctx, &benchmark_id, sighting.as_ref())?;
        }
        self.advance(ctx)
    }

    fn on_precommit_confirmed(
        &mut self,
        ctx: &mut Context<'_>,
        event: PrecommitConfirmed,
    ) -> Result<()> {
        let precommit = &event.precommit;
        let sighting = Sighting {
            precommit,
            benchmark: None,
            is_proved: false,
        };
        self.reconcile(ctx, &precommit.benchmark_id, Some(&sighting))?;
        self.advance(ctx)
    }

    fn on_benchmark_confirmed(
        &mut self,
        ctx: &mut Context<'_>,
        event: BenchmarkConfirmed,
    ) -> Result<()> {
        let precommit = &event.precommit;
        let sighting = Sighting {
            precommit,
            benchmark: Some(&event.benchmark),
            is_proved: false,
        };
        self.reconcile(ctx, &precommit.benchmark_id, Some(&sighting))?;
        self.advance(ctx)
    }

    fn on_proof_confirmed(&mut self, ctx: &mut Context<'_>, event: ProofConfirmed) -> Result<()> {
        let precommit = &event.precommit;
        let sighting = Sighting {
            precommit,
            benchmark: event.benchmark.as_ref(),
            is_proved: true,
        };
        self.reconcile(ctx, &precommit.benchmark_id, Some(&sighting))
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.advance(ctx)
    }

    fn on_batch_result(&mut self, ctx: &mut Context<'_>, event: BatchReceived) -> Result<()> {
        let BatchReceived {
            benchmark_id,
            start_nonce,
            slave,
            result,
        } = event;
        let Some(job) = self.jobs.get_mut(&benchmark_id) else {
            ctx.info(&format!(
                "job {benchmark_id}: result of {slave} ignored, there is no such job"
            ));
            return Ok(());
        };
        match job.accept(start_nonce, &result) {
            Ok(None) => ctx.debug(&format!(
                "job {benchmark_id}: batch {start_nonce} of {slave} was known"
            )),
            Ok(Some((index, record))) => {
                store::put_batch(ctx, &benchmark_id, index, &record)?;
                job.insert(index, record);
                let (done, total) = (job.num_finished(), job.num_batches());
                ctx.debug(&format!(
                    "job {benchmark_id}: batch {start_nonce} of {slave} stored, {done} of {total} roots"
                ));
            }
            Err(refusal) => {
                let count = self.count_refusal(&slave);
                ctx.warn(&format!(
                    "job {benchmark_id}: batch {start_nonce} of {slave} refused (its refusal {count}): {refusal}"
                ));
                self.hand_out_again(ctx, &benchmark_id, start_nonce)?;
            }
        }
        self.announce(ctx)
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let report = |(id, job)| JobReport::new(id, job, &self.config, &self.network);
        let reports: Vec<JobReport<'_>> = self
            .jobs
            .iter()
            .map(|(id, job)| report((id.as_str(), job)))
            .collect();
        HttpReply::json(200, &reports)
    }
}

impl JobManager {
    /// Brings one job in line with what a block shows of it.
    fn reconcile(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        sighting: Option<&Sighting<'_>>,
    ) -> Result<()> {
        let job = self.jobs.get_mut(benchmark_id);
        match reconcile(job.as_deref(), sighting, &self.config, &self.network) {
            None => {}
            Some(Change::Drop { reason }) => {
                if let Some(job) = job {
                    store::delete_job(ctx, benchmark_id, job)?;
                    ctx.info(&format!("job {benchmark_id}: dropped, {reason}"));
                }
                self.jobs.remove(benchmark_id);
            }
            Some(Change::Put(record)) => {
                store::put_job(ctx, benchmark_id, &record)?;
                self.log_change(ctx, benchmark_id, &record);
                match self.jobs.get_mut(benchmark_id) {
                    Some(job) => job.update(*record),
                    None => {
                        let job = Job::new(benchmark_id.to_owned(), *record);
                        self.jobs.insert(benchmark_id.to_owned(), job);
                    }
                }
            }
        }
        Ok(())
    }

    fn log_change(&self, ctx: &mut Context<'_>, benchmark_id: &str, after: &JobRecord) {
        let before = self.jobs.get(benchmark_id).map(Job::record);
        if before.is_none() {
            let algorithm_id = &after.settings.algorithm_id;
            ctx.info(&format!(
                "job {benchmark_id}: created, {} nonces of {algorithm_id}",
                after.num_nonces
            ));
            if let (None, Err(missing)) = (
                &after.terms,
                self.network.terms(&self.config, &after.settings),
            ) {
                ctx.warn(&format!("job {benchmark_id}: waits, {missing}"));
            }
        }
        if before.and_then(|record| record.sampled_nonces.as_ref()) != after.sampled_nonces.as_ref()
        {
            let count = after.sampled_nonces.as_ref().map_or(0, Vec::len);
            ctx.info(&format!(
                "job {benchmark_id}: benchmark confirmed, {count} nonces sampled"
            ));
        }
        if let Some(reason) = &after.abandoned {
            ctx.error(&format!("job {benchmark_id}: abandoned, {reason}"));
        }
    }

    /// Emits what is due: batches first, so that what is remembered of announcements is changed last.
    fn advance(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        for (benchmark_id, index) in self.due(now_ms) {
            self.hand_out(ctx, &benchmark_id, index)?;
        }
        self.announce(ctx)
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
            job.hand_out(index, now_ms);
        }
        Ok(())
    }

    /// After a refused result: the batch is due at once.
    fn hand_out_again(
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

    /// Emits `benchmark_ready` and `proof_ready`, once per job and process.
    fn announce(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let is_news = |job: &Job| {
            let stage = job.stage();
            let is_ready = matches!(stage, Stage::BenchmarkReady | Stage::ProofReady);
            is_ready && job.announced != Some(stage)
        };
        let ready = self.jobs.iter_mut().filter(|(_, job)| is_news(job));
        let mut announced = Vec::new();
        for (benchmark_id, job) in ready {
            announce_job(ctx, benchmark_id, job)?;
            announced.push(job);
        }
        for job in announced {
            job.announced = Some(job.stage());
        }
        Ok(())
    }

    fn count_refusal(&mut self, slave: &str) -> u64 {
        if self.refused.len() >= REFUSED_SLAVES_MAX && !self.refused.contains_key(slave) {
            self.refused.clear();
        }
        let count = self.refused.entry(slave.to_owned()).or_default();
        *count += 1;
        *count
    }
}

fn announce_job(ctx: &mut Context<'_>, benchmark_id: &str, job: &mut Job) -> Result<()> {
    if job.stage() == Stage::BenchmarkReady {
        ctx.emit(&job.benchmark()?)?;
        ctx.info(&format!("job {benchmark_id}: benchmark ready"));
        return Ok(());
    }
    match job.proof() {
        Ok(proof) => {
            ctx.emit(&proof)?;
            ctx.info(&format!("job {benchmark_id}: proof ready"));
        }
        Err(error) => {
            let abandoned = Some(error.to_string());
            let record = JobRecord {
                abandoned,
                ..job.record().clone()
            };
            store::put_job(ctx, benchmark_id, &record)?;
            ctx.error(&format!("job {benchmark_id}: abandoned, {error}"));
            job.update(record);
        }
    }
    Ok(())
}
