//! `job_manager`: makes jobs of confirmed precommits, hands out their batches, and turns results into benchmarks and proofs.
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `precommit_confirmed`, `benchmark_confirmed`, `proof_confirmed`, `batch_result`, `submit_benchmark_error`, `submit_proof_error`, `slave_quarantined`, `update` |
//! | emits | `new_batch`, `audit_batch`, `benchmark_ready`, `proof_ready`, `result_refused`, `slave_convicted` (durable), `throughput` |
//! | routes | `GET /jobs` |
//! | config | per challenge name: `batch_size` (a power of two), `ms_delay_between_batch_retries`, `audit_share`, `verifier` |
//! | stores | `job/<benchmark id>`, `batch/<benchmark id>/<index>`, `audit/<benchmark id>/<index>`, `network` |
//!
//! A job is a function of what is stored and of the newest block. Every step can be repeated: after a restart all
//! batches without a result are handed out again, and `benchmark_ready` or `proof_ready` is emitted once more;
//! their subscribers drop duplicates. A reload does what a restart does, so there is no state to hand over.
//!
//! A random part of the results (`audit_share`) is computed once more by another slave before the benchmark is handed on,
//! and so is every batch about which two slaves disagree. Whoever two others contradict is convicted.

mod audit;
mod config;
mod hand_out;
mod job;
mod judge;
mod network;
mod outcome;
mod pace;
mod reconcile;
mod record;
mod report;
mod schedule;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use tig_events::{
    AuditBatch, BatchReceived, BenchmarkConfirmed, BenchmarkReady, NewBatch, PrecommitConfirmed,
    ProofConfirmed, ProofReady, ResultRefused, SlaveConvicted, SlaveQuarantined,
    SubmitBenchmarkError, SubmitProofError, Throughput, is_reconfirmed,
};
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::job::{Accepted, Job};
use crate::judge::Present;
use crate::network::{Network, NewBlock};
use crate::pace::Pace;
use crate::reconcile::{Change, Sighting, reconcile};
use crate::record::{BatchRecord, JobRecord};
use crate::report::JobReport;

struct JobManager {
    config: Config,
    network: Network,
    jobs: BTreeMap<String, Job>,
    present: Present,
    pace: Pace,
    /// What was last reported of it.
    throughput: Throughput,
}

#[extension(
    routes("GET /jobs"),
    emits(
        AuditBatch,
        BenchmarkReady,
        NewBatch,
        ProofReady,
        ResultRefused,
        SlaveConvicted,
        Throughput
    )
)]
impl JobManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let (jobs, network) = store::restore(ctx)?;
        if !jobs.is_empty() {
            ctx.info_with("jobs restored", &[("count", &jobs.len())]);
        }
        let manager = Self {
            config,
            network,
            jobs,
            present: Present::default(),
            pace: Pace::default(),
            throughput: Throughput::default(),
        };
        manager.report_unfinished(ctx);
        Ok(manager)
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
        self.reconcile(ctx, &precommit.benchmark_id, Some(&sighting))?;
        self.report_unfinished(ctx);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.measure(ctx);
        self.publish_throughput(ctx)?;
        self.advance_audits(ctx)?;
        self.advance(ctx)
    }

    fn on_batch_result(&mut self, ctx: &mut Context<'_>, event: BatchReceived) -> Result<()> {
        let BatchReceived {
            benchmark_id,
            start_nonce,
            slave,
            rand_hash,
            result,
        } = event;
        let Some(job) = self.jobs.get(&benchmark_id) else {
            ctx.info_with(
                "result ignored: there is no such job",
                &[("benchmark_id", &benchmark_id), ("slave", &slave)],
            );
            return Ok(());
        };
        if is_reconfirmed(rand_hash.as_deref(), Some(&job.record().rand_hash)) {
            ctx.info_with(
                "result ignored: the network has rolled its block back",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("start_nonce", &start_nonce),
                    ("slave", &slave),
                ],
            );
            return self.hand_out_again(ctx, &benchmark_id, start_nonce);
        }
        match job.accept(start_nonce, &slave, &result) {
            Ok((_, Accepted::Nothing)) => ctx.debug_with(
                "result was known",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("start_nonce", &start_nonce),
                    ("slave", &slave),
                ],
            ),
            Ok((index, Accepted::Record { record, is_first })) => {
                self.store_result(ctx, &benchmark_id, index, record, is_first)?;
            }
            Ok((index, Accepted::Claim(claim))) => {
                self.hear(ctx, &benchmark_id, index, &claim)?;
            }
            Err(refusal) => {
                let reason = refusal.to_string();
                ctx.warn_with(
                    "result rejected",
                    &[
                        ("benchmark_id", &benchmark_id),
                        ("start_nonce", &start_nonce),
                        ("slave", &slave),
                        ("reason", &reason),
                    ],
                );
                ctx.emit(&ResultRefused {
                    benchmark_id: benchmark_id.clone(),
                    start_nonce,
                    slave,
                    reason,
                })?;
                self.hand_out_again(ctx, &benchmark_id, start_nonce)?;
            }
        }
        self.announce(ctx, &benchmark_id)?;
        self.top_up(ctx)
    }

    fn on_submit_benchmark_error(
        &mut self,
        ctx: &mut Context<'_>,
        event: SubmitBenchmarkError,
    ) -> Result<()> {
        self.submission_failed(ctx, &event.request, event.will_retry);
        Ok(())
    }

    fn on_submit_proof_error(
        &mut self,
        ctx: &mut Context<'_>,
        event: SubmitProofError,
    ) -> Result<()> {
        self.submission_failed(ctx, &event.request, event.will_retry);
        Ok(())
    }

    fn on_slave_quarantined(
        &mut self,
        ctx: &mut Context<'_>,
        event: SlaveQuarantined,
    ) -> Result<()> {
        self.discard_results_of(ctx, &event.slave)?;
        self.advance(ctx)
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
                    ctx.info_with(
                        "job dropped",
                        &[
                            ("benchmark_id", &benchmark_id),
                            ("reason", &reason.to_string()),
                        ],
                    );
                }
                self.jobs.remove(benchmark_id);
            }
            Some(Change::Restart(record)) => {
                if let Some(job) = job {
                    store::delete_job(ctx, benchmark_id, job)?;
                }
                store::put_job(ctx, benchmark_id, &record)?;
                ctx.warn_with(
                    "job restarted: the network has rolled its block back and confirmed it in another one",
                    &[("benchmark_id", &benchmark_id)],
                );
                let job = Job::new(benchmark_id.to_owned(), *record);
                self.jobs.insert(benchmark_id.to_owned(), job);
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
            ctx.info_with(
                "job created",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("algorithm_id", algorithm_id),
                    ("num_nonces", &after.num_nonces),
                ],
            );
            if let (None, Err(missing)) = (
                &after.terms,
                self.network.terms(&self.config, &after.settings),
            ) {
                ctx.warn_with(
                    "job waits",
                    &[
                        ("benchmark_id", &benchmark_id),
                        ("reason", &missing.to_string()),
                    ],
                );
            }
        }
        if before.and_then(|record| record.sampled_nonces.as_ref()) != after.sampled_nonces.as_ref()
        {
            let count = after.sampled_nonces.as_ref().map_or(0, Vec::len);
            ctx.info_with(
                "benchmark confirmed",
                &[("benchmark_id", &benchmark_id), ("sampled", &count)],
            );
        }
        if let Some(reason) = &after.abandoned {
            ctx.error_with(
                "job abandoned",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("reason", &reason.to_string()),
                ],
            );
        }
    }

    fn store_result(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        record: BatchRecord,
        is_first: bool,
    ) -> Result<()> {
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(());
        };
        store::put_batch(ctx, benchmark_id, index, Some(&record))?;
        let slave = record.slave.clone();
        job.insert(index, record);
        if !is_first {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let nonces = job.batch(index).map_or(0, |batch| batch.num_nonces);
        self.pace
            .computed(&job.record().settings.challenge_id, nonces, now_ms);
        self.present.saw(&slave, now_ms);
        self.sample_audit(ctx, benchmark_id, index)
    }
}
