//! What follows a start, and what is cleaned up now and then.

use std::collections::BTreeSet;

use horde_extension::record_start;
use horde_proto::facilitator::JobStatus;
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::job::{Job, Phase};
use crate::limits::{EVICTED_MAX, SIGNATURE_AGE_MS_MAX, SIGNATURE_AHEAD_MS_MAX};
use crate::store;
use crate::timer::Timer;

impl Organic {
    /// The instance with what follows from its jobs.
    pub(crate) fn with_attempts(mut self, now_ms: u64) -> Self {
        let jobs: Vec<Job> = self.jobs.values().cloned().collect();
        for job in &jobs {
            if let Some(attempt) = job.attempt() {
                self.note_attempt(attempt, job, now_ms);
            }
        }
        self
    }

    /// Jobs that were under way go on: what a restart has forgotten is asked for again.
    pub(crate) fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        record_start(ctx)?;
        let now_ms = ctx.now_ms();
        self.answer_orphans(ctx)?;
        let jobs: Vec<Job> = self.jobs.values().cloned().collect();
        for mut job in jobs {
            // The clock can have been set back: no phase takes longer than the time of the job and the grace after it.
            let ahead_ms = job.received_ms.saturating_sub(now_ms);
            for time_ms in [&mut job.received_ms, &mut job.due_ms, &mut job.deadline_ms] {
                *time_ms = time_ms.saturating_sub(ahead_ms);
            }
            let uuid = job.uuid.clone();
            if let Some(attempt) = job.attempt() {
                self.live.links.want(&attempt.address);
            }
            let phase = job.phase;
            Timer::Job(&uuid).set(ctx, job.due_ms)?;
            self.jobs.insert(uuid.clone(), job);
            match phase {
                Phase::Address => self.place(ctx, &uuid)?,
                // The router may have been asked, and its answer is lost.
                Phase::Choosing => self.choose_again(ctx, &uuid)?,
                Phase::Linking | Phase::Asked => {}
            }
        }
        // `horde_miners` has stored the list of the run before.
        self.live.links.repeat();
        self.send_links(ctx)?;
        self.ask_addresses(ctx)
    }

    /// Jobs whose record was damaged: how far they were is lost.
    fn answer_orphans(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        for (uuid, source) in store::sources(ctx)? {
            if self.jobs.contains_key(&uuid) {
                continue;
            }
            let comment = "the record of the job could not be read after a restart".to_owned();
            let ending = Ending::new(JobStatus::Failed, comment);
            self.end(ctx, (&uuid, source), &[], ending)?;
        }
        Ok(())
    }

    /// Deletes some of what is too old.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        self.live.usage.expire(now_ms);
        for key in self.over.outdated(now_ms) {
            store::delete_over(ctx, &key)?;
            self.over.remove(&key);
        }
        // One that ends much later was stored by a clock that was ahead.
        let longest_ms = SIGNATURE_AGE_MS_MAX + SIGNATURE_AHEAD_MS_MAX;
        let signed = self.signed.iter();
        let outdated =
            signed.filter(|(_, it)| it.until_ms < now_ms || it.until_ms > now_ms + longest_ms);
        let outdated: Vec<String> = outdated
            .map(|(hash, _)| hash.clone())
            .take(EVICTED_MAX)
            .collect();
        for hash in outdated {
            store::delete_signed(ctx, &hash)?;
            self.signed.remove(&hash);
        }
        let tried: BTreeSet<&str> = self.jobs.values().filter_map(Job::hotkey).collect();
        let standings = self.standings.iter();
        let forgettable = standings
            .filter(|(hotkey, it)| it.is_forgettable(now_ms) && !tried.contains(hotkey.as_str()))
            .map(|(hotkey, _)| hotkey.clone());
        let forgettable: Vec<String> = forgettable.take(EVICTED_MAX).collect();
        for hotkey in forgettable {
            store::delete_standing(ctx, &hotkey)?;
            self.standings.remove(&hotkey);
        }
        Ok(())
    }
}
