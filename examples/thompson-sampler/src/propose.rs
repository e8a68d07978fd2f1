//! What a block gives a challenge: what was learned, and the difficulties to emit.

use serde_json::value::RawValue;
use tig_protocol::api::ChallengeBlockData;

use crate::block::{self, NewBlock};
use crate::cells::{Cell, Layout, cut};
use crate::config::Config;
use crate::draw::{Drawn, draw};
use crate::outcomes::{Outcome, Outcomes, learn};
use crate::posterior::{Posterior, posteriors};
use crate::refusal::Refusal;
use crate::region::{Difficulty, Frontiers};
use crate::shown::{Shown, ShownCell};

/// What a block gives a challenge.
pub(crate) struct Proposal {
    pub(crate) outcomes: Outcomes,
    pub(crate) samples: Vec<Difficulty>,
    /// `None` of a challenge that is not active.
    pub(crate) shown: Option<Shown>,
}

/// Learns from a block, and draws. A record that does not decode has outcomes nevertheless.
pub(crate) fn propose(
    config: &Config,
    event: &NewBlock,
    challenge_id: &str,
    record: &RawValue,
    before: &Outcomes,
    seed: u64,
) -> Proposal {
    let height = event.block.details.height;
    let decoded = block::decode(record);
    let data = decoded.as_ref().ok().and_then(|it| it.block_data.as_ref());
    let qualifiers = data.and_then(block::qualifiers);
    let decay = config.decay_per_block;
    let outcomes = learn(before, event, challenge_id, qualifiers.as_ref(), decay);
    let (name, drawn) = match (&decoded, data) {
        (Ok(challenge), Some(data)) => {
            let drawn = sample(config, event, challenge_id, data, &outcomes, seed);
            (challenge.details.name.as_str(), drawn)
        }
        (Ok(_), None) => {
            return Proposal {
                outcomes,
                samples: Vec::new(),
                shown: None,
            };
        }
        (Err(refusal), _) => {
            let shown = Shown::without_samples(challenge_id, height, refusal.to_string());
            return Proposal {
                outcomes,
                samples: Vec::new(),
                shown: Some(shown),
            };
        }
    };
    match drawn {
        Ok((drawn, shown)) => Proposal {
            outcomes,
            samples: drawn.samples,
            shown: Some(Shown {
                name: name.to_owned(),
                ..shown
            }),
        },
        Err(refusal) => Proposal {
            outcomes,
            samples: Vec::new(),
            shown: Some(Shown::without_samples(name, height, refusal.to_string())),
        },
    }
}

fn sample(
    config: &Config,
    event: &NewBlock,
    challenge_id: &str,
    data: &ChallengeBlockData,
    outcomes: &Outcomes,
    seed: u64,
) -> Result<(Drawn, Shown), Refusal> {
    let height = event.block.details.height;
    let frontiers = event.block.frontiers(challenge_id, data)?;
    let columns = frontiers.columns()?;
    let cut = cut(&columns, config.cells_per_side);
    let (layout, cells) = cut.ok_or(Refusal::NothingAdmissible)?;
    let weighted: Vec<(&Outcome, f64)> = outcomes
        .values()
        .map(|outcome| (outcome, outcome.weight(height, config.decay_per_block)))
        .collect();
    let posteriors = posteriors(config, &layout, &cells, &weighted);
    let drawn = draw(&cells, &posteriors, config.num_samples, seed);
    let shown = show(frontiers, &layout, &cells, &posteriors, &drawn);
    let shown = Shown {
        height,
        outcomes: outcomes.len() as u64,
        ..shown
    };
    Ok((drawn, shown))
}

fn show(
    frontiers: Frontiers,
    layout: &Layout,
    cells: &[Cell],
    posteriors: &[Posterior],
    drawn: &Drawn,
) -> Shown {
    let all = cells.iter().zip(posteriors).zip(&drawn.counts);
    let cell = |((cell, posterior), samples): ((&Cell, &Posterior), &u32)| {
        let ranges = [0, 1].map(|axis| layout.range(axis, cell.index[axis]));
        ShownCell {
            from: ranges.map(|range| range[0]),
            to: ranges.map(|range| range[1]),
            benchmarks: posterior.evidence.benchmarks,
            rate: posterior.mean_rate(),
            chance: posterior.mean_chance(),
            samples: *samples,
        }
    };
    Shown {
        name: String::new(),
        height: 0,
        trouble: None,
        lower: frontiers.lower,
        upper: frontiers.upper,
        cells: all.map(cell).collect(),
        outcomes: 0,
        samples: drawn.samples.len() as u64,
    }
}
