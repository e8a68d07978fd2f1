//! What a batch asks of the other extensions, and how long it waits.

use horde_events::{AnswerGiven, GroupWanted, LinksWanted, Verdict};
use tig_plugin_api::prelude::*;

use crate::batch::Batch;
use crate::config::Config;
use crate::job::{Answer, JobEnd};
use crate::limits::{
    ANSWER_BYTES_MAX, BATCH_TIMEOUT_MINUTES, MANIFEST_GRACE_MS, VERDICT_TIMEOUT_SECONDS,
};
use crate::store;
use crate::timer::Timer;

/// Wants no links any more.
pub(crate) fn let_links_go(ctx: &mut Context<'_>) -> Result<()> {
    let holder = ctx.settings().name.clone();
    let miners = Vec::new();
    ctx.emit(&LinksWanted {
        holder,
        miners,
        unknown: None,
    })
}

impl Batch {
    pub(crate) fn set_deadline(&self, ctx: &mut Context<'_>) -> Result<()> {
        // After a restart the clock can be behind the time at which the batch began.
        let begin_ms = self.head.started_ms.min(ctx.now_ms());
        let due_ms = begin_ms + BATCH_TIMEOUT_MINUTES * 60_000;
        Timer::Batch.set(ctx, &self.head.batch, due_ms)
    }

    pub(crate) fn want_manifests(&self, ctx: &mut Context<'_>, config: &Config) -> Result<()> {
        let wait_ms = config.manifest_timeout_ms.saturating_add(MANIFEST_GRACE_MS);
        let due_ms = ctx.now_ms().saturating_add(wait_ms);
        Timer::Manifests.set(ctx, &self.head.batch, due_ms)?;
        self.want_links(ctx)
    }

    pub(crate) fn want_links(&self, ctx: &mut Context<'_>) -> Result<()> {
        let holder = ctx.settings().name.clone();
        let miners = self.head.miners.clone();
        ctx.emit(&LinksWanted {
            holder,
            miners,
            unknown: None,
        })
    }

    /// Wants the jobs run that are not over, in an order that no miner can foresee.
    pub(crate) fn want_group(&self, ctx: &mut Context<'_>, config: &Config) -> Result<()> {
        let mut jobs = self.planned(config);
        if jobs.is_empty() {
            return Ok(());
        }
        for index in (1..jobs.len()).rev() {
            let below = index as u128 + 1;
            let other = (u128::from(ctx.random_u64()) * below) >> 64;
            jobs.swap(index, other as usize);
        }
        ctx.emit(&GroupWanted {
            group: self.head.batch.clone(),
            jobs,
            is_organic: false,
        })
    }

    /// Asks the kind of a job whether its answer is right.
    pub(crate) fn give_answer(
        &self,
        ctx: &mut Context<'_>,
        uuid: &str,
        answer: Answer,
    ) -> Result<()> {
        let Some(job) = self.jobs.get(uuid) else {
            return Ok(());
        };
        ctx.emit(&AnswerGiven {
            batch: self.head.batch.clone(),
            kind: job.kind.clone(),
            uuid: uuid.to_owned(),
            hotkey: job.hotkey.clone(),
            check: job.check.clone(),
            stdout: answer.stdout,
            stderr: answer.stderr,
        })
    }

    /// Gives stored answers to their kinds once more, a bounded number at a time.
    pub(crate) fn give_answers(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.live.ungiven.is_empty() {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        Timer::Answers.set(ctx, &self.head.batch, now_ms)?;
        let mut bytes = 0;
        while bytes < ANSWER_BYTES_MAX
            && let Some(uuid) = self.live.ungiven.pop_first()
        {
            match store::answer(ctx, &uuid)? {
                Some(answer) => {
                    bytes += answer.stdout.len() + answer.stderr.len();
                    self.give_answer(ctx, &uuid, answer)?;
                }
                None => self.excuse_lost_answer(ctx, uuid)?,
            }
        }
        Ok(())
    }

    fn excuse_lost_answer(&mut self, ctx: &mut Context<'_>, uuid: String) -> Result<()> {
        let Some(end) = self.results.get(&uuid) else {
            return Ok(());
        };
        let reason = "its stored answer could not be read".to_owned();
        let end = JobEnd {
            verdict: Some(Verdict::Excused { reason }),
            ..end.clone()
        };
        store::put_result(ctx, &uuid, &end)?;
        self.set_result(uuid, end);
        Ok(())
    }

    pub(crate) fn wait_for_verdicts(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.live.is_waiting_for_verdicts {
            return Ok(());
        }
        let due_ms = ctx.now_ms() + VERDICT_TIMEOUT_SECONDS * 1000;
        Timer::Verdicts.set(ctx, &self.head.batch, due_ms)?;
        self.live.is_waiting_for_verdicts = true;
        Ok(())
    }
}
