//! The end of a job: its one terminal status.

use horde_events::JobStatusGiven;
use horde_proto::facilitator::{JobStatus, JobStatusMetadata, MinerResponse};
use serde_json::json;
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

use crate::Organic;
use crate::admin::NOT_COMPLETED;
use crate::job::{Attempt, Job, Source};
use crate::limits::MINERS_MAX;
use crate::over::Over;
use crate::store::{self, job_key};
use crate::text::cut_reason;
use crate::timer::Timer;
use crate::verdict::Verdict;

/// How a job ends.
pub(super) struct Ending {
    pub(super) status: JobStatus,
    /// In words, for the user.
    pub(super) comment: String,
    response: Option<MinerResponse>,
}

impl Ending {
    /// An end without an answer of a miner.
    pub(super) fn new(status: JobStatus, comment: String) -> Self {
        Self {
            status,
            comment,
            response: None,
        }
    }

    /// The end of a job for which no further attempt is begun: with the reason, and why the attempt before has not run it.
    pub(super) fn without_attempt(job: &Job, reason: &str) -> Self {
        let status = final_status(JobStatus::Rejected, job.is_accepted);
        let comment = match &job.last_comment {
            Some(before) => format!("{before}; {reason}"),
            None => reason.to_owned(),
        };
        Self::new(status, comment)
    }

    /// The end after the last attempt.
    pub(super) fn of(verdict: &Verdict, is_accepted: bool) -> Self {
        Self {
            status: final_status(verdict.status, is_accepted),
            comment: verdict.comment.clone(),
            response: verdict.response.clone(),
        }
    }
}

/// A job that some miner has accepted is not rejected any more.
fn final_status(status: JobStatus, is_accepted: bool) -> JobStatus {
    match status {
        JobStatus::Rejected if is_accepted => JobStatus::Failed,
        status => status,
    }
}

impl Organic {
    /// Ends a job that is under way.
    pub(super) fn finish(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        ending: Ending,
    ) -> Result<()> {
        let Some(job) = self.jobs.remove(uuid) else {
            return Ok(());
        };
        Timer::Job(uuid).cancel(ctx)?;
        if let Some(attempt) = job.attempt() {
            let now_ms = ctx.now_ms();
            self.forget_attempt(attempt, now_ms);
        }
        self.end(ctx, (uuid, job.source), &job.attempts, ending)?;
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Stores the end of a job and gives its status, whether or not the job was ever begun.
    pub(super) fn end(
        &mut self,
        ctx: &mut Context<'_>,
        (uuid, source): (&str, Source),
        attempts: &[Attempt],
        ending: Ending,
    ) -> Result<()> {
        let hotkey = attempts
            .last()
            .map(|attempt| attempt.address.hotkey.clone());
        let over = Over {
            status: ending.status,
            at_ms: ctx.now_ms(),
            hotkey: hotkey.clone(),
            attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
        };
        store::end_job(ctx, uuid, &over)?;
        self.over.insert(job_key(uuid), over);
        ctx.count("users_jobs_over", &[("status", ending.status.as_str())], 1);
        // What a miner has sent was logged without its texts.
        let reason = match &ending.response {
            None => cut_reason(&ending.comment),
            Some(response) => response.message_type.clone().unwrap_or_default(),
        };
        ctx.info_with(
            "user's job is over",
            &[
                ("job", &horde_events::quote(uuid)),
                ("status", &ending.status.as_str()),
                ("reason", &reason),
            ],
        );
        let metadata = Verdict::metadata(ending.comment, ending.response);
        give_status(ctx, (uuid, source), ending.status, metadata, hotkey)
    }

    /// Gives the status of a job that a miner has accepted.
    pub(super) fn give_accepted(&self, ctx: &mut Context<'_>, job: &Job) -> Result<()> {
        let hotkey = job.hotkey().map(str::to_owned);
        let metadata = Verdict::accepted(&job.uuid);
        let of_job = (job.uuid.as_str(), job.source);
        give_status(ctx, of_job, JobStatus::Accepted, metadata, hotkey)
    }

    /// The executor and the link of an attempt are not needed any more.
    pub(super) fn forget_attempt(&mut self, attempt: &Attempt, now_ms: u64) {
        let hotkey = &attempt.address.hotkey;
        self.live.usage.remove(&attempt.uuid);
        self.live.asked.remove(&attempt.uuid);
        self.attempts.remove(&attempt.uuid);
        let mut attempts = self.jobs.values().filter_map(Job::attempt);
        let is_needed =
            attempts.any(|other| other.address.hotkey == *hotkey && other.uuid != attempt.uuid);
        if !is_needed {
            self.live.links.release(hotkey, now_ms);
        }
    }

    /// Whether something about a miner can be kept.
    pub(crate) fn has_room_for(&self, hotkey: &str) -> bool {
        self.standings.contains_key(hotkey) || self.standings.len() < MINERS_MAX
    }
}

/// Gives a status to the user or the operator who has ordered the job.
fn give_status(
    ctx: &mut Context<'_>,
    (uuid, source): (&str, Source),
    status: JobStatus,
    metadata: JobStatusMetadata,
    hotkey: Option<String>,
) -> Result<()> {
    let at_ms = ctx.now_ms();
    let Source::Admin { ticket, is_strict } = source else {
        return ctx.emit(&JobStatusGiven {
            uuid: uuid.to_owned(),
            status: status.as_str().to_owned(),
            metadata: to_raw_value(&metadata)?,
            hotkey,
            at_ms,
        });
    };
    let line = match metadata.comment.as_str() {
        "" => status.to_string(),
        comment => format!("{status}: {comment}"),
    };
    ctx.progress(ticket, &line)?;
    if status == JobStatus::Accepted {
        return Ok(());
    }
    let code = match is_strict && status != JobStatus::Completed {
        true => NOT_COMPLETED,
        false => 0,
    };
    let result = json!({ "uuid": uuid, "status": status, "hotkey": hotkey, "metadata": metadata });
    ctx.finish(ticket, code, &result)
}
