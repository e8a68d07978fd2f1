//! How the weights of the last cycles ended.

use std::collections::BTreeMap;

use horde_events::WeightsOver;
use tig_plugin_api::prelude::*;

use super::Board;
use crate::limits::CYCLES_COUNT_MAX;

const ROW: &str = "status/weights/";

/// By first block of the cycle.
#[derive(Default)]
pub(super) struct Cycles(BTreeMap<u64, WeightsOver>);

impl Cycles {
    pub(super) fn start(ctx: &mut Context<'_>) -> Result<Self> {
        let rows: Vec<(String, WeightsOver)> = ctx.scan_sound(ROW)?;
        let rows = rows.into_iter().map(|(_, over)| (over.cycle_start, over));
        Ok(Self(rows.collect()))
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &WeightsOver> {
        self.0.values().rev()
    }
}

impl Board {
    /// Whether the end was not known yet: the event may come twice.
    pub(crate) fn set_weights(
        &mut self,
        ctx: &mut Context<'_>,
        over: &WeightsOver,
    ) -> Result<bool> {
        let cycles = &mut self.cycles.0;
        let is_full = cycles.len() >= CYCLES_COUNT_MAX;
        let oldest = cycles.keys().next().copied().filter(|_| is_full);
        let is_old = oldest.is_some_and(|oldest| over.cycle_start < oldest);
        if is_old || cycles.contains_key(&over.cycle_start) {
            return Ok(false);
        }
        ctx.put(&row_key(over.cycle_start), over)?;
        cycles.insert(over.cycle_start, over.clone());
        if let Some(oldest) = oldest {
            ctx.delete(&row_key(oldest))?;
            cycles.remove(&oldest);
        }
        Ok(true)
    }
}

fn row_key(cycle_start: u64) -> String {
    format!("{ROW}{cycle_start:016x}")
}
