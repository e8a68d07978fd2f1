//! What is selected at a block. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_events::{SelectedChallenge, Selection};

use crate::block::NewBlock;
use crate::bounds::bounded;
use crate::config::Config;
use crate::facts::{ChallengeFacts, Facts};
use crate::fastest::{Trials, Work};
use crate::policy::{Measures, Target, step, targets};

/// Shares are rounded to this part, so that a share read from the store is the very number that was written.
const SHARE_PARTS: f64 = 1e9;

/// What is stored, so that a restart changes no share.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct State {
    /// The block of the last step.
    block_id: String,
    /// By challenge name.
    pub(crate) shares: BTreeMap<String, f64>,
    /// By challenge name, where the config has algorithms to choose from.
    trials: BTreeMap<String, Trials>,
}

/// A challenge as it was decided, for the panel.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) facts: ChallengeFacts,
    pub(crate) target: Target,
    pub(crate) share: f64,
    /// `None` for the config's of `precommit_manager`.
    pub(crate) algorithm: Option<String>,
}

/// A decision with what follows from it.
pub(crate) struct Decision {
    pub(crate) state: State,
    pub(crate) event: Selection,
    /// By challenge name.
    pub(crate) challenges: BTreeMap<String, Decided>,
}

/// Takes one step, unless this block had one already: then what it led to is repeated.
pub(crate) fn decide(config: &Config, state: &State, block: &NewBlock, facts: Facts) -> Decision {
    let measures: Vec<Measures> = facts.challenges.values().map(|it| it.measures).collect();
    let targets = targets(&measures, facts.imbalance_multiplier);
    let names = || facts.challenges.keys();
    let has_all = names().all(|name| state.shares.contains_key(name));
    let state = if state.block_id == block.block.id && has_all {
        state.clone()
    } else {
        State {
            block_id: block.block.id.clone(),
            shares: names()
                .cloned()
                .zip(shares(config, state, &facts, &targets))
                .collect(),
            trials: trials(config, state, block, &facts),
        }
    };
    let challenges = facts.challenges.into_iter().zip(targets);
    let challenges = challenges.map(|((name, facts), target)| {
        let trials = state.trials.get(&name);
        let algorithm = trials.and_then(Trials::running).map(str::to_owned);
        let share = state.shares.get(&name).copied().unwrap_or(target.share);
        (
            name,
            Decided {
                facts,
                target,
                share,
                algorithm,
            },
        )
    });
    let challenges: BTreeMap<String, Decided> = challenges.collect();
    Decision {
        event: event(block.block.details.height, &challenges),
        state,
        challenges,
    }
}

/// In the order of the challenges' names.
fn shares(config: &Config, state: &State, facts: &Facts, targets: &[Target]) -> Vec<f64> {
    let steps = facts.challenges.keys().zip(targets).map(|(name, target)| {
        let before = state.shares.get(name).copied();
        step(before, target.share, config.smoothing)
    });
    let steps: Vec<f64> = steps.collect();
    let shares = bounded(&steps, config.min_share, config.max_share).into_iter();
    let rounded = |share: f64| (share * SHARE_PARTS).round() / SHARE_PARTS;
    shares.map(rounded).collect()
}

fn trials(
    config: &Config,
    state: &State,
    block: &NewBlock,
    facts: &Facts,
) -> BTreeMap<String, Trials> {
    let with_facts = config
        .algorithms
        .iter()
        .filter_map(|(name, algorithms)| Some((name, algorithms, facts.challenges.get(name)?)));
    let trials = with_facts.map(|(name, algorithms, facts)| {
        let usable = |algorithm: &&str| block.is_usable(&facts.id, algorithm);
        let candidates: Vec<&str> = algorithms
            .iter()
            .map(String::as_str)
            .filter(usable)
            .collect();
        let before = state.trials.get(name).cloned().unwrap_or_default();
        let work = Work {
            nonces_per_second: facts.nonces_per_second,
            is_open: facts.open_nonces > 0,
        };
        (name.clone(), before.at_next_block(&candidates, work))
    });
    trials.collect()
}

fn event(height: u32, challenges: &BTreeMap<String, Decided>) -> Selection {
    let selected = |(name, decided): (&String, &Decided)| {
        let selected = SelectedChallenge {
            weight: decided.share,
            algorithm: decided.algorithm.clone(),
            num_nonces: None,
        };
        (name.clone(), selected)
    };
    Selection {
        height: Some(height),
        selection: challenges.iter().map(selected).collect(),
    }
}
