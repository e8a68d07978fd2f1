//! The edge: decisions become records, questions to other extensions, and statuses.

mod attempts;
mod finish;
mod intake;
mod outcomes;
mod place;
mod routing;
mod start;

use tig_plugin_api::prelude::*;

use crate::Organic;
use crate::job::{Job, Phase};
use crate::store;
use crate::timer::Timer;

impl Organic {
    /// A drain waits for the jobs under way.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        ctx.unfinished(self.jobs.len() as u64);
    }

    /// Lets a job enter a phase: stored, with a deadline.
    fn enter(
        &mut self,
        ctx: &mut Context<'_>,
        mut job: Job,
        phase: Phase,
        due_ms: u64,
    ) -> Result<()> {
        (job.phase, job.due_ms) = (phase, due_ms);
        store::put_job(ctx, &job)?;
        Timer::Job(&job.uuid).set(ctx, due_ms)?;
        self.jobs.insert(job.uuid.clone(), job);
        Ok(())
    }

    /// Sends the list of wanted links if it has changed, or sets the timer for it.
    pub(crate) fn send_links(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        if let Some((miners, unknown)) = self.live.links.take_list(now_ms) {
            ctx.emit(&horde_events::LinksWanted {
                holder: ctx.settings().name.clone(),
                miners,
                unknown: Some(unknown),
            })?;
        }
        match self.live.links.due_ms() {
            Some(due_ms) => Timer::Links.set(ctx, due_ms),
            None => Timer::Links.cancel(ctx),
        }
    }
}
