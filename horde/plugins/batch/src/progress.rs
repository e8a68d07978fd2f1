//! Lines for the caller of `run_batch`, at a bounded rate.

use horde_events::{LinkState, Step};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::batch::{Batch, Phase};
use crate::timer::Timer;

/// Milliseconds between two lines of a phase.
const PROGRESS_INTERVAL_MS: u64 = 500;

/// When a line was shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Progress {
    shown_ms: u64,
    /// Whether the timer of the next line is set.
    is_due: bool,
}

/// Steps of jobs since the last restart.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Steps {
    pub(crate) accepted: u64,
    pub(crate) ready: u64,
    pub(crate) running: u64,
}

impl Steps {
    pub(crate) fn count(&mut self, step: Step) {
        match step {
            Step::Accepted => self.accepted += 1,
            Step::Ready => self.ready += 1,
            Step::Running => self.running += 1,
        }
    }
}

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
