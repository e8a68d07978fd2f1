//! What follows a start: jobs that were under way are over, and links that are wanted are opened.

use std::collections::BTreeSet;
use std::sync::Arc;

use horde_events::{JobOver, JobTimes, Outcome};
use horde_extension::record_start;
use tig_plugin_api::prelude::*;

use super::set_link_timer;
use crate::Miners;
use crate::store::{StoredOutcome, over_key};

/// Timer of the start. `new` cannot act itself: a successor takes the jobs over right after it.
pub(crate) const START: &str = "start";
/// Jobs that one handler ends, far below the number of events that a handler may emit.
const INTERRUPTED_PER_HANDLER_MAX: usize = 2_000;

impl Miners {
    pub(super) fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.end_interrupted(ctx)?;
        self.open_wanted(ctx)?;
        match self.state.interrupted.is_empty() {
            true => record_start(ctx),
            false => Ok(()),
        }
    }

    /// After a reload: a manifest that is awaited and overdue gets its whole time again. Earlier versions set the time when the link was
    /// created, which can be hours ago.
    pub(crate) fn renew_waits(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        for (hotkey, link) in self.state.links.iter_mut() {
            if link.manifest_due_ms().is_some_and(|by_ms| by_ms <= now_ms) {
                link.await_manifest(now_ms + self.config.manifest_ms);
                set_link_timer(ctx, hotkey, link.due_ms())?;
            }
        }
        Ok(())
    }

    /// Ends the jobs that were under way when the host was killed: their miners get no blame, and earn nothing for them.
    fn end_interrupted(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let rest = self.state.interrupted.len();
        let rest = rest.saturating_sub(INTERRUPTED_PER_HANDLER_MAX);
        let ended = self.state.interrupted.split_off(rest);
        if ended.is_empty() {
            return Ok(());
        }
        let mut keys = BTreeSet::new();
        for interrupted in &ended {
            let Some(group) = self.kept.get(&interrupted.key) else {
                continue;
            };
            let over = JobOver {
                group: group.group.to_string(),
                uuid: interrupted.job.uuid.to_string(),
                hotkey: interrupted.job.hotkey.to_string(),
                outcome: Outcome::Interrupted,
                times: JobTimes::default(),
            };
            store_and_emit(ctx, over, &interrupted.job.hotkey)?;
            keys.insert(&interrupted.key);
        }
        let left = &self.state.interrupted;
        keys.retain(|key| !left.iter().any(|interrupted| interrupted.key == **key));
        for key in keys {
            self.kept.end_group(ctx, key)?;
        }
        let level = "jobs were interrupted by a restart; their miners get no blame, and earn nothing for them";
        ctx.warn_with(level, &[("count", &ended.len())]);
        if !self.state.interrupted.is_empty() {
            let now_ms = ctx.now_ms();
            ctx.at(START, now_ms)?;
        }
        self.report_unfinished(ctx);
        Ok(())
    }
}

/// Stores and emits the one outcome of a job.
pub(super) fn store_and_emit(
    ctx: &mut Context<'_>,
    over: JobOver,
    hotkey: &Arc<str>,
) -> Result<()> {
    let outcome = outcome_name(&over.outcome);
    let record = StoredOutcome {
        outcome: outcome.to_owned(),
        hotkey: Arc::clone(hotkey),
        is_answer: over.outcome.is_answer(),
        times: over.times,
    };
    ctx.put(&over_key(&over.uuid), &record)?;
    ctx.emit(&over)?;
    ctx.count("jobs_over", &[("outcome", outcome)], 1);
    Ok(())
}

/// One word for an outcome.
pub(super) fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Finished { .. } => "finished",
        Outcome::Failed { .. } => "failed",
        Outcome::Declined => "declined",
        Outcome::ExecutorFailed => "executor_failed",
        Outcome::OutOfOrder { .. } => "out_of_order",
        Outcome::Late { .. } => "late",
        Outcome::Unreachable { .. } => "unreachable",
        Outcome::Interrupted => "interrupted",
        Outcome::NotSent { .. } => "not_sent",
    }
}
