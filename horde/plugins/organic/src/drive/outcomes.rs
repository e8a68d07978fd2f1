//! What becomes of an attempt: a status, a score for its receipt, another attempt, or the end of the job.

use horde_events::{JobOver, JobStep, JobTimes, JobsScored, Outcome, Step};
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::job::{Job, Phase};
use crate::limits::LINK_TIMEOUT_MS;
use crate::store;
use crate::verdict::{Blame, Verdict};

impl Organic {
    /// A job has got one step further. The first miner that accepts gives the job its status.
    pub(crate) fn take_step(&mut self, ctx: &mut Context<'_>, step: &JobStep) -> Result<()> {
        let job = self.attempts.get(&step.uuid);
        let job = job.and_then(|uuid| self.jobs.get(uuid));
        let Some(job) = job.filter(|job| step.step == Step::Accepted && !job.is_accepted) else {
            return Ok(());
        };
        let mut job = job.clone();
        job.is_accepted = true;
        store::put_job(ctx, &job)?;
        self.give_accepted(ctx, &job)?;
        self.jobs.insert(job.uuid.clone(), job);
        Ok(())
    }

    /// A job of whatever kind is over.
    pub(crate) fn take_outcome(&mut self, ctx: &mut Context<'_>, over: JobOver) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.live.usage.remove(&over.uuid);
        // The event is durable, so it may come twice: then the attempt is not the present one any more.
        let Some(uuid) = self.attempts.get(&over.uuid).cloned() else {
            return Ok(());
        };
        if over.outcome.is_answer() {
            ctx.emit(&JobsScored::unscored(over.group, over.uuid))?;
        }
        self.end_attempt_at(ctx, &uuid, over.outcome, &over.times)?;
        self.send_links(ctx)
    }

    /// The time of a job's phase is over.
    pub(crate) fn on_job_timer(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.jobs.get(uuid).filter(|job| job.due_ms <= now_ms) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        match job.phase {
            Phase::Address => self.place(ctx, uuid)?,
            Phase::Choosing => self.miss_router(ctx, uuid)?,
            Phase::Linking => {
                let reason = missed_link(job);
                // A miner that cannot be reached is reported before.
                self.end_attempt(ctx, uuid, Outcome::NotSent { reason })?;
            }
            Phase::Asked => {
                let step = "answer".to_owned();
                self.end_attempt(ctx, uuid, Outcome::Late { step })?;
            }
        }
        self.send_links(ctx)
    }

    /// Ends an attempt that was not run.
    pub(super) fn end_attempt(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        outcome: Outcome,
    ) -> Result<()> {
        self.end_attempt_at(ctx, uuid, outcome, &JobTimes::default())
    }

    fn end_attempt_at(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        outcome: Outcome,
        times: &JobTimes,
    ) -> Result<()> {
        let Some(job) = self.jobs.get(uuid) else {
            return Ok(());
        };
        let Some(attempt) = job.attempt().cloned() else {
            return Ok(());
        };
        let mut job = job.clone();
        let verdict = Verdict::new(uuid, &attempt.address, outcome, times);
        ctx.info_with(
            "attempt at a user's job is over",
            &[
                ("job", &uuid),
                ("attempt", &attempt.uuid),
                ("miner", &attempt.address.hotkey),
                ("result", &verdict.summary),
            ],
        );
        self.note(ctx, &attempt.address.hotkey, &verdict)?;
        let now_ms = ctx.now_ms();
        self.forget_attempt(&attempt, now_ms);
        let attempts_max = self.config.attempts_max(self.dynamic.as_ref());
        let mut ending = Ending::of(&verdict, job.is_accepted);
        if verdict.is_untouched && job.can_retry(attempts_max, now_ms) {
            let draw = ctx.random_unit();
            match self.find_other(&job, draw, now_ms) {
                Ok(address) => {
                    job.last_comment = Some(verdict.comment);
                    self.jobs.insert(uuid.to_owned(), job);
                    return self.route(ctx, uuid, address);
                }
                Err(cause) => ending.comment.push_str(&format!("; {cause}")),
            }
        } else if job.attempts.len() > 1 {
            let attempts = job.attempts.len();
            ending
                .comment
                .push_str(&format!("; it was attempt {attempts}"));
        }
        self.finish(ctx, uuid, ending)
    }

    /// Counts an outcome for or against its miner.
    fn note(&mut self, ctx: &mut Context<'_>, hotkey: &str, verdict: &Verdict) -> Result<()> {
        if verdict.blame == Blame::None || !self.has_room_for(hotkey) {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let block_seconds = self.config.failure_block_seconds;
        let standing = self.standings.entry(hotkey.to_owned()).or_default();
        let had_block = standing.open_block(now_ms).is_some();
        if standing.note(verdict.blame, &verdict.summary, block_seconds, now_ms) {
            store::put_standing(ctx, hotkey, standing)?;
        }
        if let (false, Some(block)) = (had_block, standing.open_block(now_ms)) {
            let seconds = (block.until_ms - now_ms) / 1_000;
            ctx.warn_with(
                "miner is blocked for users' jobs",
                &[
                    ("miner", &hotkey),
                    ("seconds", &seconds),
                    ("reason", &block.reason),
                ],
            );
        }
        Ok(())
    }
}

/// How long an attempt has waited for its link: no longer than the job's time.
fn missed_link(job: &Job) -> String {
    match job.due_ms < job.deadline_ms {
        true => format!("no link came up within {} s", LINK_TIMEOUT_MS / 1_000),
        false => {
            let seconds = job.budget_ms() / 1_000;
            format!("no link came up before the job's time of {seconds} s was over")
        }
    }
}
