//! Extension `plugin_name`: weighs the challenges, so that the slaves always have some of each to do.
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `throughput` |
//! | emits | `selection` |
//! | config keys | `weights` {challenge name: weight}, `open_seconds` |

mod events;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use tig_plugin_api::prelude::*;

use self::events::{Challenge, NewBlock, Selected, Selection, Throughput, Work};

/// Section `plugin_name` of the host's config.
#[derive(ConfigSchema, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Weight of a challenge without open work, by name; 1 if it is left out.
    weights: BTreeMap<String, f64>,
    /// Seconds of open work with which a challenge has half of its weight.
    open_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        let (weights, open_seconds) = (BTreeMap::new(), 60.0);
        Self {
            weights,
            open_seconds,
        }
    }
}

/// Weighs challenges.
pub struct Selector {
    config: Config,
    /// The latest; empty until the first one has come.
    throughput: Throughput,
}

#[extension(emits(Selection))]
impl Selector {
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        let is_weight = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        if !(config.weights.values().all(is_weight) && config.open_seconds > 0.0) {
            bail!("config.plugin_name: weights must be 0 or more, and open_seconds above 0");
        }
        let throughput = Throughput::default();
        Ok(Self { config, throughput })
    }

    fn on_throughput(&mut self, _ctx: &mut Context<'_>, event: Throughput) -> Result<()> {
        self.throughput = event;
        Ok(())
    }

    /// A selection holds for ten blocks; each block has its own.
    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let weigh = |(id, challenge): (String, Challenge)| {
            let name = challenge.details.name;
            let weight = self.weigh(&name, self.throughput.challenges.get(&id));
            (name, Selected { weight })
        };
        let selection = Selection {
            height: event.block.details.height,
            selection: event.challenges.into_iter().map(weigh).collect(),
        };
        ctx.emit(&selection)
    }
}

impl Selector {
    /// The policy: the more seconds of open work a challenge has, the smaller is its weight.
    fn weigh(&self, name: &str, work: Option<&Work>) -> f64 {
        let weight = self.config.weights.get(name).copied().unwrap_or(1.0);
        let open_seconds = work.and_then(|work| {
            let rate = work.nonces_per_second.filter(|rate| *rate > 0.0)?;
            Some(work.open_nonces as f64 / rate)
        });
        weight / (1.0 + open_seconds.unwrap_or(0.0) / self.config.open_seconds)
    }
}
