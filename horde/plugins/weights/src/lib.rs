//! `horde_weights`: from the scores of a cycle to weights on the chain, once for each cycle (sections 3.6, 3.7 and 10.3).
//!
//! | | |
//! |---|---|
//! | commands | `debug_set_scores`, `reveal_scores` |
//! | handles | `horde_batch_over`, `horde_batch_missed`, `horde_scores`, `horde_block`, `horde_neurons`, `horde_chain_answer`, `horde_dynamic_config`, timers |
//! | emits | `horde_chain_call`, `horde_neurons_wanted`, `horde_weights_over` |
//! | routes | `GET /horde/weights` |
//! | conditions | `weights_given_up`, `weights_failing`, `weights_waiting` (subject: first block of the cycle); `foreign_commitment` |
//! | config | `config.rs` |
//! | stores | `store.rs` |
//!
//! Laws:
//!
//! - Each cycle whose batch has ended, was missed or was scored ends in exactly one `horde_weights_over`.
//! - Weights, salt and version are stored once for each cycle, before the first attempt, and every attempt sends the same.
//! - Before each attempt the chain is asked what it has. Only what it shows at a final block is believed: neither `done` nor
//!   `refused` is.
//! - An attempt whose deadline is over has failed, whatever comes of it later. The deadline is stored, so that this holds after a kill.
//! - Blocks decide; time only delays an attempt.

mod answers;
mod attempts;
mod conditions;
mod config;
mod cycle;
mod cycles;
mod decide;
mod drive;
mod intent;
mod lasting;
mod pause;
mod plan;
mod readings;
mod reads;
mod rules;
mod scores;
mod status;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use horde_dynamic::DynamicConfig;
use horde_events::{
    BatchMissed, Block, ChainAnswer, ChainCall, Neurons, NeuronsWanted, WeightsOver,
};
use horde_extension::{Hotkey, Owner};
use serde::Deserialize;
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::cycle::CycleWeights;
use crate::readings::{NeuronsRead, Readings};
use crate::rules::Rules;
use crate::scores::GivenScores;
use crate::status::Duty;

/// The timer of this extension: something may be due.
const TICK: &str = "tick";

/// What of `horde_batch_over` matters here; its jobs are for the scorer.
#[derive(Deserialize)]
struct BatchEnded {
    batch: String,
    cycle_start: Option<u64>,
}

struct HordeWeights {
    config: Config,
    rules: Rules,
    hotkey: Hotkey,
    /// Those that are not over, and the last ones that are.
    cycles: BTreeMap<u64, CycleWeights>,
    readings: Readings,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/weights"),
    emits(ChainCall, NeuronsWanted, WeightsOver)
)]
impl HordeWeights {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let hotkey = Hotkey::new(ctx, &config.key)?;
        let owner = Owner {
            hotkey: hotkey.address().to_owned(),
            netuid: config.netuid,
        };
        owner.claim_store(ctx)?;
        let dynamic = DynamicConfig::stored(ctx)?;
        let rules = Rules::new(&config, dynamic.as_ref());
        let cycles = store::cycles(ctx)?;
        let now_ms = ctx.now_ms();
        ctx.at(TICK, now_ms)?;
        let weights = Self {
            config,
            rules,
            hotkey,
            cycles,
            readings: Readings::default(),
            reported: ReportedConditions::default(),
        };
        weights.report_unfinished(ctx);
        Ok(weights)
    }

    /// One tick of weight setting, without the pause after a failed attempt; prints what was done and what is waited for.
    #[command]
    fn debug_set_scores(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        self.tick_now(ctx, Duty::Send)
    }

    /// One tick of revealing weights, as `debug_set_scores`.
    #[command]
    fn reveal_scores(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        self.tick_now(ctx, Duty::Reveal)
    }

    /// A batch whose scores do not come is noticed.
    fn on_horde_batch_over(&mut self, ctx: &mut Context<'_>, over: BatchEnded) -> Result<()> {
        let Some(cycle_start) = over.cycle_start else {
            return Ok(());
        };
        self.await_scores(ctx, cycle_start, over.batch)?;
        // Its scores follow at once: that they are awaited is worth a report only if the next block finds it so.
        self.advance(ctx)
    }

    fn on_horde_batch_missed(&mut self, ctx: &mut Context<'_>, missed: BatchMissed) -> Result<()> {
        self.note_missed(ctx, &missed)?;
        self.advance_and_report(ctx)
    }

    fn on_horde_scores(&mut self, ctx: &mut Context<'_>, given: GivenScores) -> Result<()> {
        self.take_scores(ctx, given)?;
        self.advance_and_report(ctx)
    }

    fn on_horde_block(&mut self, ctx: &mut Context<'_>, block: Block) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.readings.note_block(block.number);
        self.advance_and_report(ctx)
    }

    fn on_horde_neurons(&mut self, ctx: &mut Context<'_>, neurons: Neurons) -> Result<()> {
        let known = self.readings.neurons.as_ref().map(|read| read.block);
        // Others ask for neurons too, of earlier blocks.
        if neurons.wanted.is_some() || known.is_some_and(|known| known > neurons.block) {
            return Ok(());
        }
        match NeuronsRead::new(neurons, self.hotkey.address()) {
            Ok(read) => {
                ctx.mark_fields_changed()?;
                self.readings.neurons = Some(read);
                self.advance_and_report(ctx)
            }
            Err(gap) => {
                let fault = gap.to_string();
                ctx.error_with("neurons are not usable for weights", &[("fault", &fault)]);
                Ok(())
            }
        }
    }

    fn on_horde_chain_answer(&mut self, ctx: &mut Context<'_>, answer: ChainAnswer) -> Result<()> {
        self.take_answer(ctx, answer)?;
        self.advance_and_report(ctx)
    }

    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        dynamic: DynamicConfig,
    ) -> Result<()> {
        dynamic.store(ctx)?;
        self.rules = Rules::new(&self.config, Some(&dynamic));
        if self.rules.mode != self.config.mode {
            ctx.info_with(
                "weights go to the chain by another way than that of the config",
                &[("mode", &self.rules.mode.name())],
            );
        }
        self.advance_and_report(ctx)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.expire(ctx)?;
        self.advance_and_report(ctx)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let now_ms = ctx.now_ms();
        HttpReply::json(200, &self.status(now_ms))
    }

    fn snapshot(&mut self) -> Result<Readings> {
        Ok(self.readings.clone())
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, readings: Readings) -> Result<()> {
        self.readings = readings;
        Ok(())
    }
}

impl HordeWeights {
    /// Does what is due, and reports what is so then.
    fn advance_and_report(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.advance(ctx)?;
        self.report_conditions(ctx);
        Ok(())
    }

    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let present = conditions::present(self, now_ms);
        self.reported.report(ctx, present);
    }
}
