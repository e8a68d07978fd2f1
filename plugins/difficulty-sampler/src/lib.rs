//! Stock extension `difficulty_sampler`: proposes difficulties for each challenge (benchmarker.md section 4).
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `benchmark_confirmed`, `proof_confirmed` |
//! | emits | `difficulty_samples` |
//! | config keys | `num_samples`, `padding_factor`, `decay`, `initial_solutions_weight`, `solutions_multiplier` |
//! | stored keys | `weights/<challenge_id>`: learned weights `[[x, y, weight], ..]`; `taught`: ids of benchmarks learned from |
//!
//! Each benchmark teaches once, also across restarts: with the confirmation of its proof if that of the benchmark was
//! not seen.

mod block;
mod config;
mod distribution;
#[cfg(test)]
mod golden;
mod grid;
mod region;
mod sampler;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use tig_events::DifficultySamples;
use tig_plugin_api::prelude::*;

use crate::block::{Block, Confirmed, NewBlock};
use crate::config::Config;
use crate::sampler::{DifficultySampler, Learned, Source};

struct Sampler {
    config: Config,
    /// By challenge id.
    samplers: BTreeMap<String, DifficultySampler>,
    taught: BTreeSet<String>,
    /// Last complaint per challenge, to say each once.
    complaints: BTreeMap<String, String>,
}

#[extension(emits(DifficultySamples))]
impl Sampler {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let mut samplers = BTreeMap::new();
        for (key, stored) in ctx.scan::<Box<RawValue>>("weights/")? {
            let challenge_id = key.trim_start_matches("weights/").to_owned();
            let learned = read_weights(&stored).unwrap_or_else(|| {
                ctx.warn_with(
                    "stored weights are not readable: learning again",
                    &[("key", &key)],
                );
                Vec::new()
            });
            let sampler = DifficultySampler::new(config.clone(), learned);
            samplers.insert(challenge_id, sampler);
        }
        Ok(Self {
            taught: ctx.get("taught")?.unwrap_or_default(),
            config,
            samplers,
            complaints: BTreeMap::new(),
        })
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        for (challenge_id, record) in &event.challenges {
            self.propose(ctx, &event.block, challenge_id, record)?;
        }
        let known = self.taught.len();
        self.taught.retain(|id| event.precommits.contains_key(id));
        if self.taught.len() < known {
            ctx.put("taught", &self.taught)?;
        }
        Ok(())
    }

    fn on_benchmark_confirmed(&mut self, ctx: &mut Context<'_>, event: Confirmed) -> Result<()> {
        self.learn(ctx, event)
    }

    fn on_proof_confirmed(&mut self, ctx: &mut Context<'_>, event: Confirmed) -> Result<()> {
        self.learn(ctx, event)
    }
}

impl Sampler {
    /// Draws and emits the samples of one challenge, or says once why there are none.
    fn propose(
        &mut self,
        ctx: &mut Context<'_>,
        block: &Block,
        challenge_id: &str,
        record: &RawValue,
    ) -> Result<()> {
        let sampler = self
            .samplers
            .entry(challenge_id.to_owned())
            .or_insert_with(|| DifficultySampler::new(self.config.clone(), Vec::new()));
        let complaint = match block::update(sampler, &block.config, challenge_id, record) {
            Ok(None) => return Ok(()),
            Ok(Some(Source::Grid)) => None,
            Ok(Some(Source::Frontiers { cells })) => Some(format!(
                "{challenge_id}: the grid would have {cells} cells: only frontier points are drawn"
            )),
            Err(error) => Some(format!("{challenge_id}: no samples: {error}")),
        };
        let samples: Option<Vec<Vec<i32>>> = (0..self.config.num_samples)
            .map(|_| Some(sampler.sample(ctx.random_unit())?.to_vec()))
            .collect();
        if let Some(samples) = samples {
            ctx.emit(&DifficultySamples {
                challenge_id: challenge_id.to_owned(),
                block_id: block.id.clone(),
                samples,
            })?;
        }
        self.complain(ctx, challenge_id, complaint);
        Ok(())
    }

    /// Stores the weights with a benchmark's lesson, and only then takes them over.
    fn learn(&mut self, ctx: &mut Context<'_>, event: Confirmed) -> Result<()> {
        let Confirmed {
            precommit,
            benchmark: Some(benchmark),
        } = event
        else {
            return Ok(());
        };
        let challenge_id = precommit.settings.challenge_id;
        let Some(sampler) = self.samplers.get(&challenge_id) else {
            return Ok(());
        };
        if self.taught.contains(&precommit.benchmark_id) {
            return Ok(());
        }
        let mut sampler = sampler.clone();
        let difficulty = &precommit.settings.difficulty;
        if !sampler.update_with_solutions(difficulty, benchmark.details.num_solutions) {
            return Ok(());
        }
        let mut taught = self.taught.clone();
        taught.insert(precommit.benchmark_id);
        ctx.put(&format!("weights/{challenge_id}"), &sampler.learned())?;
        ctx.put("taught", &taught)?;
        self.samplers.insert(challenge_id, sampler);
        self.taught = taught;
        Ok(())
    }

    fn complain(&mut self, ctx: &mut Context<'_>, challenge_id: &str, complaint: Option<String>) {
        let Some(complaint) = complaint else {
            self.complaints.remove(challenge_id);
            return;
        };
        if self.complaints.get(challenge_id) != Some(&complaint) {
            ctx.warn_with(&complaint, &[("challenge_id", &challenge_id)]);
            self.complaints.insert(challenge_id.to_owned(), complaint);
        }
    }
}

/// Weights as stored; `None` if they are not ours.
fn read_weights(stored: &RawValue) -> Option<Vec<Learned>> {
    let learned: Vec<Learned> = serde_json::from_str(stored.get()).ok()?;
    let is_weight = |&(_, _, weight): &Learned| weight.is_finite() && weight >= 0.0;
    learned.iter().all(is_weight).then_some(learned)
}
