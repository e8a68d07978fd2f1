//! `horde_job_llm`: answers to prompts, which miners of the class `always_on.llm.a6000` must have as the trusted miner has them
//! (section 3.5).
//!
//! | | |
//! |---|---|
//! | handles | `horde_jobs_wanted`, `horde_llm_samples`, `horde_answer_given`, of those that name it as `kind`; timers, answers of the bucket |
//! | emits | `horde_llm_samples_wanted`, `horde_jobs_made`, `horde_answer_checked` |
//! | config | nothing |
//! | stores | `answer/<job>`: an answer whose check is under way |
//!
//! A miner gets a whole series of prompts, and puts its answers into a bucket. It does not learn which prompts are compared. What it has
//! put there is read when it says that it has finished. If the bucket fails, that is not the miner's fault.

mod check;
mod download;
mod frames;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use horde_events::{
    AnswerChecked, AnswerGiven, JobsMade, JobsWanted, LlmSamplesGiven, LlmSamplesWanted,
};
use horde_proto::ExecutorClass;
use tig_plugin_api::prelude::*;

use crate::check::Pending;
use crate::download::{Live, RETRY};
use crate::frames::make_job;

/// The class whose miners are tested so.
const CLASS: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;

/// `config.horde_job_llm`.
#[derive(ConfigSchema, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {}

struct JobLlm {
    /// Answers whose check is under way, by their jobs. Stored.
    pending: BTreeMap<String, Pending>,
    live: Live,
}

#[extension(emits(LlmSamplesWanted, JobsMade, AnswerChecked))]
impl JobLlm {
    fn new(_config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let pending = check::stored(ctx)?;
        if !pending.is_empty() {
            let now_ms = ctx.now_ms();
            ctx.at(RETRY, now_ms)?;
        }
        Ok(Self {
            pending,
            live: Live::default(),
        })
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, wanted: JobsWanted) -> Result<()> {
        if wanted.kind != ctx.settings().name {
            return Ok(());
        }
        if wanted.executor_class != CLASS.as_str() {
            let shortage = format!(
                "jobs of prompts are for executors of the class {} only",
                CLASS.as_str()
            );
            return ctx.emit(&wanted.answer(Vec::new(), Some(shortage)));
        }
        ctx.emit(&LlmSamplesWanted {
            ask: wanted.ask,
            batch: wanted.batch,
            kind: wanted.kind,
            miners: wanted.miners,
        })
    }

    fn on_horde_llm_samples(
        &mut self,
        ctx: &mut Context<'_>,
        given: LlmSamplesGiven,
    ) -> Result<()> {
        if given.kind != ctx.settings().name {
            return Ok(());
        }
        let jobs = given
            .samples
            .into_iter()
            .map(|sample| make_job(ctx, sample));
        let jobs = jobs.collect::<Result<_>>()?;
        ctx.emit(&JobsMade {
            ask: given.ask,
            batch: given.batch,
            kind: given.kind,
            executor_class: CLASS.as_str().to_owned(),
            jobs,
            shortage: given.shortage,
        })
    }

    fn on_horde_answer_given(&mut self, ctx: &mut Context<'_>, answer: AnswerGiven) -> Result<()> {
        if answer.kind != ctx.settings().name {
            return Ok(());
        }
        self.take_answer(ctx, &answer)
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        self.take_response(ctx, response)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        self.download(ctx)
    }

    fn snapshot(&mut self) -> Result<Live> {
        // This instance stays if its successor cannot start.
        Ok(self.live.clone())
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, state: Live) -> Result<()> {
        self.live = state;
        Ok(())
    }
}
