//! Attempts: a link is wanted, and when it is up `horde_miners` is asked for the job.

use horde_events::{
    GroupWanted, JobsMade, LinkState, MinerAddress, MinerLink, Outcome, PlannedJob,
};
use horde_extension::new_uuid;
use horde_proto::facilitator::{JobStatus, OrganicJob};
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::admission::read_request;
use crate::frames::make_job;
use crate::job::{Attempt, Job, Phase};
use crate::limits::{LINK_TIMEOUT_MS, MINERS_MAX, OUTCOME_GRACE_MS};
use crate::store;

impl Organic {
    /// Begins an attempt, under a uuid of its own (weakness 16 of section 7).
    pub(super) fn begin_attempt(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        address: MinerAddress,
    ) -> Result<()> {
        let Some(mut job) = self.jobs.get(uuid).cloned() else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        // A miner that is asked now would be blamed for the time that a router, the chain or a restart has used.
        if job.left_ms(now_ms) < job.attempt_ms_min() {
            let ending =
                Ending::without_attempt(&job, "its time was over before a miner could be asked");
            return self.finish(ctx, uuid, ending);
        }
        let attempt = Attempt {
            uuid: new_uuid(ctx),
            address,
        };
        job.attempts.push(attempt.clone());
        let due_ms = now_ms + LINK_TIMEOUT_MS.min(job.left_ms(now_ms));
        self.note_attempt(&attempt, &job, now_ms);
        let is_up = self.live.links.want(&attempt.address);
        self.enter(ctx, job, Phase::Linking, due_ms)?;
        self.send_links(ctx)?;
        match is_up {
            true => self.ask(ctx, uuid),
            false => Ok(()),
        }
    }

    /// The executor of an attempt is in use from now on.
    pub(super) fn note_attempt(&mut self, attempt: &Attempt, job: &Job, now_ms: u64) {
        let name = &attempt.uuid;
        let hotkey = &attempt.address.hotkey;
        let class = job.class.as_str();
        self.live.usage.add(name, name, hotkey, class, now_ms);
        self.attempts.insert(name.clone(), job.uuid.clone());
    }

    /// A link is up or down: attempts that have waited for it go on.
    pub(crate) fn take_link(&mut self, ctx: &mut Context<'_>, link: MinerLink) -> Result<()> {
        ctx.mark_fields_changed()?;
        let MinerLink { hotkey, state } = link;
        let down = match state {
            LinkState::Up { manifest } => {
                let now_ms = ctx.now_ms();
                let is_known = self.standings.contains_key(&hotkey);
                if is_known || self.standings.len() < MINERS_MAX {
                    let standing = self.standings.entry(hotkey.clone()).or_default();
                    if standing.show(manifest, now_ms) {
                        store::put_standing(ctx, &hotkey, standing)?;
                    }
                }
                self.live.links.note_up(&hotkey);
                None
            }
            LinkState::Down { reason } => {
                let mut jobs = self.jobs.values();
                let has_job =
                    jobs.any(|job| job.phase == Phase::Asked && job.hotkey() == Some(&*hotkey));
                // Of a link that others want.
                if !self.live.links.note_down(&hotkey, has_job) {
                    return Ok(());
                }
                Some(reason)
            }
        };
        let jobs = self.jobs.values();
        let of_miner = jobs.filter(|job| job.hotkey() == Some(&hotkey));
        let waiting: Vec<(String, Phase)> = of_miner
            .filter(|job| !self.is_asked(job))
            .map(|job| (job.uuid.clone(), job.phase))
            .collect();
        for (uuid, phase) in waiting {
            match &down {
                Some(reason) if phase == Phase::Linking => {
                    let reason = reason.clone();
                    self.end_attempt(ctx, &uuid, Outcome::Unreachable { reason })?;
                }
                // One that was asked for before a start: `horde_miners` knows what became of it, or begins it now.
                _ => self.ask(ctx, &uuid)?,
            }
        }
        // The list without a link that is down, and with those of jobs that are tried elsewhere.
        self.send_links(ctx)
    }

    /// Whether `horde_miners` has been asked for the present attempt since the start.
    fn is_asked(&self, job: &Job) -> bool {
        let attempt = job.attempt();
        attempt.is_some_and(|attempt| self.live.asked.contains(&attempt.uuid))
    }

    /// Asks `horde_miners` to run the present attempt, with what is left of the job's time.
    fn ask(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        let Some(job) = self.jobs.get(uuid).cloned() else {
            return Ok(());
        };
        let Some(attempt) = job.attempt().cloned() else {
            return Ok(());
        };
        let request = store::request(ctx, uuid)?;
        let request = request.and_then(|text| read_request(text.get()).ok());
        let Some(request) = request else {
            let comment = "the stored request could not be read after a restart".to_owned();
            return self.finish(ctx, uuid, Ending::new(JobStatus::Failed, comment));
        };
        let now_ms = ctx.now_ms();
        let left_ms = job.left_ms(now_ms).max(1);
        let timeout_seconds = u32::try_from(left_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        let class = job.class.as_str().to_owned();
        let planned = PlannedJob {
            uuid: attempt.uuid.clone(),
            hotkey: attempt.address.hotkey.clone(),
            executor_class: class.clone(),
            timeout_seconds,
            spin_up_seconds: self.config.spin_up_seconds(job.class),
        };
        let made = make_job(OrganicJob::from(request), &attempt, timeout_seconds)?;
        self.enter(ctx, job, Phase::Asked, now_ms + left_ms + OUTCOME_GRACE_MS)?;
        ctx.emit(&JobsMade {
            ask: 0,
            batch: attempt.uuid.clone(),
            kind: ctx.settings().name.clone(),
            executor_class: class,
            jobs: vec![made],
            shortage: None,
        })?;
        ctx.emit(&GroupWanted {
            group: attempt.uuid.clone(),
            jobs: vec![planned],
            is_organic: true,
        })?;
        self.live.asked.insert(attempt.uuid);
        Ok(())
    }
}
