//! Does what is decided.

use std::collections::BTreeMap;

use horde_events::WeightsEnd;
use tig_plugin_api::prelude::*;

use crate::answers::GRACE_MS;
use crate::cycle::Step;
use crate::decide::{Action, View, Wait, decide};
use crate::intent::Intent;
use crate::plan::{Basis, plan};
use crate::readings::NeuronsRead;
use crate::{HordeWeights, TICK, store};

/// Longest time until what is due is looked at again, in milliseconds.
const TICK_MS_MAX: u64 = 30_000;
/// Actions for one cycle in one handler, at most: plan, then send; or confirm, then read.
const ACTIONS_COUNT_MAX: usize = 4;

impl HordeWeights {
    /// Does what is due for all cycles.
    pub(crate) fn advance(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if let Some(block) = self.readings.block {
            ctx.mark_fields_changed()?;
            let open = self.cycles.values().filter(|cycle| !cycle.is_over());
            let open: Vec<_> = open.map(|cycle| cycle.cycle_start).collect();
            for cycle_start in open {
                self.advance_cycle(ctx, cycle_start, block)?;
            }
        }
        self.set_timer(ctx)
    }

    fn advance_cycle(&mut self, ctx: &mut Context<'_>, cycle_start: u64, block: u32) -> Result<()> {
        for _ in 0..ACTIONS_COUNT_MAX {
            let now_ms = ctx.now_ms();
            match self.next_action(cycle_start, block, now_ms) {
                Action::Wait(_) => return Ok(()),
                Action::Read(reading) => return self.read(ctx, reading, block),
                Action::Plan => self.plan(ctx, cycle_start, block)?,
                Action::Send | Action::Reveal => return self.attempt(ctx, cycle_start, block),
                Action::Confirm { block } => self.confirm(ctx, cycle_start, block)?,
                Action::End(end) => return self.end(ctx, cycle_start, end),
            }
        }
        Ok(())
    }

    /// What is to be done for a cycle.
    pub(crate) fn next_action(&self, cycle_start: u64, block: u32, now_ms: u64) -> Action {
        let mut earlier = self.cycles.range(..cycle_start);
        let earlier = earlier.find(|(_, cycle)| cycle.may_be_set());
        let view = View {
            block,
            now_ms,
            readings: &self.readings,
            rules: &self.rules,
            earlier: earlier.map(|(start, _)| *start),
        };
        let cycle = self.cycles.get(&cycle_start);
        cycle.map_or(Action::Wait(Wait::Over), |cycle| decide(cycle, view))
    }

    /// Decides what is sent for a cycle, and stores it.
    fn plan(&mut self, ctx: &mut Context<'_>, cycle_start: u64, block: u32) -> Result<()> {
        let scores = store::scores(ctx, cycle_start)?;
        let random = ctx.random_u64();
        let Some(neurons) = self.readings.neurons.as_ref() else {
            return Ok(());
        };
        let Some(scores) = scores else {
            let reason = "the stored scores cannot be read".to_owned();
            return self.end(ctx, cycle_start, WeightsEnd::GivenUp { reason });
        };
        let planned = match plan(&self.basis(&scores, neurons, random)) {
            Ok(planned) => planned,
            Err(error) => {
                let reason = error.to_string();
                return self.end(ctx, cycle_start, WeightsEnd::GivenUp { reason });
            }
        };
        if planned.scored == 0 {
            ctx.warn_with(
                "no neuron has a score: all get the same weight",
                &[
                    ("cycle", &cycle_start),
                    ("unregistered", &planned.unregistered),
                ],
            );
        }
        ctx.info_with(
            "weights decided",
            &[
                ("cycle", &cycle_start),
                ("neurons", &planned.weighted),
                ("scored", &planned.scored),
                ("unregistered", &planned.unregistered),
            ],
        );
        let intent = Intent {
            block,
            uid: neurons.own.map(|own| own.uid),
            last_update: neurons.own.map_or(0, |own| own.last_update),
            way: planned.way,
        };
        store::delete_scores(ctx, cycle_start)?;
        self.change(ctx, cycle_start, |cycle| {
            cycle.step = Step::Sending { intent };
        })
    }

    fn basis<'a>(
        &'a self,
        scores: &'a BTreeMap<String, f64>,
        neurons: &'a NeuronsRead,
        random: u64,
    ) -> Basis<'a> {
        let limits = self.readings.limits.as_ref();
        let of_config = self.rules.limits;
        Basis {
            scores,
            hotkeys: &neurons.hotkeys,
            limits: limits.map_or(of_config, |limits| limits.weight_limits(of_config)),
            rules: &self.rules,
            account: self.hotkey.public().as_bytes(),
            random,
        }
    }

    /// The chain holds the commitment for good.
    fn confirm(&mut self, ctx: &mut Context<'_>, cycle_start: u64, block: u32) -> Result<()> {
        ctx.info_with(
            "weights committed to",
            &[("cycle", &cycle_start), ("block", &block)],
        );
        self.change(ctx, cycle_start, |cycle| {
            if let Step::Sending { intent } = &cycle.step {
                let intent = intent.clone();
                cycle.step = Step::Committed { intent, block };
                cycle.last = None;
                cycle.not_before_ms = 0;
                cycle.unheard = 0;
            }
        })
    }

    /// Sets the timer for what is due next by the clock.
    fn set_timer(&self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let cycles = self.cycles.values().filter(|cycle| !cycle.is_over());
        let of_cycles = cycles.filter_map(|cycle| match &cycle.pending {
            Some(pending) => Some(pending.deadline_ms + GRACE_MS),
            None => Some(cycle.not_before_ms).filter(|at_ms| *at_ms > now_ms),
        });
        let call = self.readings.call.as_ref();
        let of_call = call.map(|call| call.deadline_ms + GRACE_MS);
        let retry_ms = Some(self.readings.retry_ms).filter(|at_ms| *at_ms > now_ms);
        match of_cycles.chain(of_call).chain(retry_ms).min() {
            // A time by a clock that was ahead is looked at again soon.
            Some(at_ms) => ctx.at(TICK, at_ms.clamp(now_ms, now_ms + TICK_MS_MAX)),
            None => ctx.cancel(TICK),
        }
    }
}
