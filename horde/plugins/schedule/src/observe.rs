//! What others see of the schedule: its conditions.

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_events::BatchMissed;
use tig_plugin_api::prelude::*;

use crate::Schedule;
use crate::conditions::{newest_missed, present};

impl Schedule {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let missed = self.missed.take();
        self.missed = newest_missed(self.cycle.as_ref(), &self.owner.hotkey, missed);
        let conditions = present(&self.reason(), self.missed.as_ref());
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
            self.missed = Some(missed.clone());
        }
    }
}
