//! Example extension `thompson_sampler`: proposes difficulties for each challenge by Thompson sampling, in place of
//! `difficulty_sampler`. `README.md` has the idea, the formula and how to try it.
//!
//! | | |
//! |---|---|
//! | handles | `new_block` |
//! | emits | `difficulty_samples` |
//! | routes | `GET /operator/panel/thompson`, with `id=` of a challenge more of it |
//! | conditions | by name of a challenge: `no_region`: it has no samples |
//! | config keys | `num_samples`, `cells_per_side`, `prior_strength`, `solutions_per_benchmark`, `decay_per_block`; those of the stock sampler are accepted and not used |
//! | stored keys | `outcomes/<challenge_id>`: what came of this player's benchmarks, by benchmark id |
//! | metrics | `cells`, `outcomes`, `favourite_share` of each challenge |

mod block;
mod cells;
mod config;
mod draw;
mod outcomes;
mod panel;
mod posterior;
mod propose;
mod refusal;
mod region;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tig_events::DifficultySamples;
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::block::NewBlock;
use crate::config::Config;
use crate::outcomes::Outcomes;
use crate::propose::{Proposal, propose};
use crate::shown::Shown;

/// Prefix of the stored keys.
const OUTCOMES: &str = "outcomes/";

struct Sampler {
    config: Config,
    /// By challenge id, as stored.
    outcomes: BTreeMap<String, Outcomes>,
    /// What the last block has made of the active challenges, by their ids.
    shown: BTreeMap<String, Shown>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /operator/panel/thompson"),
    emits(DifficultySamples),
    state_version = 1
)]
impl Sampler {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check(&ctx.settings().name)?;
        let stored = ctx.scan_sound::<Outcomes>(OUTCOMES)?.into_iter();
        let outcomes = stored.map(|(key, outcomes)| {
            let challenge_id = key.trim_start_matches(OUTCOMES).to_owned();
            (challenge_id, outcomes)
        });
        Ok(Self {
            config,
            outcomes: outcomes.collect(),
            shown: BTreeMap::new(),
            reported: ReportedConditions::default(),
        })
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let nothing = Outcomes::new();
        let mut proposals: BTreeMap<&str, Proposal> = BTreeMap::new();
        for (challenge_id, record) in &event.challenges {
            let before = self.outcomes.get(challenge_id).unwrap_or(&nothing);
            let seed = ctx.random_u64();
            let proposal = propose(&self.config, &event, challenge_id, record, before, seed);
            proposals.insert(challenge_id, proposal);
        }
        let learned = self.learned(&event, &proposals);
        self.store(ctx, &learned)?;
        for (challenge_id, proposal) in &proposals {
            if !proposal.samples.is_empty() {
                let samples = proposal.samples.iter();
                ctx.emit(&DifficultySamples {
                    challenge_id: (*challenge_id).to_owned(),
                    block_id: event.block.id.clone(),
                    samples: samples.map(|sample| sample.to_vec()).collect(),
                })?;
            }
        }
        let shown = proposals.into_iter();
        let shown: BTreeMap<String, Shown> = shown
            .filter_map(|(id, proposal)| Some((id.to_owned(), proposal.shown?)))
            .collect();
        self.outcomes = learned;
        self.show(ctx, shown);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::panel(&request, |query| {
            panel::panel(&self.shown, query).ok_or("no such challenge is active")
        })
    }

    /// What was learned is stored; this is what the panel shows until the next block.
    fn snapshot(&mut self) -> Result<BTreeMap<String, Shown>> {
        Ok(self.shown.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, shown: BTreeMap<String, Shown>) -> Result<()> {
        self.show(ctx, shown);
        Ok(())
    }
}

impl Sampler {
    /// The outcomes after the block, without challenges of which nothing is left.
    fn learned(
        &self,
        event: &NewBlock,
        proposals: &BTreeMap<&str, Proposal>,
    ) -> BTreeMap<String, Outcomes> {
        let listed = proposals
            .iter()
            .map(|(id, it)| ((*id).to_owned(), it.outcomes.clone()));
        let unlisted = self.outcomes.iter();
        let unlisted = unlisted.filter(|(id, _)| !proposals.contains_key(id.as_str()));
        let decay = self.config.decay_per_block;
        let unlisted = unlisted.map(|(id, before)| {
            let outcomes = outcomes::learn(before, event, id, None, decay);
            (id.clone(), outcomes)
        });
        let all = listed.chain(unlisted);
        all.filter(|(_, outcomes)| !outcomes.is_empty()).collect()
    }

    fn store(&self, ctx: &mut Context<'_>, learned: &BTreeMap<String, Outcomes>) -> Result<()> {
        for (challenge_id, outcomes) in learned {
            if self.outcomes.get(challenge_id) != Some(outcomes) {
                ctx.put(&format!("{OUTCOMES}{challenge_id}"), outcomes)?;
            }
        }
        let gone = self.outcomes.keys();
        for challenge_id in gone.filter(|id| !learned.contains_key(*id)) {
            ctx.delete(&format!("{OUTCOMES}{challenge_id}"))?;
        }
        Ok(())
    }

    /// Takes over what the panel shows, and reports it as conditions, metrics, and lines of the log where it is new.
    fn show(&mut self, ctx: &mut Context<'_>, shown: BTreeMap<String, Shown>) {
        let mut conditions = Vec::new();
        for (challenge_id, of) in &shown {
            let labels = [("challenge", of.name.as_str())];
            ctx.gauge("cells", &labels, of.cells.len() as f64);
            ctx.gauge("outcomes", &labels, of.outcomes as f64);
            if let Some(share) = of.favourite_share() {
                ctx.gauge("favourite_share", &labels, share);
            }
            let Some(trouble) = &of.trouble else {
                continue;
            };
            let before = self.shown.get(challenge_id);
            if before.and_then(|before| before.trouble.as_ref()) != Some(trouble) {
                let fields: &LogFields<'_> = &[("challenge_id", challenge_id), ("reason", trouble)];
                ctx.warn_with("no samples", fields);
            }
            conditions.push(refusal::no_region(&of.name, trouble));
        }
        self.reported.report(ctx, conditions);
        self.shown = shown;
    }
}
