//! `horde_batch`: tests the executors of many miners at the same moment with work whose answer is known (sections 3.3 and 3.4).
//!
//! | | |
//! |---|---|
//! | commands | `run_batch` |
//! | handles | `horde_batch_due`, `horde_dynamic_config`, `horde_group_wanted`, `horde_miner_link`, `horde_jobs_made`, `horde_job_step`, `horde_job_over`, `horde_answer_checked`, timers |
//! | emits | `horde_links_wanted`, `horde_jobs_wanted`, `horde_group_wanted`, `horde_answer_given`, `horde_jobs_scored`, `horde_batch_over`, `horde_batch_missed` |
//! | routes | `GET /horde/batch` |
//! | conditions | `no_miner_was_right`, `no_miner_was_tested`, `batch_interrupted`; `job_kind_missing`, `jobs_short`, `answers_unchecked` (subject: executor class) |
//! | config | `kinds`, `max_executors_per_class`, `weights_version`, `manifest_timeout_ms`, `spin_up_seconds`, `manifest_score_multiplier`, `manifest_dance_ratio_threshold` |
//! | stores | `batch`, `offers`, `jobs/<n>`, `result/<uuid>`, `answer/<uuid>` of the batch that is under way, `finished/<n>` of the last ones; `newest_cycle`, `due`, `dynamic_config` |
//!
//! A cycle has one batch, however often it is said to be due. If another one is under way then, by command, that of the cycle waits
//! until it is over or its slot is. Executors that run users' jobs are not tested.
//!
//! One batch at a time. A batch that was killed goes on at the next start: manifests and jobs are asked for once more, and
//! jobs that were under way are taken up, or end as `interrupted` by `horde_miners`. Each job has exactly one result, the first that comes.

mod arguments;
mod asks;
mod batch;
mod bonus;
mod conditions;
mod config;
mod due;
mod finish;
mod job;
mod limits;
mod making;
mod offers;
mod progress;
mod report;
mod requests;
mod results;
mod rules;
mod run;
mod score;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod timer;
mod users;
mod waiting;

use horde_dynamic::DynamicConfig;
use horde_events::{
    AnswerChecked, AnswerGiven, BatchDue, BatchEnd, BatchMissed, BatchOver, BatchReport,
    GroupWanted, JobOver, JobStep, JobsScored, JobsWanted, LinksWanted, MinerLink,
};
use serde::{Deserialize, Serialize};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::arguments::RunBatch;
use crate::batch::{Batch, Live, Phase};
use crate::config::Config;
use crate::due::Cycles;
use crate::limits::RESUME_DELAY_MS;
use crate::making::JobsMade;
use crate::requests::let_links_go;
use crate::rules::Rules;
use crate::timer::Timer;
use crate::users::Users;

/// What a reload hands over.
#[derive(Deserialize, Serialize)]
struct Handover {
    /// The batch that is under way, if there is one.
    batch: Option<String>,
    live: Live,
    #[serde(default)]
    users: Users,
}

struct HordeBatch {
    config: Config,
    /// Those of the next batch.
    rules: Rules,
    cycles: Cycles,
    users: Users,
    current: Option<Batch>,
    /// The last batches that have ended, the newest one last.
    finished: Vec<BatchReport>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/batch"),
    emits(
        LinksWanted,
        JobsWanted,
        GroupWanted,
        AnswerGiven,
        JobsScored,
        BatchOver,
        BatchMissed
    )
)]
impl HordeBatch {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let (current, finished) = (store::batch(ctx)?, store::finished(ctx)?);
        if let Some(batch) = &current {
            let head = &batch.head;
            ctx.info_with(
                "batch goes on after a restart",
                &[("batch", &head.batch), ("phase", &head.phase.name())],
            );
            let resume_ms = ctx.now_ms() + RESUME_DELAY_MS;
            Timer::Resume.set(ctx, &head.batch, resume_ms)?;
        } else if !finished.is_empty() {
            // The event that said so at the end of the last batch is not durable, and `horde_miners` has stored the links.
            let_links_go(ctx)?;
        }
        ctx.unfinished(current.iter().len() as u64);
        let dynamic = DynamicConfig::stored(ctx)?;
        let rules = dynamic.and_then(|dynamic| Rules::try_from(&dynamic).ok());
        let mut horde_batch = Self {
            rules: rules.unwrap_or_else(|| Rules::from(&config)),
            cycles: Cycles::stored(ctx, current.as_ref(), &finished)?,
            users: Users::default(),
            config,
            current,
            finished,
            reported: ReportedConditions::default(),
        };
        // Until the next batch there may be nothing to handle.
        horde_batch.report_conditions(ctx);
        Ok(horde_batch)
    }

    /// Tests miners now, all of them at the same moment.
    #[command]
    fn run_batch(&mut self, ctx: &mut Context<'_>, arguments: RunBatch) -> Result<Started> {
        if let Some(batch) = &self.current {
            let head = &batch.head;
            bail!(
                "batch {} is under way ({}): wait until it is over",
                head.number,
                head.phase.name()
            );
        }
        if let Some(waiting) = &self.cycles.waiting {
            let start = waiting.due.cycle_start;
            bail!(
                "the batch of the cycle at block {start} is about to begin: wait until it is over"
            );
        }
        let order = arguments.check()?;
        self.begin(ctx, order)?;
        Ok(Started)
    }

    fn on_horde_batch_due(&mut self, ctx: &mut Context<'_>, due: BatchDue) -> Result<()> {
        self.take_due(ctx, due)
    }

    /// The next batch goes by it; one that is under way keeps its own rules.
    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        dynamic: DynamicConfig,
    ) -> Result<()> {
        match Rules::try_from(&dynamic) {
            Ok(rules) => {
                dynamic.store(ctx)?;
                self.rules = rules;
            }
            Err(error) => ctx.error_with(
                "dynamic config is not taken; what held before still holds",
                &[("reason", &error.to_string())],
            ),
        }
        Ok(())
    }

    fn on_horde_group_wanted(&mut self, ctx: &mut Context<'_>, group: GroupWanted) -> Result<()> {
        if group.is_organic {
            let left_out = self.users.add(group, ctx.now_ms());
            if left_out > 0 {
                let message = "more users' jobs are under way than are counted";
                ctx.warn_with(message, &[("left_out", &left_out)]);
            }
        }
        Ok(())
    }

    fn on_horde_miner_link(&mut self, ctx: &mut Context<'_>, link: MinerLink) -> Result<()> {
        let Some(batch) = self.in_phase(Phase::Manifests) else {
            return Ok(());
        };
        if !batch.is_awaited(&link) {
            return Ok(());
        }
        batch.note_progress(ctx)?;
        batch.live.links.insert(link.hotkey, link.state);
        self.advance(ctx)
    }

    fn on_horde_jobs_made(&mut self, ctx: &mut Context<'_>, made: JobsMade) -> Result<()> {
        let Some(batch) = self.in_phase(Phase::Making) else {
            return Ok(());
        };
        if made.batch != batch.head.batch {
            return Ok(());
        }
        batch.note_progress(ctx)?;
        batch.live.making.take(made);
        self.advance(ctx)
    }

    fn on_horde_job_step(&mut self, ctx: &mut Context<'_>, step: JobStep) -> Result<()> {
        if let Some(batch) = self.in_phase(Phase::Running)
            && batch.head.batch == step.group
        {
            batch.note_progress(ctx)?;
            batch.live.steps.count(step.step);
        }
        Ok(())
    }

    fn on_horde_job_over(&mut self, ctx: &mut Context<'_>, over: JobOver) -> Result<()> {
        self.users.remove(&over.uuid);
        self.take_outcome(ctx, over)
    }

    fn on_horde_answer_checked(
        &mut self,
        ctx: &mut Context<'_>,
        checked: AnswerChecked,
    ) -> Result<()> {
        self.take_verdict(ctx, checked)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        if tag == due::TIMER {
            return self.look_at_waiting(ctx);
        }
        let current = self.current.as_mut();
        let (Some((timer, of_batch)), Some(batch)) = (Timer::parse(&tag), current) else {
            return Ok(());
        };
        if batch.head.batch != of_batch {
            return Ok(());
        }
        match (timer, batch.head.phase) {
            (Timer::Resume, _) if !batch.live.is_resumed => self.resume(ctx),
            (Timer::Manifests, Phase::Manifests) => self.begin_making(ctx),
            (Timer::Making, Phase::Making) => self.give_up_making(ctx),
            (Timer::Verdicts, Phase::Running) => self.finish(ctx, BatchEnd::Stored),
            (Timer::Batch, _) => self.finish(ctx, BatchEnd::TimedOut),
            (Timer::Progress, _) => batch.show_progress(ctx),
            (Timer::Answers, Phase::Running) => {
                batch.give_answers(ctx)?;
                // An answer that is lost may have been the last one without a verdict.
                self.advance(ctx)
            }
            _ => Ok(()),
        }
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::json(200, &self.status())
    }

    fn snapshot(&mut self) -> Result<Option<Handover>> {
        // This instance stays if its successor cannot start.
        let current = self.current.as_ref();
        Ok(Some(Handover {
            batch: current.map(|batch| batch.head.batch.clone()),
            live: current.map_or_else(Live::default, |batch| batch.live.clone()),
            users: self.users.clone(),
        }))
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Option<Handover>) -> Result<()> {
        let Some(state) = state else { return Ok(()) };
        self.users = state.users;
        if let Some(batch) = &mut self.current
            && Some(&batch.head.batch) == state.batch.as_ref()
        {
            if state.live.is_resumed {
                Timer::Resume.cancel(ctx, &batch.head.batch)?;
            }
            batch.live = state.live;
        }
        Ok(())
    }
}

impl HordeBatch {
    /// The batch that is under way, if it is in this phase.
    fn in_phase(&mut self, phase: Phase) -> Option<&mut Batch> {
        let current = self.current.as_mut();
        current.filter(|batch| batch.head.phase == phase)
    }

    /// To be called when what they are made of has changed: job kinds have answered, or a batch has ended. No handler of one job
    /// does it. The last thing that a handler does: nothing may fail after it.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let present = conditions::present(self);
        self.reported.report(ctx, present);
    }
}
