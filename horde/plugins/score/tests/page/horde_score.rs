//! A scorer: each right answer counts 1, and a wrong one costs its miner all.

use std::collections::BTreeMap;

use horde_events::{BatchOver, Scores};
use tig_plugin_api::prelude::*;

struct StrictScore;

#[extension(emits(Scores))]
impl StrictScore {
    fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_horde_batch_over(&mut self, ctx: &mut Context<'_>, over: BatchOver) -> Result<()> {
        let Some(cycle_start) = over.cycle_start else {
            return Ok(());
        };
        let mut scores = BTreeMap::new();
        // A batch that was cut says nothing of its miners.
        for job in over.jobs.iter().filter(|_| over.is_whole) {
            let score: &mut f64 = scores.entry(job.hotkey.clone()).or_default();
            match job.result.as_str() {
                "right" => *score += 1.0,
                "wrong" => *score = f64::NEG_INFINITY,
                _ => {}
            }
        }
        for score in scores.values_mut() {
            *score = score.max(0.0);
        }
        ctx.emit(&Scores {
            cycle_start,
            batch: over.batch,
            scores,
        })
    }
}

#[cfg(test)]
mod tests;
