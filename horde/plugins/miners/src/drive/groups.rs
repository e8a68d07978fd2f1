//! Groups: reserved in waves, run together.

use std::collections::BTreeSet;
use std::sync::Arc;

use horde_events::{GroupWanted, Outcome, PlannedJob};
use horde_proto::ExecutorClass;
use tig_plugin_api::prelude::*;

use super::GROUP_TIMER;
use crate::Miners;
use crate::group::{Group, bounded_spin_up, is_due};
use crate::job::{Job, JobId, Jobs, Phase};
use crate::link::Link;
use crate::store::{StoredGroup, StoredJob, group_key};

/// Jobs that one group can have, so that all can end in one handler, which may emit 10,000 events.
const GROUP_JOBS_MAX: usize = 9_000;

impl Miners {
    /// Begins a group with those of its jobs that are neither under way nor over.
    pub(crate) fn begin_group(&mut self, ctx: &mut Context<'_>, wanted: GroupWanted) -> Result<()> {
        let mut seen = BTreeSet::new();
        let is_new = |job: &PlannedJob| !self.kept.has_job(&job.uuid);
        let jobs = wanted.jobs.into_iter();
        let plans: Vec<PlannedJob> = jobs
            .filter(|job| is_new(job) && seen.insert(job.uuid.clone()))
            .collect();
        if plans.is_empty() {
            return Ok(());
        }
        if plans.len() > GROUP_JOBS_MAX {
            let jobs = plans.len();
            bail!("group has {jobs} jobs, more than {GROUP_JOBS_MAX}: make several groups of it");
        }
        ctx.mark_fields_changed()?;
        self.state.outflow.begin_handler();
        let now_ms = ctx.now_ms();
        let number = self.state.next_group();
        let key = group_key(now_ms, self.state.session.wrapping_add(number));
        let name: Arc<str> = wanted.group.into();
        let jobs = plans.iter().map(|plan| StoredJob {
            uuid: plan.uuid.as_str().into(),
            hotkey: plan.hotkey.as_str().into(),
        });
        let record = StoredGroup {
            group: Arc::clone(&name),
            began_ms: now_ms,
            is_over: false,
            jobs: jobs.collect(),
        };
        ctx.put(&key, &record)?;
        let stored = record.jobs.clone();
        self.kept.insert(key.clone(), record);
        let spin_ups = plans.iter().map(|plan| plan.spin_up_seconds);
        let slowest = bounded_spin_up(spin_ups.max().unwrap_or_default());
        let group = Group::new(Arc::clone(&name), wanted.is_organic, key, now_ms, slowest);
        self.state.groups.insert(number, group);
        for (mut plan, job) in plans.into_iter().zip(stored) {
            plan.spin_up_seconds = bounded_spin_up(plan.spin_up_seconds);
            self.plan_job(ctx, number, &plan, job)?;
        }
        let dropped = self.state.made.drop_batch(&name);
        if dropped > 0 {
            ctx.debug_with(
                "frames of jobs that are not in their batch's group are dropped",
                &[("group", &&*name), ("jobs", &dropped)],
            );
        }
        self.advance_group(ctx, number)?;
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Takes a job into its group, or ends it if it cannot be run.
    fn plan_job(
        &mut self,
        ctx: &mut Context<'_>,
        number: u64,
        plan: &PlannedJob,
        names: StoredJob,
    ) -> Result<()> {
        let Some(group) = self.state.groups.get_mut(&number) else {
            return Ok(());
        };
        let frames = self.state.made.take(&plan.uuid);
        let frames = frames.filter(|frames| frames.hotkey == plan.hotkey);
        let class: Option<ExecutorClass> = plan.executor_class.parse().ok();
        let (Some(frames), Some(class)) = (frames, class) else {
            ctx.error_with(
                "job cannot be run: its frames are not there, or its class is unknown",
                &[
                    ("job", &plan.uuid),
                    ("miner", &plan.hotkey),
                    ("class", &plan.executor_class),
                ],
            );
            return self.end_unplanned(ctx, number, &names, Outcome::Interrupted);
        };
        let link = self.state.links.get_mut(&plan.hotkey);
        let Some(link) = link.filter(|link| link.refusal().is_none()) else {
            let link = self.state.links.get(&plan.hotkey);
            let reason = link.and_then(|link| link.refusal());
            let reason = reason
                .unwrap_or("no link to the miner was wanted")
                .to_owned();
            return self.end_unplanned(ctx, number, &names, Outcome::Unreachable { reason });
        };
        if let Some(reason) = no_executor(link, class, &self.state.jobs, group.is_organic) {
            return self.end_unplanned(ctx, number, &names, Outcome::NotSent { reason });
        }
        let due_ms = group.reserve_at_ms(plan.spin_up_seconds);
        let names = (names.uuid, names.hotkey);
        let mut job = Job::new(plan, names, number, class, frames, due_ms);
        job.is_organic = group.is_organic;
        let id = self.state.jobs.insert(job);
        group.add(id);
        link.jobs.insert(id);
        Ok(())
    }

    /// The timer of a group: something is due for some of its jobs.
    pub(super) fn on_group_timer(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        let Some(group) = self.state.groups.get_mut(&number) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        group.timer_ms = u64::MAX;
        self.advance_group(ctx, number)?;
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Does what is due: all reservations of this moment go out together, and jobs whose time is over end.
    fn advance_group(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(group) = self.state.groups.get_mut(&number) else {
            return Ok(());
        };
        let jobs = &self.state.jobs;
        group.jobs.retain(|id| jobs.get(*id).is_some());
        let due = group.jobs.iter().copied();
        let due: Vec<JobId> = due
            .filter(|id| jobs.get(*id).is_some_and(|job| is_due(job, now_ms)))
            .collect();
        for id in due {
            let phase = self.state.jobs.get(id).map(|job| job.phase);
            match phase {
                Some(Phase::Planned) => self.reserve(ctx, id, now_ms)?,
                Some(_) => self.end_late(ctx, id)?,
                None => {}
            }
        }
        self.settle_group(ctx, number)?;
        self.set_group_timer(ctx, number)
    }

    /// Runs the group if all its jobs have an end of the reservation phase: this handler's frames go out together, which is
    /// the barrier. A group without jobs is over.
    pub(super) fn settle_group(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        let Some(group) = self.state.groups.get_mut(&number) else {
            return Ok(());
        };
        if group.left == 0 {
            ctx.cancel(&format!("{GROUP_TIMER}{number}"))?;
            log(
                ctx,
                group.is_organic,
                "group is over",
                &[("group", &&*group.name)],
            );
            let key = std::mem::take(&mut group.key);
            self.state.groups.remove(&number);
            return self.kept.end_group(ctx, &key);
        }
        if !group.can_run() {
            return Ok(());
        }
        group.has_run = true;
        let (name, is_organic) = (group.name.to_string(), group.is_organic);
        let jobs = group.jobs.clone();
        let now_ms = ctx.now_ms();
        for id in &jobs {
            self.run(ctx, *id, now_ms)?;
        }
        let fields: &LogFields<'_> = &[("group", &name), ("jobs", &jobs.len())];
        log(ctx, is_organic, "group runs", fields);
        self.set_group_timer(ctx, number)
    }

    /// Sets the timer of a group to the first moment at which something is due.
    fn set_group_timer(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        let Some(group) = self.state.groups.get(&number) else {
            return Ok(());
        };
        let jobs = group.jobs.iter().filter_map(|id| self.state.jobs.get(*id));
        let first_ms = jobs.map(|job| job.due_ms).min().unwrap_or(u64::MAX);
        self.bring_group_timer_forward(ctx, number, first_ms)
    }

    /// Lets the timer of a group be due no later than this. One that is due earlier stays: it finds nothing to do.
    pub(super) fn bring_group_timer_forward(
        &mut self,
        ctx: &mut Context<'_>,
        number: u64,
        due_ms: u64,
    ) -> Result<()> {
        if let Some(group) = self.state.groups.get_mut(&number)
            && due_ms < group.timer_ms
        {
            ctx.at(&format!("{GROUP_TIMER}{number}"), due_ms)?;
            group.timer_ms = due_ms;
        }
        Ok(())
    }
}

/// Logs how far a group is. A user's job is a group of its own, and is logged by the extension that has asked for it.
fn log(ctx: &mut Context<'_>, is_organic: bool, message: &str, fields: &LogFields<'_>) {
    match is_organic {
        true => ctx.debug_with(message, fields),
        false => ctx.info_with(message, fields),
    }
}

/// Why a miner has no executor for one more job of this validator, if that is known: each runs one at most. Jobs of a batch are made from
/// the manifest, so they are too many only beside a user's.
fn no_executor(link: &Link, class: ExecutorClass, jobs: &Jobs, is_organic: bool) -> Option<String> {
    let manifest = link.manifest.as_ref()?;
    let mut counts = manifest.iter();
    let count = counts.find(|entry| entry.executor_class == class.as_str());
    let count = count.map_or(0, |entry| entry.count as usize);
    let others = link.jobs.iter().filter_map(|id| jobs.get(*id));
    let others: Vec<&Job> = others.filter(|job| job.class == class).collect();
    let is_shared = is_organic || others.iter().any(|job| job.is_organic);
    if !is_shared || others.len() < count {
        return None;
    }
    Some(match count {
        0 => format!("the miner's manifest has no executor of class {class}"),
        _ => format!("all {count} executors of class {class} have a job of this validator"),
    })
}
