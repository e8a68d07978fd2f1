//! What this extension reads of a block. Each record is decoded by itself, so that an odd one stops no other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tig_events::Lenient;
use tig_protocol::api::{Challenge, ChallengeBlockData, DifficultyParameter};
use tig_protocol::difficulty::{Bounds, Point, lower_and_upper};

use crate::refusal::Refusal;
use crate::region::{Difficulty, Frontiers};

/// The part of `new_block` that counts here.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    pub(crate) block: Block,
    pub(crate) challenges: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    pub(crate) precommits: BTreeMap<String, Lenient<Precommit>>,
    #[serde(default)]
    pub(crate) benchmarks: BTreeMap<String, Lenient<Benchmark>>,
    #[serde(default)]
    pub(crate) proofs: BTreeMap<String, Lenient<Proof>>,
    #[serde(default)]
    pub(crate) frauds: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) details: BlockDetails,
    pub(crate) config: BlockConfig,
}

#[derive(Deserialize)]
pub(crate) struct BlockDetails {
    pub(crate) height: u32,
}

#[derive(Deserialize)]
pub(crate) struct BlockConfig {
    difficulty: DifficultyConfig,
    #[serde(default)]
    benchmark_submissions: Option<Submissions>,
}

#[derive(Deserialize)]
struct DifficultyConfig {
    parameters: BTreeMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
struct Submissions {
    #[serde(default)]
    submission_delay_multiplier: Option<f64>,
}

/// A precommit of this player.
#[derive(Deserialize)]
pub(crate) struct Precommit {
    pub(crate) details: PrecommitDetails,
    pub(crate) settings: Settings,
}

#[derive(Deserialize)]
pub(crate) struct PrecommitDetails {
    pub(crate) num_nonces: u32,
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) challenge_id: String,
    pub(crate) difficulty: Difficulty,
}

#[derive(Deserialize)]
pub(crate) struct Benchmark {
    pub(crate) details: BenchmarkDetails,
    #[serde(default)]
    pub(crate) state: Option<Confirmed>,
}

#[derive(Deserialize)]
pub(crate) struct BenchmarkDetails {
    pub(crate) num_solutions: u32,
}

#[derive(Deserialize)]
pub(crate) struct Confirmed {
    #[serde(default)]
    pub(crate) block_confirmed: Option<u32>,
    #[serde(default)]
    submission_delay: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Proof {
    state: Option<Confirmed>,
}

impl Block {
    /// Whether the solutions of a benchmark with this proof count at this block (tig-protocol.md section 8); not if it
    /// cannot be known.
    pub(crate) fn is_active(&self, proof: &Proof) -> bool {
        let submissions = self.config.benchmark_submissions.as_ref();
        let multiplier = submissions.and_then(|it| it.submission_delay_multiplier);
        let state = proof.state.as_ref();
        let confirmed = state.and_then(|state| state.block_confirmed);
        let delay = state.and_then(|state| state.submission_delay);
        let (Some(multiplier), Some(confirmed), Some(delay)) = (multiplier, confirmed, delay)
        else {
            return false;
        };
        let wait_blocks = (f64::from(delay) * multiplier).max(1.0) as u32;
        confirmed.saturating_add(wait_blocks) <= self.details.height
    }

    /// The bounds and frontiers of a challenge.
    pub(crate) fn frontiers(
        &self,
        challenge_id: &str,
        data: &ChallengeBlockData,
    ) -> Result<Frontiers, Refusal> {
        let parameters = self.config.difficulty.parameters.get(challenge_id);
        let parameters = parameters.ok_or(Refusal::NoParameters)?;
        let parameters: Vec<DifficultyParameter> =
            serde_json::from_str(parameters.get()).map_err(Refusal::Parameters)?;
        let min = parameters.iter().map(|parameter| parameter.min_value);
        let max = parameters.iter().map(|parameter| parameter.max_value);
        let bounds = Bounds::new(min.collect(), max.collect())?;
        let factor = data.scaling_factor.ok_or(Refusal::NoScalingFactor)?;
        let base = data.base_frontier.as_deref().unwrap_or_default();
        let scaled = data.scaled_frontier.as_deref().unwrap_or_default();
        let (lower, upper) = lower_and_upper(base, scaled, factor);
        Ok(Frontiers {
            min: difficulty(bounds.min())?,
            max: difficulty(bounds.max())?,
            lower: difficulties(lower)?,
            upper: difficulties(upper)?,
        })
    }
}

/// Decodes the record of a challenge.
pub(crate) fn decode(record: &RawValue) -> Result<Challenge, Refusal> {
    serde_json::from_str(record.get()).map_err(Refusal::Record)
}

/// Difficulties of the solutions that earn at this block.
pub(crate) fn qualifiers(data: &ChallengeBlockData) -> Option<BTreeSet<Difficulty>> {
    let points = data.qualifier_difficulties.as_ref()?;
    let points = points.iter();
    Some(points.filter_map(|it| difficulty(it).ok()).collect())
}

fn difficulties(points: &[Point]) -> Result<Vec<Difficulty>, Refusal> {
    points.iter().map(|point| difficulty(point)).collect()
}

fn difficulty(point: &[i32]) -> Result<Difficulty, Refusal> {
    let refused = |_| Refusal::Dimensions(point.to_vec());
    point.try_into().map_err(refused)
}
