//! Outcomes and verdicts as they come: each is stored at once, and the first one counts.

use horde_events::{AnswerChecked, JobOver};
use tig_plugin_api::prelude::*;

use crate::HordeBatch;
use crate::batch::Phase;
use crate::job::{JobEnd, bounded};
use crate::store;

impl HordeBatch {
    /// Stores what became of a job, and has its answer checked.
    pub(crate) fn take_outcome(&mut self, ctx: &mut Context<'_>, over: JobOver) -> Result<()> {
        let Some(batch) = self.in_phase(Phase::Running) else {
            return Ok(());
        };
        let is_known = batch.head.batch == over.group && batch.jobs.contains_key(&over.uuid);
        // The event is durable, so it may come twice.
        if !is_known || batch.results.contains_key(&over.uuid) {
            return Ok(());
        }
        let uuid = over.uuid.clone();
        let (end, answer) = JobEnd::new(over);
        store::put_result(ctx, &uuid, &end)?;
        if let Some(answer) = answer {
            store::put_answer(ctx, &uuid, &answer)?;
            batch.give_answer(ctx, &uuid, answer)?;
        }
        batch.set_result(uuid, end);
        batch.note_progress(ctx)?;
        self.advance(ctx)
    }

    /// Stores what the answer of a job is worth.
    pub(crate) fn take_verdict(
        &mut self,
        ctx: &mut Context<'_>,
        checked: AnswerChecked,
    ) -> Result<()> {
        let Some(batch) = self.in_phase(Phase::Running) else {
            return Ok(());
        };
        let AnswerChecked {
            batch: of_batch,
            uuid,
            verdict,
        } = checked;
        let end = batch.results.get(&uuid).filter(|end| end.is_unchecked());
        let (Some(end), true) = (end, of_batch == batch.head.batch) else {
            return Ok(());
        };
        let end = JobEnd {
            verdict: Some(bounded(verdict)),
            ..end.clone()
        };
        store::put_result(ctx, &uuid, &end)?;
        store::delete_answer(ctx, &uuid)?;
        batch.live.ungiven.remove(&uuid);
        batch.set_result(uuid, end);
        batch.note_progress(ctx)?;
        self.advance(ctx)
    }
}
