//! `horde_score`: one number for each miner of a batch (section 3.6, steps 1 and 2).
//!
//! | | |
//! |---|---|
//! | handles | `horde_batch_over`, `horde_dynamic_config` |
//! | emits | `horde_scores` |
//! | config | `class_weights`, `alpha`, `beta`, `delta` |
//! | stores | `dynamic_config`, the values last emitted by `horde_report` |
//!
//! This is the extension that operators replace: docs/scorers.md shows another one. It keeps no state of its own, so that a batch
//! that comes twice has the same scores twice, of which `horde_weights` takes the first.
//!
//! Jobs that are `excused` or `interrupted` count as if their executors had not been tested: neither in the sum nor in the number
//! of jobs that the horde score's mean and sigmoid are of.

mod config;
mod scores;
#[cfg(test)]
mod tests;

use horde_dynamic::DynamicConfig;
use horde_events::{BatchOver, Scores};
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::scores::{Unscored, score};

struct HordeScore {
    config: Config,
    /// What `horde_report` has emitted last; its class weights replace those of the config.
    dynamic: Option<DynamicConfig>,
}

#[extension(emits(Scores))]
impl HordeScore {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let dynamic = DynamicConfig::stored(ctx)?;
        Ok(Self { config, dynamic })
    }

    fn on_horde_dynamic_config(
        &mut self,
        ctx: &mut Context<'_>,
        dynamic: DynamicConfig,
    ) -> Result<()> {
        dynamic.store(ctx)?;
        self.dynamic = Some(dynamic);
        Ok(())
    }

    fn on_horde_batch_over(&mut self, ctx: &mut Context<'_>, over: BatchOver) -> Result<()> {
        let Some(cycle_start) = over.cycle_start else {
            ctx.info_with(
                "batch outside of cycles is not scored",
                &[("batch", &over.batch)],
            );
            return Ok(());
        };
        let class_weights = match &self.dynamic {
            Some(dynamic) => dynamic.executor_class_weights.clone(),
            None => self.config.class_weights(),
        };
        let scored = score(&over, &class_weights, self.config.settings());
        match &scored {
            Ok(scores) => ctx.info_with(
                "batch scored",
                &[
                    ("batch", &over.batch),
                    ("cycle", &cycle_start),
                    ("miners", &scores.len()),
                ],
            ),
            Err(unscored) => ctx.error_with(
                "batch has no scores",
                &[
                    ("batch", &over.batch),
                    ("cycle", &cycle_start),
                    ("reason", &unscored.to_string()),
                ],
            ),
        }
        let outcome = scored.as_ref().err().map_or("scored", Unscored::name);
        ctx.count("batches", &[("outcome", outcome)], 1);
        ctx.emit(&Scores {
            cycle_start,
            batch: over.batch,
            scores: scored.unwrap_or_default(),
        })
    }
}
