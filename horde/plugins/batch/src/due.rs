//! Batches of cycles: each cycle has one, begun when `horde_schedule` says so.

use horde_events::{BatchDue, BatchMissed, BatchReport};
use tig_plugin_api::prelude::*;

use crate::HordeBatch;
use crate::batch::Batch;
use crate::limits::RESUME_DELAY_MS;
use crate::run::Order;
use crate::store;
use crate::waiting::{Waiting, lateness};

/// Tag of the timer for the batch that waits.
pub(crate) const TIMER: &str = "due";

/// What is known of cycles. Stored.
#[derive(Debug, Default)]
pub(crate) struct Cycles {
    /// The newest cycle whose batch was begun, waits or was missed: earlier ones, and itself, are done with.
    newest: Option<u64>,
    pub(crate) waiting: Option<Waiting>,
}

impl Cycles {
    /// What is stored, of batches before this record too.
    pub(crate) fn stored(
        ctx: &mut Context<'_>,
        current: Option<&Batch>,
        finished: &[BatchReport],
    ) -> Result<Self> {
        let waiting: Option<Waiting> = store::waiting(ctx)?;
        let of_finished = finished.iter().filter_map(|report| report.cycle_start);
        let newest = of_finished
            .chain(current.and_then(|batch| batch.head.cycle_start))
            .chain(store::newest_cycle(ctx)?)
            .max();
        if waiting.is_some() {
            let now_ms = ctx.now_ms();
            ctx.at(TIMER, now_ms + RESUME_DELAY_MS)?;
        }
        Ok(Self { newest, waiting })
    }
}

impl HordeBatch {
    /// Begins the batch of a cycle, or stores it until the one that is under way is over.
    pub(crate) fn take_due(&mut self, ctx: &mut Context<'_>, due: BatchDue) -> Result<()> {
        // The event is durable, so it may come twice.
        if self
            .cycles
            .newest
            .is_some_and(|newest| due.cycle_start <= newest)
        {
            return Ok(());
        }
        store::put_newest_cycle(ctx, due.cycle_start)?;
        self.cycles.newest = Some(due.cycle_start);
        if let Some(older) = self.cycles.waiting.take() {
            let reason =
                "the batch of an earlier cycle, or one by command, ran until the next cycle";
            self.miss(ctx, &older.due, "busy", reason)?;
        }
        let now_ms = ctx.now_ms();
        if let Some(reason) = lateness(&due, now_ms, now_ms) {
            return self.miss(ctx, &due, "overslept", &reason);
        }
        let Some(batch) = &self.current else {
            return self.begin_due(ctx, due);
        };
        ctx.info_with(
            "batch waits until the one that is under way is over",
            &[
                ("cycle", &due.cycle_start),
                ("under_way", &batch.head.number),
            ],
        );
        let until_ms = due.until_ms;
        let waiting = Waiting {
            due,
            since_ms: now_ms,
        };
        store::put_waiting(ctx, &waiting)?;
        self.cycles.waiting = Some(waiting);
        ctx.at(TIMER, until_ms + 1)
    }

    /// Looks whether the batch that waits can begin.
    pub(crate) fn look_at_waiting(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(Waiting { due, since_ms }) = self.cycles.waiting.clone() else {
            return Ok(());
        };
        let lateness = lateness(&due, since_ms, ctx.now_ms());
        match (&self.current, lateness) {
            (Some(_), None) => ctx.at(TIMER, due.until_ms + 1),
            (Some(batch), Some(_)) => {
                let number = batch.head.number;
                let reason = format!("batch {number} was under way until the slot was over");
                self.miss(ctx, &due, "busy", &reason)
            }
            (None, Some(reason)) => self.miss(ctx, &due, "overslept", &reason),
            (None, None) => {
                store::delete_waiting(ctx)?;
                self.cycles.waiting = None;
                self.begin_due(ctx, due)
            }
        }
    }

    fn begin_due(&mut self, ctx: &mut Context<'_>, due: BatchDue) -> Result<()> {
        let order = Order {
            miners: due.miners,
            kinds: None,
            cycle_start: Some(due.cycle_start),
        };
        self.begin(ctx, order)
    }

    fn miss(
        &mut self,
        ctx: &mut Context<'_>,
        due: &BatchDue,
        code: &str,
        reason: &str,
    ) -> Result<()> {
        store::delete_waiting(ctx)?;
        self.cycles.waiting = None;
        ctx.count("missed", &[("code", code)], 1);
        ctx.warn_with(
            "the batch of a cycle is not run",
            &[
                ("cycle", &due.cycle_start),
                ("code", &code),
                ("reason", &reason),
            ],
        );
        ctx.emit(&BatchMissed {
            cycle_start: due.cycle_start,
            block: Some(due.block),
            code: code.to_owned(),
            reason: reason.to_owned(),
        })
    }
}
