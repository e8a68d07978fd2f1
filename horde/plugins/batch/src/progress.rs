//! Lines for the caller of `run_batch`, at a bounded rate.

use horde_events::LinkState;
use tig_plugin_api::prelude::*;

use crate::batch::{Batch, Phase, Progress, Steps};
use crate::limits::PROGRESS_INTERVAL_MS;
use crate::timer::Timer;

impl Batch {
    /// Says that there is something to show; it is shown when the interval is over.
    pub(crate) fn note_progress(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let progress = &self.live.progress;
        if progress.is_due || self.head.ticket == Ticket::NONE {
            return Ok(());
        }
        let due_ms = ctx.now_ms().max(progress.shown_ms + PROGRESS_INTERVAL_MS);
        Timer::Progress.set(ctx, &self.head.batch, due_ms)?;
        self.live.progress.is_due = true;
        Ok(())
    }

    /// Shows how far the phase is.
    pub(crate) fn show_progress(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let ticket = self.head.ticket;
        if ticket != Ticket::NONE {
            ctx.progress(ticket, &self.progress_line())?;
            self.live.progress = Progress {
                shown_ms: ctx.now_ms(),
                is_due: false,
            };
        }
        Ok(())
    }

    fn progress_line(&self) -> String {
        match self.head.phase {
            Phase::Manifests => {
                let links = self.live.links.values();
                let up = links.filter(|link| matches!(link, LinkState::Up { .. }));
                let up = up.count();
                let down = self.live.links.len() - up;
                let miners = self.head.miners.len();
                format!("manifests: {up} of {miners} miners, {down} without a link")
            }
            Phase::Making => {
                let making = &self.live.making;
                format!("jobs: {} of {} made", making.jobs.len(), making.wanted)
            }
            Phase::Running => {
                let Steps {
                    accepted,
                    ready,
                    running,
                } = self.live.steps;
                let (jobs, over) = (self.jobs.len(), self.results.len());
                let checked = over - self.unchecked();
                format!(
                    "running: {accepted} accepted, {ready} ready, {running} started, {over} of {jobs} over, {checked} checked"
                )
            }
        }
    }
}
