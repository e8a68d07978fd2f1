//! What operators see: the route `GET /horde/weights` and the results of the commands. No salt and no weight is in it.

use horde_events::WeightsEnd;
use serde::Serialize;
use tig_plugin_api::prelude::*;

use crate::HordeWeights;
use crate::cycle::{CycleWeights, Outcome, Step};
use crate::decide::{Action, Wait};

/// What a command does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Duty {
    /// Setting weights or committing to them.
    Send,
    /// Revealing them.
    Reveal,
}

/// All cycles that are kept, the newest one first.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    hotkey: String,
    netuid: u16,
    mode: &'static str,
    serving: bool,
    /// The newest block.
    block: Option<u32>,
    cycles: Vec<CycleStatus>,
}

#[derive(Debug, Serialize)]
struct CycleStatus {
    cycle_start: u64,
    cycle_stop: u32,
    batch: String,
    /// `awaited`, `scored`, `sending`, `committed`, or how it ended.
    state: &'static str,
    /// What is waited for: a word, and in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<String>,
    send_attempts: u32,
    reveal_attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<Outcome>,
    /// The block at which the weights were decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_block: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_block: Option<u32>,
    /// The block of the end, or why there are no weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<WeightsEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ms: Option<u64>,
}

impl HordeWeights {
    pub(crate) fn status(&self, now_ms: u64) -> Status {
        let cycles = self.cycles.values().rev();
        Status {
            hotkey: self.hotkey.address().to_owned(),
            netuid: self.config.netuid,
            mode: self.rules.mode.name(),
            serving: self.rules.serving,
            block: self.readings.block,
            cycles: cycles
                .map(|cycle| self.cycle_status(cycle, now_ms))
                .collect(),
        }
    }

    fn cycle_status(&self, cycle: &CycleWeights, now_ms: u64) -> CycleStatus {
        let wait = (!cycle.is_over())
            .then(|| self.wait(cycle, now_ms))
            .flatten();
        let (mut end, mut ended_ms, mut commit_block, mut decided_block) = (None, None, None, None);
        match &cycle.step {
            Step::Over {
                end: how, at_ms, ..
            } => {
                end = Some(how.clone());
                ended_ms = Some(*at_ms);
            }
            Step::Committed { intent, block } => {
                decided_block = Some(intent.block);
                commit_block = Some(*block);
            }
            Step::Sending { intent } => decided_block = Some(intent.block),
            Step::Awaited | Step::Scored => {}
        }
        CycleStatus {
            cycle_start: cycle.cycle_start,
            cycle_stop: cycle.stop,
            batch: cycle.batch.clone(),
            state: state(&cycle.step),
            code: wait.as_ref().map(Wait::name),
            waiting_for: wait.map(|wait| wait.to_string()),
            send_attempts: cycle.sends,
            reveal_attempts: cycle.reveals,
            last_attempt: cycle.last.clone(),
            decided_block,
            commit_hash: cycle.commit_hash().map(str::to_owned),
            commit_block,
            end,
            ended_ms,
        }
    }

    /// What is waited for; `None` if the next block brings an action.
    pub(crate) fn wait(&self, cycle: &CycleWeights, now_ms: u64) -> Option<Wait> {
        let Some(block) = self.readings.block else {
            return Some(Wait::Block);
        };
        match self.next_action(cycle.cycle_start, block, now_ms) {
            Action::Wait(wait) => Some(wait),
            Action::Read(reading) => Some(Wait::Reading(reading)),
            _ => None,
        }
    }

    /// Does at once what waits only for a pause, and finishes the command with the state.
    pub(crate) fn tick_now(&mut self, ctx: &mut Context<'_>, duty: Duty) -> Result<Started> {
        ctx.mark_fields_changed()?;
        let of_duty =
            |step: &Step| matches!(step, Step::Committed { .. }) == (duty == Duty::Reveal);
        let paused = self
            .cycles
            .values()
            .filter(|cycle| !cycle.is_over() && cycle.not_before_ms > 0 && of_duty(&cycle.step));
        for cycle_start in paused.map(|cycle| cycle.cycle_start).collect::<Vec<_>>() {
            self.change(ctx, cycle_start, |cycle| cycle.not_before_ms = 0)?;
        }
        self.advance(ctx)?;
        let now_ms = ctx.now_ms();
        let mut status = self.status(now_ms);
        for cycle in &status.cycles {
            let waiting = cycle.waiting_for.as_deref().unwrap_or("nothing");
            let line = format!(
                "cycle {}: {}, waiting for: {waiting}",
                cycle.cycle_start, cycle.state
            );
            if cycle.ended_ms.is_none() {
                ctx.progress(ctx.ticket(), &line)?;
            }
        }
        if duty == Duty::Reveal {
            status.cycles.retain(|cycle| cycle.commit_hash.is_some());
        }
        let status = serde_json::to_value(&status)?;
        ctx.finish(ctx.ticket(), 0, &status)?;
        self.report_conditions(ctx);
        Ok(Started)
    }
}

fn state(step: &Step) -> &'static str {
    match step {
        Step::Awaited => "awaited",
        Step::Scored => "scored",
        Step::Sending { .. } => "sending",
        Step::Committed { .. } => "committed",
        Step::Over { end, .. } => match end {
            WeightsEnd::Applied { .. } => "applied",
            WeightsEnd::Revealed { .. } => "revealed",
            WeightsEnd::GivenUp { .. } => "given_up",
        },
    }
}
