//! Puts changes of jobs and new results into effect: the store first, then the fields.

use tig_events::ResultRefused;
use tig_plugin_api::prelude::*;

use crate::finished::Outcome;
use crate::job::Job;
use crate::reconcile::{Change, Sighting, reconcile};
use crate::record::{Abandoned, BatchRecord, JobRecord};
use crate::rejections::Rejection;
use crate::{JobManager, store};

/// Benchmarks whose former roots are remembered; the one that expires first gives way.
const FORMER_ROOTS_COUNT_MAX: usize = 5_000;

impl JobManager {
    /// Brings one job in line with what a block shows of it.
    pub(crate) fn reconcile(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        sighting: Option<&Sighting<'_>>,
    ) -> Result<()> {
        let job = self.jobs.get(benchmark_id);
        let former_roots = self.former_roots.get(benchmark_id);
        let now_ms = ctx.now_ms();
        match reconcile(
            (job, former_roots),
            sighting,
            &self.config,
            &self.network,
            now_ms,
        ) {
            None => {}
            Some(Change::Drop(outcome)) => {
                if let Some(job) = job {
                    store::delete_job(ctx, benchmark_id, job)?;
                    ctx.info_with(
                        "job dropped",
                        &[
                            ("benchmark_id", &benchmark_id),
                            ("reason", &outcome.to_string()),
                        ],
                    );
                }
                if matches!(outcome, Outcome::Proved { .. }) {
                    self.keep_root(ctx, benchmark_id)?;
                }
                self.finish(ctx, benchmark_id, outcome);
            }
            Some(Change::Restart(record)) => {
                if let Some(job) = job {
                    store::delete_job(ctx, benchmark_id, job)?;
                }
                self.keep_root(ctx, benchmark_id)?;
                store::put_job(ctx, benchmark_id, &record)?;
                if record.abandoned.is_some() {
                    self.log_change(ctx, benchmark_id, &record);
                } else {
                    self.count_batches_created(ctx, &record);
                    ctx.warn_with(
                        "job restarted: the network has rolled its block back and confirmed it in another one",
                        &[("benchmark_id", &benchmark_id)],
                    );
                }
                let job = Job::new(benchmark_id.to_owned(), *record);
                self.jobs.insert(benchmark_id.to_owned(), job);
            }
            Some(Change::Put(record)) => {
                store::put_job(ctx, benchmark_id, &record)?;
                self.log_change(ctx, benchmark_id, &record);
                self.count_change(ctx, benchmark_id, &record);
                let is_given_up = |job: &Job| job.is_active() && record.abandoned.is_some();
                if self.jobs.get(benchmark_id).is_some_and(is_given_up) {
                    self.withdraw_batches(ctx, benchmark_id, false)?;
                }
                match self.jobs.get_mut(benchmark_id) {
                    Some(job) if !job.is_active() && record.abandoned.is_none() => {
                        job.resume(*record, now_ms);
                    }
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
        let was_abandoned = before.and_then(|record| record.abandoned.as_ref());
        if was_abandoned.is_some() && after.abandoned.is_none() {
            ctx.info_with("job goes on", &[("benchmark_id", &benchmark_id)]);
        }
        let reason = after.abandoned.as_ref();
        if let Some(reason) = reason.filter(|reason| was_abandoned != Some(*reason)) {
            log_abandoned(ctx, benchmark_id, reason);
        }
    }

    /// Nothing more is done for a job, for a reason that no block shows.
    pub(crate) fn abandon(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        reason: Abandoned,
    ) -> Result<()> {
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(());
        };
        log_abandoned(ctx, benchmark_id, &reason);
        let mut record = job.record().clone();
        record.abandon(reason, ctx.now_ms());
        store::put_job(ctx, benchmark_id, &record)?;
        job.update(record);
        self.withdraw_batches(ctx, benchmark_id, false)
    }

    pub(crate) fn store_result(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        mut record: BatchRecord,
        is_first: bool,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        record.received_ms.get_or_insert(now_ms);
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(());
        };
        store::put_batch(ctx, benchmark_id, index, Some(&record))?;
        let slave = record.slave.clone();
        job.insert(index, record);
        self.silent_since_ms = None;
        if !is_first {
            return Ok(());
        }
        let nonces = job.batch(index).map_or(0, |batch| batch.num_nonces);
        let challenge_id = job.record().settings.challenge_id.clone();
        self.pace.computed(&challenge_id, nonces, now_ms);
        self.batch_rate.add(now_ms);
        self.present.saw(&slave, now_ms);
        self.count_batch(ctx, &challenge_id, nonces);
        self.sample_audit(ctx, benchmark_id, index)
    }

    /// Reports a result that does not fit its job, and has the batch computed again.
    pub(crate) fn reject(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        rejection: Rejection,
    ) -> Result<()> {
        let start_nonce = rejection.start_nonce;
        ctx.warn_with(
            "result rejected",
            &[
                ("benchmark_id", &benchmark_id),
                ("start_nonce", &start_nonce),
                ("slave", &rejection.slave),
                ("reason", &rejection.reason),
            ],
        );
        ctx.emit(&ResultRefused {
            benchmark_id: benchmark_id.to_owned(),
            start_nonce,
            slave: rejection.slave.clone(),
            reason: rejection.reason.clone(),
            contradicts: rejection.contradicts,
        })?;
        self.hand_out_again(ctx, benchmark_id, start_nonce)?;
        if let Some(job) = self.jobs.get_mut(benchmark_id) {
            job.rejections.add(rejection);
        }
        Ok(())
    }

    /// Remembers the root of a job that ends or is restarted.
    pub(crate) fn keep_root(&mut self, ctx: &mut Context<'_>, benchmark_id: &str) -> Result<()> {
        let Some(job) = self.jobs.get(benchmark_id) else {
            return Ok(());
        };
        let known = self.former_roots.get(benchmark_id).cloned();
        let mut roots = known.unwrap_or_default();
        roots.add(job);
        if roots.newest().is_none() {
            return Ok(());
        }
        store::put_roots(ctx, benchmark_id, Some(&roots))?;
        self.former_roots.insert(benchmark_id.to_owned(), roots);
        if self.former_roots.len() > FORMER_ROOTS_COUNT_MAX {
            let by_age = self.former_roots.iter();
            let oldest = by_age.min_by_key(|(_, roots)| roots.block_started);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                self.forget_root(ctx, &id)?;
            }
        }
        Ok(())
    }

    /// Forgets the roots of benchmarks that no block can confirm any more.
    pub(crate) fn forget_expired_roots(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let window = self.network.window;
        let all = self.former_roots.iter();
        let expired = all.filter(|(_, roots)| window.is_expired(roots.block_started));
        let expired: Vec<String> = expired.map(|(id, _)| id.clone()).collect();
        for benchmark_id in expired {
            self.forget_root(ctx, &benchmark_id)?;
        }
        Ok(())
    }

    fn forget_root(&mut self, ctx: &mut Context<'_>, benchmark_id: &str) -> Result<()> {
        store::put_roots(ctx, benchmark_id, None)?;
        self.former_roots.remove(benchmark_id);
        Ok(())
    }
}

fn log_abandoned(ctx: &mut Context<'_>, benchmark_id: &str, reason: &Abandoned) {
    ctx.error_with(
        "job abandoned",
        &[
            ("benchmark_id", &benchmark_id),
            ("reason", &reason.to_string()),
        ],
    );
}
