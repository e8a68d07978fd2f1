//! Jobs of the trusted miner: which is next, and how `horde_miners` is asked for it.

use horde_events::{GroupWanted, JobsMade, LinkState, LinksWanted, MinerLink, PlannedJob};
use horde_extension::new_uuid;
use tig_plugin_api::prelude::*;

use crate::limits::{
    CHECK_MS, DOOMED_MAX, LINK_IDLE_MS, LINK_TIMEOUT_MS, OUTCOME_GRACE_MS, RECHECK_MS, URL_SECONDS,
};
use crate::station::StationName;
use crate::trusted::{CLASS, Phase, Task, TrustedJob, make_job};
use crate::{Crossval, store};

/// Seconds that every executor is given to start.
const SPIN_UP_SECONDS_MIN: u64 = 2;

impl Crossval {
    /// Begins the next job, if the trusted miner has none and there is one.
    pub(super) fn start_next_job(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.job.is_some() || !self.config.has_trusted_miner() {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let is_ready =
            |name| !self.is_paused(name, now_ms) && self.failing_bucket(name, now_ms).is_none();
        let can_generate = self.lacks_series()
            && self.pool.doomed.len() < DOOMED_MAX
            && is_ready(StationName::Generation);
        let can_answer = is_ready(StationName::Answering);
        if can_answer && let Some(task) = self.due_check(now_ms) {
            return self.start_job(ctx, task);
        }
        let answering = self.answering().filter(|_| can_answer);
        match answering {
            Some(task) if !can_generate || !self.live.has_answered_last => {
                self.start_job(ctx, task)
            }
            _ if can_generate => {
                let task = self.generation(ctx);
                self.start_job(ctx, task)
            }
            _ => Ok(()),
        }
    }

    /// Those that are used up count as missing before the next sweep retires them: a small pool would stand still until then.
    fn missing_series(&self) -> usize {
        let target = self.target();
        target
            .series
            .saturating_sub(self.pool.usable(&target).len())
    }

    pub(crate) fn lacks_series(&self) -> bool {
        self.missing_series() > 0
    }

    /// The check of the trusted miner, if it is time for it.
    fn due_check(&self, now_ms: u64) -> Option<Task> {
        let probe = self.probe.as_ref()?;
        let interval_ms = if probe.differs { RECHECK_MS } else { CHECK_MS };
        (now_ms.saturating_sub(probe.checked_ms) >= interval_ms).then(|| Task::Check {
            workload: probe.workload.clone(),
            seed: probe.seed,
        })
    }

    pub(crate) fn answering(&self) -> Option<Task> {
        let uuid = self.pool.next_workload()?;
        let workload = self.pool.workloads.get(uuid)?;
        Some(Task::Answer {
            workload: uuid.to_owned(),
            seed: workload.seed,
        })
    }

    /// New series, as many as are missing and a generation makes.
    pub(crate) fn generation(&self, ctx: &mut Context<'_>) -> Task {
        let missing = self.missing_series();
        let at_once = self.dynamic.prompts_series_in_a_single_generation as usize;
        // A command may ask for series though none is missing.
        let count = at_once.clamp(1, 1_000).min(missing.max(1));
        let series = (0..count).map(|_| new_uuid(ctx));
        Task::Generate {
            series: series.collect(),
        }
    }

    /// Begins a job: stored before anything is asked for.
    pub(crate) fn start_job(&mut self, ctx: &mut Context<'_>, task: Task) -> Result<()> {
        let now_ms = ctx.now_ms();
        self.live.has_answered_last = !matches!(task, Task::Generate { .. });
        (self.live.is_asked, self.live.is_reading) = (false, false);
        let job = TrustedJob {
            uuid: new_uuid(ctx),
            file: new_uuid(ctx),
            task,
            phase: Phase::Linking,
            begun_ms: now_ms,
            due_ms: now_ms + LINK_TIMEOUT_MS,
            urls_until_ms: 0,
            reads: 0,
            read_failures: 0,
        };
        self.put_job(ctx, job)?;
        if self.live.is_link_up {
            return self.ask_job(ctx);
        }
        self.want_link(ctx)
    }

    pub(super) fn put_job(&mut self, ctx: &mut Context<'_>, job: TrustedJob) -> Result<()> {
        ctx.put(store::JOB, &job)?;
        self.job = Some(job);
        Ok(())
    }

    fn want_link(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.live.link_for = self.job.as_ref().map(|job| job.uuid.clone());
        let wanted = LinksWanted {
            holder: ctx.settings().name.clone(),
            miners: self.config.trusted_miner().into_iter().collect(),
            unknown: None,
        };
        ctx.emit(&wanted)
    }

    /// Wants a link for a job that a restart has interrupted, and lets one go that no job has needed for a while.
    pub(super) fn hold_link(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if !std::mem::replace(&mut self.live.is_started, true) {
            self.live.link_idle_since_ms = Some(now_ms);
        }
        if let Some(job) = &self.job {
            let waits = !self.live.is_asked && job.phase != Phase::Reading;
            return match waits && self.live.link_for.as_ref() != Some(&job.uuid) {
                true => self.want_link(ctx),
                false => Ok(()),
            };
        }
        let idle_since_ms = self.live.link_idle_since_ms;
        let is_idle =
            idle_since_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) >= LINK_IDLE_MS);
        if !is_idle {
            return Ok(());
        }
        self.live.link_idle_since_ms = None;
        self.live.is_link_up = false;
        ctx.emit(&LinksWanted {
            holder: ctx.settings().name.clone(),
            miners: Vec::new(),
            unknown: None,
        })
    }

    /// The link to the trusted miner is up or down.
    pub(crate) fn take_link(&mut self, ctx: &mut Context<'_>, link: MinerLink) -> Result<()> {
        ctx.mark_fields_changed()?;
        let miner = self.config.trusted_miner();
        if miner.is_none_or(|miner| miner.hotkey != link.hotkey) {
            return Ok(());
        }
        let waits = self.job.is_some() && !self.live.is_asked && !self.is_reading();
        let is_linking = self
            .job
            .as_ref()
            .is_some_and(|job| job.phase == Phase::Linking);
        match link.state {
            LinkState::Up { manifest } => {
                let mut classes = manifest.iter().filter(|class| class.count > 0);
                if classes.all(|class| class.executor_class != CLASS.as_str()) {
                    let reason = format!(
                        "the trusted miner shows no executor of the class {}",
                        CLASS.as_str()
                    );
                    return if is_linking {
                        self.fail_job(ctx, &reason, false)
                    } else {
                        Ok(())
                    };
                }
                self.live.is_link_up = true;
                if waits { self.ask_job(ctx) } else { Ok(()) }
            }
            LinkState::Down { reason } => {
                self.live.is_link_up = false;
                let reason = horde_events::quote(&reason);
                match (waits, is_linking) {
                    (true, true) => self.fail_job(
                        ctx,
                        &format!("the trusted miner cannot be reached: {reason}"),
                        false,
                    ),
                    // It was asked for before a restart: `horde_miners` knows what became of it.
                    (true, false) => self.ask_job(ctx),
                    (false, _) => Ok(()),
                }
            }
        }
    }

    /// Asks `horde_miners` to run the job, with what is left of its time.
    fn ask_job(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let (Some(mut job), Some(buckets)) = (self.job.clone(), &self.buckets) else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        if job.phase == Phase::Linking {
            job.phase = Phase::Asked;
            job.due_ms = now_ms + job.task.time_ms() + OUTCOME_GRACE_MS;
        }
        job.urls_until_ms = now_ms + u64::from(URL_SECONDS) * 1_000;
        let left_ms = job.due_ms.saturating_sub(OUTCOME_GRACE_MS + now_ms).max(1);
        let timeout_seconds = u32::try_from(left_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        let lines = self.dynamic.number_of_prompts_in_series.clamp(1, 10_000);
        let signer = buckets.signer(ctx)?;
        let made = make_job(&job, &self.config, lines, buckets, &signer, timeout_seconds)?;
        let spin_up = CLASS.spin_up_time().as_secs().max(SPIN_UP_SECONDS_MIN);
        let planned = PlannedJob {
            uuid: made.uuid.clone(),
            hotkey: made.hotkey.clone(),
            executor_class: CLASS.as_str().to_owned(),
            timeout_seconds,
            spin_up_seconds: u32::try_from(spin_up).unwrap_or(u32::MAX),
        };
        let group = job.uuid.clone();
        self.put_job(ctx, job)?;
        self.live.is_asked = true;
        ctx.emit(&JobsMade {
            ask: 0,
            batch: group.clone(),
            kind: ctx.settings().name.clone(),
            executor_class: CLASS.as_str().to_owned(),
            jobs: vec![made],
            shortage: None,
        })?;
        ctx.emit(&GroupWanted {
            group,
            jobs: vec![planned],
            is_organic: true,
        })
    }

    /// The job of a phase whose time is over.
    pub(super) fn look_at_job(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.job.as_ref().filter(|job| job.due_ms <= now_ms) else {
            return Ok(());
        };
        match job.phase {
            Phase::Linking => {
                let reason = format!(
                    "no link to the trusted miner came up within {} s",
                    LINK_TIMEOUT_MS / 1_000
                );
                self.fail_job(ctx, &reason, false)
            }
            Phase::Asked => self.fail_job(
                ctx,
                "nothing was heard of the trusted miner's job within its time",
                false,
            ),
            Phase::Reading => self.read_answers(ctx),
        }
    }
}
