//! `job_manager`: makes jobs of confirmed precommits, hands out their batches, and turns results into benchmarks and proofs.
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `precommit_confirmed`, `benchmark_confirmed`, `proof_confirmed`, `batch_result`, `submit_benchmark_error`, `submit_proof_error`, `slave_quarantined`, `update` |
//! | emits | `new_batch`, `audit_batch`, `batches_withdrawn`, `benchmark_ready`, `proof_ready`, `result_refused`, `slave_convicted` (durable), `throughput` |
//! | routes | `GET /jobs`; `GET /operator/panel/jobs`, with `id=` of a benchmark its batches |
//! | conditions | `job_waiting`, `job_disputed`, `job_abandoned` (for an hour), `jobs_late`, `audits_overdue`, `no_results` |
//! | config | per challenge name: `batch_size` (a power of two), `ms_delay_between_batch_retries`, `audit_share`, `verifier` |
//! | stores | `job/<benchmark id>`, `batch/<benchmark id>/<index>`, `audit/<benchmark id>/<index>`, `root/<benchmark id>`, `network` |
//!
//! A job is a function of what is stored and of the newest block. Every step can be repeated: after a restart all
//! batches without a result are handed out again, and `benchmark_ready` or `proof_ready` is emitted once more;
//! their subscribers drop duplicates. A reload does what a restart does, so there is no state to hand over.
//!
//! A job whose proof would be confirmed too late to count is abandoned, unless nothing is left to compute for it: the slaves are
//! for those that can still earn. It goes on if its proof is in time after all: the network has lengthened the lifespan, or this
//! host has restarted at an earlier block.
//!
//! A random part of the results (`audit_share`) is computed once more by another slave before the benchmark is handed on,
//! and so is every batch about which two slaves disagree. Whoever two others contradict is convicted. Batches that are computed
//! again after a rollback of their confirmed proof are audited only if their roots do not lead to that of the benchmark, which
//! then also decides whom to believe.

mod apply;
mod audit;
mod batch_rate;
mod conditions;
mod config;
mod details;
mod finished;
mod former_roots;
mod hand_out;
mod job;
mod judge;
mod late;
mod network;
mod news;
mod observe;
mod outcome;
mod pace;
mod panel;
mod recheck;
mod reconcile;
mod record;
mod rejections;
mod report;
mod schedule;
mod store;
#[cfg(test)]
mod tests;
mod timeline;
mod times;
mod unclaimed;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use tig_events::{
    AuditBatch, BatchReceived, BatchesWithdrawn, BenchmarkConfirmed, BenchmarkReady, BlockClock,
    Lenient, NewBatch, PrecommitConfirmed, ProofConfirmed, ProofReady, ResultRefused,
    SlaveConvicted, SlaveQuarantined, SubmitBenchmarkError, SubmitProofError, Throughput,
    is_reconfirmed,
};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::batch_rate::BatchRate;
use crate::config::Config;
use crate::finished::Finished;
use crate::former_roots::FormerRoots;
use crate::job::{Accepted, Job, Refusal};
use crate::judge::Present;
use crate::network::{Network, NewBlock, Proof};
use crate::pace::Pace;
use crate::reconcile::Sighting;
use crate::rejections::Rejection;
use crate::unclaimed::Unclaimed;

struct JobManager {
    config: Config,
    network: Network,
    jobs: BTreeMap<String, Job>,
    /// By benchmark id.
    former_roots: BTreeMap<String, FormerRoots>,
    present: Present,
    pace: Pace,
    /// What was last reported of it.
    throughput: Throughput,
    clock: BlockClock,
    batch_rate: BatchRate,
    finished: Finished,
    unclaimed: Unclaimed,
    /// Since when batches are open and no slave has delivered one.
    silent_since_ms: Option<u64>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /jobs", "GET /operator/panel/jobs"),
    emits(
        AuditBatch,
        BatchesWithdrawn,
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
            former_roots: store::restore_roots(ctx)?,
            present: Present::default(),
            pace: Pace::default(),
            throughput: Throughput::default(),
            clock: BlockClock::default(),
            batch_rate: BatchRate::new(ctx.now_ms()),
            finished: Finished::default(),
            unclaimed: Unclaimed::default(),
            silent_since_ms: None,
            reported: ReportedConditions::default(),
        };
        manager.report_unfinished(ctx);
        Ok(manager)
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let network = self.network.at(&event);
        store::put_network(ctx, &network)?;
        self.network = network;
        self.forget_expired_roots(ctx)?;
        self.clock.see(self.network.window.height, ctx.now_ms());
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
                    proof_height: height(event.proofs.get(&benchmark_id)),
                });
            self.reconcile(ctx, &benchmark_id, sighting.as_ref())?;
        }
        self.advance(ctx)?;
        self.report_conditions(ctx);
        Ok(())
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
            proof_height: None,
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
            proof_height: None,
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
            proof_height: event.proof.state.as_ref().and_then(|s| s.block_confirmed),
        };
        self.reconcile(ctx, &precommit.benchmark_id, Some(&sighting))?;
        self.report_unfinished(ctx);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.measure(ctx);
        self.publish_throughput(ctx)?;
        self.recheck_roots(ctx)?;
        self.advance_audits(ctx)?;
        self.advance(ctx)?;
        self.report_conditions(ctx);
        Ok(())
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
            Ok((_, Accepted::OtherProofs)) => {
                ctx.info_with(
                    "result ignored: it proves nonces that are not sampled now",
                    &[
                        ("benchmark_id", &benchmark_id),
                        ("start_nonce", &start_nonce),
                        ("slave", &slave),
                    ],
                );
                self.hand_out_again(ctx, &benchmark_id, start_nonce)?;
            }
            Ok((index, Accepted::Record { record, is_first })) => {
                self.store_result(ctx, &benchmark_id, index, record, is_first)?;
                self.try_claims(ctx, &benchmark_id, index, &slave)?;
            }
            Ok((index, Accepted::Claim(mut claim))) => {
                claim.received_ms = Some(ctx.now_ms());
                self.hear(ctx, &benchmark_id, index, &claim)?;
            }
            Err(refusal) => {
                // The root of a reconfirmed job may be one for the block that the network rolled back: no fault of its slave.
                let job = self.jobs.get(&benchmark_id);
                let is_reconfirmed = job.is_some_and(|job| job.record().reconfirmed);
                let is_other = matches!(refusal, Refusal::OtherRoot { .. });
                let rejection = Rejection {
                    start_nonce,
                    slave,
                    reason: refusal.to_string(),
                    at_ms: ctx.now_ms(),
                    contradicts: is_other && !is_reconfirmed,
                };
                self.reject(ctx, &benchmark_id, rejection)?;
            }
        }
        self.end_proved_audits(ctx, &benchmark_id)?;
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
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        self.reply(ctx, &request)
    }
}

fn height(proof: Option<&Lenient<Proof>>) -> Option<u32> {
    proof?.0.as_ref()?.height()
}
