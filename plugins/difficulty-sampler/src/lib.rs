//! Stock extension `difficulty_sampler`: proposes difficulties for each challenge (benchmarker.md section 4).
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `benchmark_confirmed`, `proof_confirmed` |
//! | emits | `difficulty_samples` |
//! | routes | `GET /operator/panel/difficulty`, with `id=` of a challenge more of it |
//! | conditions | by name of a challenge: `no_grid`: nothing can be drawn; `grid_too_large`: only frontier points are drawn |
//! | config keys | `num_samples`, `padding_factor`, `decay`, `initial_solutions_weight`, `solutions_multiplier` |
//! | stored keys | `weights/<challenge_id>`: learned weights `[[x, y, weight], ..]`; `taught`: ids of benchmarks learned from |
//!
//! Each benchmark teaches once as long as the network lists its precommit, also across restarts: with the confirmation of its
//! proof if that of the benchmark was not seen.

mod block;
mod complaint;
mod config;
mod distribution;
#[cfg(test)]
mod golden;
mod grid;
mod map;
mod panel;
mod region;
mod sampler;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use tig_events::DifficultySamples;
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::block::{Block, Confirmed, NewBlock};
use crate::complaint::Complaint;
use crate::config::Config;
use crate::grid::Cell;
use crate::sampler::{DifficultySampler, Learned};
use crate::shown::{Ours, Shown};

struct Sampler {
    config: Config,
    /// By challenge id.
    samplers: BTreeMap<String, DifficultySampler>,
    taught: BTreeSet<String>,
    /// Last complaint per challenge, to say each once.
    complaints: BTreeMap<String, Complaint>,
    /// What the last block has shown, by id of the challenges that are active.
    shown: BTreeMap<String, Shown>,
    /// This player's difficulties in the last block, by challenge id.
    ours: BTreeMap<String, Ours>,
    reported: ReportedConditions,
}

#[extension(routes("GET /operator/panel/difficulty"), emits(DifficultySamples))]
impl Sampler {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let mut samplers = BTreeMap::new();
        for (key, stored) in ctx.scan_sound::<Box<RawValue>>("weights/")? {
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
            taught: ctx.get_sound("taught")?.unwrap_or_default(),
            config,
            samplers,
            complaints: BTreeMap::new(),
            shown: BTreeMap::new(),
            ours: BTreeMap::new(),
            reported: ReportedConditions::default(),
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
        let is_listed = |id: &String| event.challenges.contains_key(id);
        self.shown.retain(|id, _| is_listed(id));
        self.complaints.retain(|id, _| is_listed(id));
        self.ours = shown::ours(&event);
        let complaints = self.complaints.values();
        let conditions = complaints.map(Complaint::condition).collect();
        self.reported.report(ctx, conditions);
        Ok(())
    }

    fn on_benchmark_confirmed(&mut self, ctx: &mut Context<'_>, event: Confirmed) -> Result<()> {
        self.learn(ctx, event)
    }

    fn on_proof_confirmed(&mut self, ctx: &mut Context<'_>, event: Confirmed) -> Result<()> {
        self.learn(ctx, event)
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::panel(&request, |query| {
            panel::panel(self, query).ok_or("no such challenge is active")
        })
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
        let challenge = block::decode(record);
        let (name, data) = match challenge {
            Ok(challenge) => match challenge.block_data {
                Some(data) => (challenge.details.name, data),
                None => {
                    self.shown.remove(challenge_id);
                    self.complaints.remove(challenge_id);
                    return Ok(());
                }
            },
            Err(error) => {
                self.shown.remove(challenge_id);
                if let Some(sampler) = self.samplers.get_mut(challenge_id) {
                    sampler.clear_distribution();
                }
                let complaint = Complaint::no_grid(challenge_id, challenge_id, &error);
                self.complain(ctx, challenge_id, Some(complaint));
                return Ok(());
            }
        };
        let sampler = self
            .samplers
            .entry(challenge_id.to_owned())
            .or_insert_with(|| DifficultySampler::new(self.config.clone(), Vec::new()));
        let source = block::update(sampler, &block.config, challenge_id, &data);
        if source.is_err() {
            sampler.clear_distribution();
        }
        let samples: Option<Vec<Cell>> = (0..self.config.num_samples)
            .map(|_| sampler.sample(ctx.random_unit()))
            .collect();
        if let Some(samples) = &samples {
            ctx.emit(&DifficultySamples {
                challenge_id: challenge_id.to_owned(),
                block_id: block.id.clone(),
                samples: samples.iter().map(|cell| cell.to_vec()).collect(),
            })?;
        }
        let complaint = Complaint::of(challenge_id, &name, &source);
        self.complain(ctx, challenge_id, complaint);
        let shown = Shown {
            name,
            height: block.height(),
            base_frontier: data.base_frontier.unwrap_or_default(),
            scaled_frontier: data.scaled_frontier.unwrap_or_default(),
            samples: samples.unwrap_or_default(),
        };
        self.shown.insert(challenge_id.to_owned(), shown);
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

    fn complain(
        &mut self,
        ctx: &mut Context<'_>,
        challenge_id: &str,
        complaint: Option<Complaint>,
    ) {
        let Some(complaint) = complaint else {
            self.complaints.remove(challenge_id);
            return;
        };
        if self.complaints.get(challenge_id) != Some(&complaint) {
            ctx.warn_with(&complaint.text, &[("challenge_id", &challenge_id)]);
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
