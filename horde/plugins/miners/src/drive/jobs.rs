//! Jobs: reserve, run, end.

use std::collections::BTreeSet;
use std::sync::Arc;

use horde_events::{JobOver, JobStep, JobTimes, Outcome, Step};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use super::BACKLOG;
use super::start::{outcome_name, store_and_emit};
use crate::Miners;
use crate::group::organic_ready_ms;
use crate::job::{FrameKind, Job, JobId, Phase, Reaction};
use crate::outflow::Full;
use crate::receipt::Kind;
use crate::store::StoredJob;

impl Miners {
    /// Signs the started receipt and sends the reservation.
    pub(super) fn reserve(&mut self, ctx: &mut Context<'_>, id: JobId, now_ms: u64) -> Result<()> {
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        let Some(group) = self.state.groups.get(&job.group) else {
            return Ok(());
        };
        let frame = self.validator.reservation(ctx, job, group, now_ms)?;
        let due_ms = group.bound_ms(job.timeout_seconds, now_ms + self.config.accept_ms);
        job.reserve(frame, due_ms);
        self.state.emission.note(Kind::Started, &job.uuid);
        self.send_if_open(ctx, id)
    }

    /// Sends the request to run if the executor is ready.
    pub(super) fn run(&mut self, ctx: &mut Context<'_>, id: JobId, now_ms: u64) -> Result<()> {
        let job = self.state.jobs.get_mut(id);
        let Some(job) = job.filter(|job| job.phase == Phase::Ready) else {
            return Ok(());
        };
        let Some(group) = self.state.groups.get(&job.group) else {
            return Ok(());
        };
        let timeout_ms = u64::from(job.timeout_seconds) * 1_000;
        let due_ms = now_ms + timeout_ms + self.config.run_grace_ms;
        job.run(group.bound_ms(job.timeout_seconds, due_ms));
        self.send_if_open(ctx, id)
    }

    fn send_if_open(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let job = self.state.jobs.get(id);
        let link = job.and_then(|job| self.state.links.get(&job.hotkey));
        match link.and_then(|link| link.open_tag()) {
            Some(tag) => self.send_waiting(ctx, id, &tag),
            None => Ok(()),
        }
    }

    /// Sends the frame of a job that waits for a connection.
    pub(super) fn send_waiting(
        &mut self,
        ctx: &mut Context<'_>,
        id: JobId,
        tag: &str,
    ) -> Result<()> {
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        let Some((kind, frame)) = job.waiting_frame() else {
            return Ok(());
        };
        let Some(link) = self.state.links.get_mut(&job.hotkey) else {
            return Ok(());
        };
        let bytes = frame.len();
        if let Err(full) = self.state.outflow.check(bytes, link.unwritten_bytes) {
            self.state.outflow.backlog.insert(id);
            // Room on a connection comes with the report of a frame; room in a handler, with the next one.
            return match full {
                Full::Link => Ok(()),
                Full::Handler => {
                    let now_ms = ctx.now_ms();
                    ctx.at(BACKLOG, now_ms)
                }
            };
        }
        ctx.ws_send_reported(tag, frame, kind.number(id))?;
        link.unwritten_bytes += bytes;
        job.hand_over(ctx.now_ms().saturating_mul(1_000));
        self.state.outflow.add(id, bytes);
        Ok(())
    }

    /// Sends what has waited for room, to one miner or to all.
    pub(super) fn send_backlog(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: Option<&str>,
    ) -> Result<()> {
        for id in self.state.outflow.backlog.clone() {
            let Some(job) = self.state.jobs.get(id) else {
                self.state.outflow.backlog.remove(&id);
                continue;
            };
            if hotkey.is_none_or(|hotkey| *hotkey == *job.hotkey) {
                self.send_if_open(ctx, id)?;
            }
        }
        Ok(())
    }

    /// The kernel has a frame.
    pub(super) fn on_written(
        &mut self,
        ctx: &mut Context<'_>,
        number: u64,
        at_us: u64,
    ) -> Result<()> {
        let (id, kind) = FrameKind::of_number(number);
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        let hotkey = Arc::clone(&job.hotkey);
        let bytes = job.frame_bytes(kind);
        let reaction = job.note_written(kind, at_us);
        if let Some(link) = self.state.links.get_mut(&hotkey) {
            link.unwritten_bytes = link.unwritten_bytes.saturating_sub(bytes);
        }
        self.follow(ctx, id, reaction, at_us)?;
        if self.state.outflow.backlog.is_empty() {
            return Ok(());
        }
        self.send_backlog(ctx, Some(&hotkey))
    }

    /// Does what follows from something that has happened to a job.
    pub(super) fn follow(
        &mut self,
        ctx: &mut Context<'_>,
        id: JobId,
        reaction: Reaction,
        at_us: u64,
    ) -> Result<()> {
        match reaction {
            Reaction::None | Reaction::Ignored(_) => Ok(()),
            Reaction::Accepted => {
                self.send_accepted(ctx, id)?;
                self.emit_step(ctx, id, Step::Accepted, at_us)?;
                self.await_ready(ctx, id)
            }
            Reaction::Ready { is_accepted_too } => {
                if is_accepted_too {
                    self.send_accepted(ctx, id)?;
                    self.emit_step(ctx, id, Step::Accepted, at_us)?;
                }
                self.emit_step(ctx, id, Step::Ready, at_us)?;
                self.settle_job(ctx, id)
            }
            Reaction::Repeat => self.send_if_open(ctx, id),
            Reaction::Running => self.emit_step(ctx, id, Step::Running, at_us),
            Reaction::Over(outcome) => self.end_and_settle(ctx, id, outcome),
        }
    }

    /// Gives an accepted job its deadline.
    fn await_ready(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        let Some(group) = self.state.groups.get(&job.group) else {
            return Ok(());
        };
        job.due_ms = match group.is_organic {
            true => {
                let ready_ms = organic_ready_ms(now_ms, job.spin_up_seconds);
                group.bound_ms(job.timeout_seconds, ready_ms)
            }
            false => group.ready_by_ms(now_ms),
        };
        let (number, due_ms) = (job.group, job.due_ms);
        self.bring_group_timer_forward(ctx, number, due_ms)
    }

    /// A job is ready.
    fn settle_job(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let Some(number) = self.state.jobs.get(id).map(|job| job.group) else {
            return Ok(());
        };
        if let Some(group) = self.state.groups.get_mut(&number) {
            group.settling -= 1;
        }
        self.settle_group(ctx, number)
    }

    /// Emits a step that someone waits for: of a user's job that is only the first one, and a burst of such jobs has thousands of events.
    fn emit_step(
        &mut self,
        ctx: &mut Context<'_>,
        id: JobId,
        step: Step,
        at_us: u64,
    ) -> Result<()> {
        let Some(job) = self.state.jobs.get(id) else {
            return Ok(());
        };
        if job.is_organic && step != Step::Accepted {
            return Ok(());
        }
        ctx.emit(&JobStep {
            group: self.state.group_name(job.group),
            uuid: job.uuid.to_string(),
            step,
            at_us,
        })
    }

    /// The connection of a job's miner is gone.
    pub(super) fn lose_connection(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        match job.lose_connection() {
            Some(outcome) => self.end_and_settle(ctx, id, outcome),
            None => Ok(()),
        }
    }

    /// Ends a job whose time is over. A miner that could not be reached was not too late.
    pub(super) fn end_late(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let Some(job) = self.state.jobs.get(id) else {
            return Ok(());
        };
        let link = self.state.links.get(&job.hotkey);
        let is_unsent = job.waiting_frame().is_some();
        let outcome = if is_unsent || link.is_none_or(|link| !link.is_open()) {
            let cause = link.and_then(|link| link.last_failure.as_deref());
            let cause = cause.unwrap_or("no connection to the miner");
            Outcome::Unreachable {
                reason: format!("the connection did not come back in time: {cause}"),
            }
        } else {
            Outcome::Late {
                step: job.late_step().to_owned(),
            }
        };
        self.end(ctx, id, outcome).map(drop)
    }

    /// Ends jobs of a miner that cannot be reached, and settles their groups.
    pub(super) fn end_unreachable(
        &mut self,
        ctx: &mut Context<'_>,
        jobs: &[JobId],
        reason: &str,
    ) -> Result<()> {
        let mut groups = BTreeSet::new();
        for id in jobs {
            let reason = reason.to_owned();
            groups.extend(self.end(ctx, *id, Outcome::Unreachable { reason })?);
        }
        for number in groups {
            self.settle_group(ctx, number)?;
        }
        self.report_unfinished(ctx);
        Ok(())
    }

    fn end_and_settle(&mut self, ctx: &mut Context<'_>, id: JobId, outcome: Outcome) -> Result<()> {
        if let Some(number) = self.end(ctx, id, outcome)? {
            self.settle_group(ctx, number)?;
        }
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Ends a job: its one outcome is stored and emitted. Returns the number of its group, which may have to be settled.
    fn end(&mut self, ctx: &mut Context<'_>, id: JobId, outcome: Outcome) -> Result<Option<u64>> {
        let Some(job) = self.state.jobs.remove(id) else {
            return Ok(None);
        };
        if let Some(group) = self.state.groups.get_mut(&job.group) {
            group.remove(&job);
        }
        if let Some(link) = self.state.links.get_mut(&job.hotkey) {
            link.jobs.remove(&id);
            link.unwritten_bytes = link.unwritten_bytes.saturating_sub(job.handed_bytes());
        }
        log_outcome(ctx, &job, &outcome);
        let over = JobOver {
            group: self.state.group_name(job.group),
            uuid: job.uuid.to_string(),
            hotkey: job.hotkey.to_string(),
            outcome,
            times: job.last_times(),
        };
        store_and_emit(ctx, over, &job.hotkey)?;
        self.settle_link(ctx, &job.hotkey)?;
        Ok(Some(job.group))
    }

    /// Ends a job that was never taken into its group.
    pub(super) fn end_unplanned(
        &mut self,
        ctx: &mut Context<'_>,
        number: u64,
        job: &StoredJob,
        outcome: Outcome,
    ) -> Result<()> {
        let over = JobOver {
            group: self.state.group_name(number),
            uuid: job.uuid.to_string(),
            hotkey: job.hotkey.to_string(),
            outcome,
            times: JobTimes::default(),
        };
        store_and_emit(ctx, over, &Arc::clone(&job.hotkey))
    }
}

/// Logs outcomes that an operator may ask about. What a user's job has printed is the user's affair.
fn log_outcome(ctx: &mut Context<'_>, job: &Job, outcome: &Outcome) {
    let reason = match outcome {
        Outcome::Finished { .. } => return,
        Outcome::Failed { exit_status, .. } if job.is_organic => exit_text(*exit_status),
        Outcome::Failed { stdout, .. } => shown(stdout),
        Outcome::OutOfOrder { reason }
        | Outcome::Unreachable { reason }
        | Outcome::NotSent { reason } => reason.clone(),
        Outcome::Late { step } => step.clone(),
        Outcome::Declined | Outcome::ExecutorFailed | Outcome::Interrupted => String::new(),
    };
    ctx.info_with(
        "job has no result",
        &[
            ("job", &&*job.uuid),
            ("miner", &&*job.hotkey),
            ("outcome", &outcome_name(outcome)),
            ("reason", &reason),
        ],
    );
}

fn exit_text(exit_status: Option<i64>) -> String {
    exit_status.map_or_else(
        || "a fault of the executor".to_owned(),
        |status| format!("exit code {status}"),
    )
}
