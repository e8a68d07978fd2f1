//! Cycles come and end: batches, scores, and what was missed.

use horde_calc::schedule::cycle;
use horde_events::{BatchMissed, WeightsEnd, WeightsOver};
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::cycle::{CycleWeights, Step};
use crate::scores::GivenScores;
use crate::store;

/// Cycles that are kept; about six days. Events of earlier ones are ignored.
pub(crate) const CYCLES_COUNT_MAX: usize = 64;

/// How the reason begins why a cycle whose batch was missed has no weights; the code of the miss follows.
const MISSED: &str = "no batch ran in the cycle ";

impl HordeWeights {
    /// The scorer answers a batch; until then the cycle waits.
    pub(crate) fn await_scores(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        batch: String,
    ) -> Result<()> {
        if self.cycles.contains_key(&cycle_start) {
            return Ok(());
        }
        self.add(ctx, cycle_start, batch, Step::Awaited)?;
        Ok(())
    }

    /// A cycle without a batch has no weights.
    pub(crate) fn note_missed(
        &mut self,
        ctx: &mut Context<'_>,
        missed: &BatchMissed,
    ) -> Result<()> {
        let cycle_start = missed.cycle_start;
        let step = self.cycles.get(&cycle_start).map(|cycle| &cycle.step);
        if step.is_some_and(|step| !matches!(step, Step::Awaited)) {
            return Ok(());
        }
        if step.is_none() && !self.add(ctx, cycle_start, String::new(), Step::Awaited)? {
            return Ok(());
        }
        let (code, why) = (&missed.code, &missed.reason);
        let reason = format!("{MISSED}({code}: {why})");
        self.end(ctx, cycle_start, WeightsEnd::GivenUp { reason })
    }

    /// Stores the first scores of a cycle.
    pub(crate) fn take_scores(&mut self, ctx: &mut Context<'_>, given: GivenScores) -> Result<()> {
        let GivenScores {
            cycle_start,
            batch,
            scores,
        } = given;
        let step = self.cycles.get(&cycle_start).map(|cycle| &cycle.step);
        match step {
            Some(Step::Awaited) => {}
            // They are durable, so that they may come twice.
            Some(_) => return Ok(()),
            None => {
                if !self.add(ctx, cycle_start, batch.clone(), Step::Awaited)? {
                    return Ok(());
                }
            }
        }
        if let Some(first) = &scores.unsound {
            ctx.error_with(
                "scorer has given scores that are not numbers from 0 to 1e33: they count as absent",
                &[
                    ("batch", &batch),
                    ("scores", &scores.unsound_count),
                    ("first", first),
                ],
            );
        }
        match scores.usable(&batch) {
            Ok(scores) => {
                store::put_scores(ctx, cycle_start, &scores)?;
                self.change(ctx, cycle_start, |cycle| {
                    cycle.batch = batch;
                    cycle.step = Step::Scored;
                })
            }
            Err(fault) => {
                let reason = fault.to_string();
                self.end(ctx, cycle_start, WeightsEnd::GivenUp { reason })
            }
        }
    }

    /// Ends a cycle, once.
    pub(crate) fn end(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        end: WeightsEnd,
    ) -> Result<()> {
        let at_ms = ctx.now_ms();
        let Some(cycle) = self.cycles.get(&cycle_start) else {
            return Ok(());
        };
        let attempts = cycle.sends.saturating_add(cycle.reveals);
        report_end(ctx, cycle, &end);
        store::delete_scores(ctx, cycle_start)?;
        ctx.emit(&WeightsOver {
            cycle_start,
            end: end.clone(),
            attempts,
            at_ms,
        })?;
        self.change(ctx, cycle_start, |cycle| {
            let commit_hash = cycle.commit_hash().map(str::to_owned);
            cycle.pending = None;
            cycle.step = Step::Over {
                end,
                at_ms,
                commit_hash,
            };
        })
    }

    /// Changes the record of a cycle, in the store first.
    pub(crate) fn change(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        change: impl FnOnce(&mut CycleWeights),
    ) -> Result<()> {
        let Some(cycle) = self.cycles.get(&cycle_start) else {
            return Ok(());
        };
        let mut changed = cycle.clone();
        change(&mut changed);
        store::put_cycle(ctx, &changed)?;
        self.cycles.insert(cycle_start, changed);
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Reports attempts under way, for which a host that drains waits.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        let cycles = self.cycles.values();
        let pending = cycles.filter(|cycle| cycle.pending.is_some());
        ctx.unfinished(pending.count() as u64);
        let open = self.cycles.values().filter(|cycle| !cycle.is_over());
        ctx.gauge("open_cycles", &[], open.count() as f64);
    }

    /// Adds a cycle, unless it is older than those that are kept.
    fn add(
        &mut self,
        ctx: &mut Context<'_>,
        cycle_start: u64,
        batch: String,
        step: Step,
    ) -> Result<bool> {
        let first = self.cycles.keys().next().copied();
        let is_full = self.cycles.len() >= CYCLES_COUNT_MAX;
        if is_full && first.is_some_and(|first| cycle_start < first) {
            return Ok(false);
        }
        let Some(stop) = cycle_stop(cycle_start, self.config.netuid) else {
            ctx.error_with(
                "cycle begins at a block that no chain has",
                &[("cycle", &cycle_start), ("batch", &batch)],
            );
            return Ok(false);
        };
        if let (true, Some(first)) = (is_full, first) {
            if self
                .cycles
                .get(&first)
                .is_some_and(|cycle| !cycle.is_over())
            {
                let reason = format!("{CYCLES_COUNT_MAX} later cycles have come");
                self.end(ctx, first, WeightsEnd::GivenUp { reason })?;
            }
            store::delete_cycle(ctx, first)?;
            self.cycles.remove(&first);
        }
        let added = CycleWeights::new(cycle_start, stop, batch, step);
        store::put_cycle(ctx, &added)?;
        self.cycles.insert(cycle_start, added);
        self.report_unfinished(ctx);
        Ok(true)
    }
}

/// Whether a cycle was given up for this reason because its validator was not to serve.
pub(crate) fn is_not_serving(reason: &str) -> bool {
    let miss = reason.strip_prefix(MISSED);
    miss.is_some_and(|miss| miss.starts_with("(not_serving:"))
}

/// First block after the cycle.
fn cycle_stop(cycle_start: u64, netuid: u16) -> Option<u32> {
    let block = u32::try_from(cycle_start).ok()?;
    u32::try_from(cycle(block, netuid).stop).ok()
}

fn report_end(ctx: &mut Context<'_>, cycle: &CycleWeights, end: &WeightsEnd) {
    let (start, batch) = (&cycle.cycle_start, &cycle.batch);
    let name = match end {
        WeightsEnd::Applied { block } => {
            ctx.info_with(
                "weights set",
                &[("cycle", start), ("batch", batch), ("block", block)],
            );
            "applied"
        }
        WeightsEnd::Revealed { block } => {
            ctx.info_with(
                "weights revealed",
                &[("cycle", start), ("batch", batch), ("block", block)],
            );
            "revealed"
        }
        // Whoever misses a batch says so as a fault, if it is one: at a first start it is not.
        WeightsEnd::GivenUp { reason } if batch.is_empty() => {
            ctx.warn_with(
                "no weights for a cycle",
                &[("cycle", start), ("reason", reason)],
            );
            "given_up"
        }
        WeightsEnd::GivenUp { reason } => {
            ctx.error_with(
                "weights of a cycle given up",
                &[("cycle", start), ("batch", batch), ("reason", reason)],
            );
            "given_up"
        }
    };
    ctx.count("cycles", &[("end", name)], 1);
}
