//! What this extension reads of a block's events.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tig_events::Lenient;
use tig_protocol::api::{Challenge, ChallengeBlockData, DifficultyParameter};
use tig_protocol::difficulty::{Bounds, BoundsError, Point};

use crate::sampler::{BlockData, DifficultySampler, NoSamples, Source};

/// The part of `new_block` that counts here. Challenges are decoded one by one, so that a bad one stops no other.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    pub(crate) block: Block,
    pub(crate) challenges: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    pub(crate) precommits: BTreeMap<String, Lenient<Listed>>,
    #[serde(default)]
    pub(crate) benchmarks: BTreeMap<String, IgnoredAny>,
}

/// What is shown of this player's precommits.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) settings: Settings,
}

#[derive(Deserialize)]
pub(crate) struct Block {
    pub(crate) id: String,
    #[serde(default)]
    details: Option<BlockDetails>,
    pub(crate) config: BlockConfig,
}

#[derive(Deserialize)]
struct BlockDetails {
    height: u32,
}

impl Block {
    pub(crate) fn height(&self) -> Option<u32> {
        self.details.as_ref().map(|details| details.height)
    }
}

#[derive(Deserialize)]
pub(crate) struct BlockConfig {
    difficulty: Difficulty,
}

#[derive(Deserialize)]
struct Difficulty {
    parameters: BTreeMap<String, Box<RawValue>>,
}

/// The part of `benchmark_confirmed` and `proof_confirmed` that counts here.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    pub(crate) precommit: Precommit,
    pub(crate) benchmark: Option<Benchmark>,
}

#[derive(Deserialize)]
pub(crate) struct Precommit {
    pub(crate) benchmark_id: String,
    pub(crate) settings: Settings,
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) challenge_id: String,
    pub(crate) difficulty: Point,
}

#[derive(Deserialize)]
pub(crate) struct Benchmark {
    pub(crate) details: BenchmarkDetails,
}

#[derive(Deserialize)]
pub(crate) struct BenchmarkDetails {
    pub(crate) num_solutions: u32,
}

/// Why a challenge of a block cannot be sampled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadChallenge {
    #[error("its record does not decode: {0}")]
    Record(serde_json::Error),
    #[error("the block's config has no difficulty parameters for it")]
    NoParameters,
    #[error("its difficulty parameters do not decode: {0}")]
    Parameters(serde_json::Error),
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    #[error("its block data has no scaling factor")]
    NoScalingFactor,
    #[error(transparent)]
    NoSamples(#[from] NoSamples),
}

/// Decodes the record of a challenge.
pub(crate) fn decode(record: &RawValue) -> Result<Challenge, BadChallenge> {
    serde_json::from_str(record.get()).map_err(BadChallenge::Record)
}

/// Gives the data of a challenge to its sampler.
pub(crate) fn update(
    sampler: &mut DifficultySampler,
    config: &BlockConfig,
    challenge_id: &str,
    data: &ChallengeBlockData,
) -> Result<Source, BadChallenge> {
    let parameters = config.difficulty.parameters.get(challenge_id);
    let parameters = parameters.ok_or(BadChallenge::NoParameters)?;
    let parameters: Vec<DifficultyParameter> =
        serde_json::from_str(parameters.get()).map_err(BadChallenge::Parameters)?;
    let min = parameters.iter().map(|parameter| parameter.min_value);
    let max = parameters.iter().map(|parameter| parameter.max_value);
    let bounds = Bounds::new(min.collect(), max.collect())?;
    let source = sampler.update_with_block_data(&BlockData {
        bounds: &bounds,
        base_frontier: data.base_frontier.as_deref().unwrap_or_default(),
        scaled_frontier: data.scaled_frontier.as_deref().unwrap_or_default(),
        scaling_factor: data.scaling_factor.ok_or(BadChallenge::NoScalingFactor)?,
        qualifier_difficulties: data.qualifier_difficulties.as_deref().unwrap_or_default(),
    })?;
    Ok(source)
}
