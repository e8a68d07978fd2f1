//! What others see of the schedule: its conditions.

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_events::BatchMissed;
use tig_plugin_api::prelude::*;

use crate::Schedule;
use crate::conditions::{Missed, newest_missed, present};

impl Schedule {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let before = self.seen.missed.take();
        let cycle = self.cycle.as_ref();
        self.seen.missed = newest_missed(cycle, &self.owner.hotkey, &self.rules, before);
        let conditions = present(&self.reason(), self.seen.missed.as_ref());
        self.reported.report(ctx, conditions);
    }

    /// Takes note of a batch that is known to be missed only since the cycle after it has begun. An older one says nothing about
    /// the next batch, and the event may come twice.
    pub(crate) fn remember_missed(&mut self, missed: &BatchMissed) {
        let next_start = i64::try_from(missed.cycle_start)
            .ok()
            .and_then(|start| start.checked_add(CYCLE_BLOCKS));
        let start = self.cycle.as_ref().map(|cycle| i64::from(cycle.start));
        if start.is_some() && start == next_start {
            let known = self.seen.missed.as_ref();
            let known = known.filter(|known| known.batch.cycle_start == missed.cycle_start);
            self.seen.missed = Some(Missed {
                batch: missed.clone(),
                is_first_start: known.is_some_and(|known| known.is_first_start),
            });
        }
    }
}
