//! What others see of the jobs: metrics, `throughput`, conditions, `GET /jobs` and the panel.

use std::collections::BTreeMap;

use tig_events::{ChallengeThroughput, Throughput};
use tig_plugin_api::prelude::*;

use crate::JobManager;
use crate::conditions::conditions;
use crate::details::details;
use crate::finished::{FinishedJob, Outcome};
use crate::job::{Job, Stage};
use crate::news::is_news;
use crate::panel::overview;
use crate::record::JobRecord;
use crate::report::JobReport;
use crate::view::View;

/// Path of the panel.
const PANEL: &str = "/operator/panel/jobs";

impl JobManager {
    /// How many jobs and batches there are.
    pub(crate) fn measure(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let view = View::new(self, now_ms);
        let (open, _) = view.batches();
        let is_waited_for = open + view.proofs_open() > 0;
        for (stage, count) in view.by_stage() {
            ctx.gauge("jobs", &[("stage", stage)], count as f64);
        }
        ctx.gauge("batches_open", &[], open as f64);
        if let Some(per_minute) = view.batches_per_minute {
            ctx.gauge("batches_per_minute", &[], per_minute);
        }
        // A result ends the silence.
        let silent_since_ms = self.silent_since_ms.unwrap_or(now_ms);
        self.silent_since_ms = is_waited_for.then_some(silent_since_ms);
    }

    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let conditions = conditions(&View::new(self, now_ms), &self.reported);
        self.reported.report(ctx, conditions);
    }

    pub(crate) fn reply(&self, ctx: &mut Context<'_>, request: &HttpRequest) -> Result<HttpReply> {
        if request.path != PANEL {
            return self.list();
        }
        let view = View::new(self, ctx.now_ms());
        HttpReply::panel(request, |query| match &query.id {
            None => Ok(overview(&view, query)),
            Some(id) => match self.jobs.get(id) {
                Some(job) => Ok(details(&view, query, id, job)),
                None => Err("there is no such job; it may have ended"),
            },
        })
    }

    fn list(&self) -> Result<HttpReply> {
        let report = |(id, job)| JobReport::new(id, job, &self.config, &self.network);
        let reports: Vec<JobReport<'_>> = self
            .jobs
            .iter()
            .map(|(id, job)| report((id.as_str(), job)))
            .collect();
        HttpReply::json(200, &reports)
    }

    /// Counts what a change of a job's record means. To be called before the job has it.
    pub(crate) fn count_change(
        &self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        after: &JobRecord,
    ) {
        let before = self.jobs.get(benchmark_id).map(Job::record);
        if before.is_none_or(|before| before.terms.is_none()) {
            self.count_batches_created(ctx, after);
        }
        let was_sampled = before.is_some_and(|before| before.sampled_nonces.is_some());
        if let (Some(from_ms), Some(to_ms), false) = (
            after.times.created_ms,
            after.times.benchmark_ms,
            was_sampled,
        ) {
            let names = ("jobs_benchmarked", "seconds_to_benchmark");
            self.count_seconds(ctx, after, names, to_ms.saturating_sub(from_ms));
        }
    }

    pub(crate) fn count_batches_created(&self, ctx: &mut Context<'_>, record: &JobRecord) {
        if let Some(terms) = &record.terms {
            let batches = record.num_nonces.div_ceil(terms.batch_size.get());
            let challenge = self.network.challenge_name(&record.settings.challenge_id);
            ctx.count("batches_created", &[("challenge", challenge)], batches);
        }
    }

    pub(crate) fn count_batch(&self, ctx: &mut Context<'_>, challenge_id: &str, nonces: u64) {
        let labels = [("challenge", self.network.challenge_name(challenge_id))];
        ctx.count("batches_done", &labels, 1);
        ctx.count("nonces_done", &labels, nonces);
    }

    /// A mean is the ratio of both counters.
    fn count_seconds(
        &self,
        ctx: &mut Context<'_>,
        record: &JobRecord,
        (count, seconds): (&str, &str),
        milliseconds: u64,
    ) {
        let labels = [(
            "challenge",
            self.network.challenge_name(&record.settings.challenge_id),
        )];
        ctx.count(count, &labels, 1);
        ctx.count(seconds, &labels, milliseconds / 1_000);
    }

    /// Takes a job out that has ended.
    pub(crate) fn finish(&mut self, ctx: &mut Context<'_>, benchmark_id: &str, outcome: Outcome) {
        let Some(job) = self.jobs.remove(benchmark_id) else {
            return;
        };
        let now_ms = ctx.now_ms();
        let record = job.record().clone();
        if let (Outcome::Proved { .. }, Some(from_ms)) = (outcome, record.times.created_ms) {
            let names = ("jobs_proved", "seconds_to_proof");
            self.count_seconds(ctx, &record, names, now_ms.saturating_sub(from_ms));
        }
        self.finished.add(FinishedJob {
            benchmark_id: benchmark_id.to_owned(),
            record,
            outcome,
            ended_ms: now_ms,
        });
    }

    /// Emits what has been measured, if it is news.
    pub(crate) fn publish_throughput(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let mut open: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        let mut jobs = 0;
        for job in self.jobs.values() {
            let challenge_id = job.record().settings.challenge_id.as_str();
            let (nonces, rechecked, computed) = open.entry(challenge_id).or_default();
            *nonces += job.open_nonces();
            *rechecked += self.rechecked_nonces(job, now_ms);
            let stage = job.stage();
            *computed += u64::from(matches!(stage, Stage::Auditing | Stage::BenchmarkReady));
            jobs += u64::from(stage != Stage::Abandoned);
        }
        let has_work = |challenge_id: &str| {
            open.get(challenge_id)
                .is_some_and(|&(nonces, ..)| nonces > 0)
        };
        // Without what is rechecked: the pace is that of first results, and slaves may leave such a batch alone for long.
        self.pace.tick(now_ms, has_work);
        let challenge = |challenge_id: &str, (nonces, rechecked, computed): (u64, u64, u64)| {
            let throughput = ChallengeThroughput {
                nonces_per_second: self.pace.rate(challenge_id),
                open_nonces: nonces + rechecked,
                computed_jobs: Some(computed),
            };
            (challenge_id.to_owned(), throughput)
        };
        let mut challenges: BTreeMap<_, _> = open
            .iter()
            .map(|(challenge_id, counts)| challenge(challenge_id, *counts))
            .collect();
        for challenge_id in self.throughput.challenges.keys() {
            if !challenges.contains_key(challenge_id) {
                challenges.extend([challenge(challenge_id, (0, 0, 0))]);
            }
        }
        let per_minute = self.batch_rate.per_minute(now_ms);
        let throughput = Throughput {
            challenges,
            jobs: Some(jobs),
            slaves: Some(self.present.count(now_ms)),
            batches_per_minute: per_minute.map(|rate| (rate * 10.0).round() / 10.0),
        };
        if is_news(&throughput, &self.throughput) {
            ctx.emit(&throughput)?;
            self.throughput = throughput;
        }
        Ok(())
    }
}
