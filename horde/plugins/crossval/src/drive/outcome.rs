//! What became of a job of the trusted miner.

use horde_events::{JobOver, JobsScored, Outcome, quote};
use tig_plugin_api::prelude::*;

use crate::conditions::without_signature;
use crate::pool::Series;
use crate::station::StationName;
use crate::trusted::{JOB_FAILED, Phase, Task};
use crate::{Crossval, store};

impl Crossval {
    pub(crate) fn take_outcome(&mut self, ctx: &mut Context<'_>, over: JobOver) -> Result<()> {
        ctx.mark_fields_changed()?;
        // The event is durable, so it may come twice; and others have jobs, too.
        let job = self.job.as_ref().filter(|job| job.uuid == over.uuid);
        let Some(mut job) = job.filter(|job| job.phase != Phase::Reading).cloned() else {
            return Ok(());
        };
        if over.outcome.is_answer() {
            ctx.emit(&JobsScored::unscored(over.group, over.uuid))?;
        }
        if let Err(failure) = check(over.outcome) {
            return self.fail_job(ctx, &failure.reason, failure.is_of_task);
        }
        let Task::Generate { series } = &job.task else {
            let now_ms = ctx.now_ms();
            (job.phase, job.begun_ms, job.due_ms) = (Phase::Reading, now_ms, now_ms);
            return self.put_job(ctx, job);
        };
        let made_ms = ctx.now_ms();
        for uuid in series {
            let series = Series {
                made_ms,
                ..Series::default()
            };
            self.pool.put_series(ctx, uuid, series)?;
        }
        let result = format!("{} series were generated", series.len());
        self.drop_job(ctx)?;
        self.succeed_station(ctx, StationName::Generation, &result)
    }

    /// The job has failed. What it may have written is deleted when it cannot be written any more. `is_of_task` says that another
    /// attempt at the same task would fail again, as far as one knows.
    pub(super) fn fail_job(
        &mut self,
        ctx: &mut Context<'_>,
        reason: &str,
        is_of_task: bool,
    ) -> Result<()> {
        let Some(job) = self.job.clone() else {
            return Ok(());
        };
        // The output of a job may quote one of its URLs.
        let reason = without_signature(reason);
        self.end_job(ctx)?;
        let station = match &job.task {
            Task::Generate { .. } => StationName::Generation,
            Task::Answer { workload, .. } => {
                if is_of_task {
                    self.fail_workload(ctx, workload, reason)?;
                }
                StationName::Answering
            }
            Task::Check { .. } => {
                self.fail_check(ctx, is_of_task)?;
                StationName::Answering
            }
        };
        self.fail_station(ctx, station, reason)
    }

    /// Forgets the job; the objects that it may have written are to be deleted.
    pub(super) fn end_job(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(job) = &self.job else {
            return Ok(());
        };
        // Without URLs nothing was written.
        if job.urls_until_ms > 0 {
            let until_ms = job.urls_until_ms;
            for object in job.objects() {
                self.pool.doom(ctx, object, until_ms)?;
            }
        }
        self.drop_job(ctx)
    }

    fn drop_job(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.delete(store::JOB)?;
        self.job = None;
        (self.live.is_asked, self.live.is_reading) = (false, false);
        self.live.link_idle_since_ms = Some(ctx.now_ms());
        Ok(())
    }
}

/// Why a job has brought nothing.
#[derive(Debug, Eq, PartialEq)]
struct JobFailure {
    reason: String,
    /// The job was run, and would fail again.
    is_of_task: bool,
}

fn check(outcome: Outcome) -> Result<(), JobFailure> {
    let (reason, is_of_task) = match outcome {
        Outcome::Finished { .. } => return Ok(()),
        Outcome::Failed {
            exit_status,
            stdout,
            stderr,
        } => {
            let status =
                exit_status.map_or_else(|| "no status".to_owned(), |it| format!("status {it}"));
            let output = if stderr.trim().is_empty() {
                stdout
            } else {
                stderr
            };
            (format!("{JOB_FAILED} {status}: {}", quote(&output)), true)
        }
        Outcome::ExecutorFailed => ("the executor could not be prepared".to_owned(), true),
        Outcome::OutOfOrder { reason } => {
            (format!("messages out of order: {}", quote(&reason)), true)
        }
        Outcome::Late { step } if step == "accept" => (
            "the trusted miner is busy: it has not accepted the job in time".to_owned(),
            false,
        ),
        Outcome::Late { step } => (format!("late with the step `{}`", quote(&step)), true),
        Outcome::Declined => (
            "the trusted miner is busy: it has declined the job".to_owned(),
            false,
        ),
        Outcome::Unreachable { reason } => (
            format!("the trusted miner cannot be reached: {}", quote(&reason)),
            false,
        ),
        Outcome::Interrupted => ("the validator was restarted".to_owned(), false),
        Outcome::NotSent { reason } => (format!("not sent: {}", quote(&reason)), false),
    };
    Err(JobFailure { reason, is_of_task })
}
