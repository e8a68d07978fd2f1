//! Extension `plugin_name`: scores the jobs of a batch, in place of `horde_score`.
//!
//! | | |
//! |---|---|
//! | handles | `horde_batch_over` |
//! | emits | `horde_scores`, one for each batch of a cycle |
//! | config keys | `wrong_penalty` |

mod events;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use tig_plugin_api::prelude::*;

use self::events::{BatchOver, Scores};

/// Section `plugin_name` of the host's config. Unknown keys are allowed, so that it starts with the section of `horde_score`.
#[derive(ConfigSchema, Deserialize)]
#[serde(default)]
struct Config {
    /// Right answers that a wrong one costs.
    wrong_penalty: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { wrong_penalty: 3.0 }
    }
}

/// Scores miners.
pub struct Scorer {
    config: Config,
}

#[extension(emits(Scores))]
impl Scorer {
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        let penalty = config.wrong_penalty;
        if !(penalty.is_finite() && penalty >= 0.0) {
            bail!("config.plugin_name.wrong_penalty: {penalty} is not 0 or more");
        }
        Ok(Self { config })
    }

    /// The event is durable and may come twice: the same batch must get the same scores.
    fn on_horde_batch_over(&mut self, ctx: &mut Context<'_>, over: BatchOver) -> Result<()> {
        // A batch of no cycle is not scored; each other one is, if only by an empty map.
        let Some(cycle_start) = over.cycle_start else {
            return Ok(());
        };
        let mut scores = BTreeMap::new();
        // A batch that was cut short says nothing of its miners.
        for job in over.jobs.into_iter().filter(|_| over.is_whole) {
            let points = self.points(&job.result);
            *scores.entry(job.hotkey).or_insert(0.0) += points;
        }
        for score in scores.values_mut() {
            *score = f64::max(*score, 0.0);
        }
        let batch = over.batch;
        ctx.emit(&Scores {
            cycle_start,
            batch,
            scores,
        })
    }
}

impl Scorer {
    /// The policy: what one job is worth.
    fn points(&self, result: &str) -> f64 {
        match result {
            "right" => 1.0,
            "wrong" => -self.config.wrong_penalty,
            _ => 0.0,
        }
    }
}
