//! `GET /devnet/state`: the network at its latest block, for a page that shows it.
//!
//! Invariant: read only, and without secrets: no API key is known here. What is listed one by one is bounded, and
//! amounts are strings of 10^-18 TIG as everywhere in the API.

mod build;

use std::collections::BTreeMap;

use serde::Serialize;
use tig_protocol::PreciseNumber;
use tig_protocol::api::DifficultyParameter;
use tig_protocol::difficulty::Point;

use super::status::Stage;

/// Blocks of a [`View`].
const BLOCKS_MAX: usize = 60;
/// Benchmarks of a [`View`] that are listed one by one.
const BENCHMARKS_MAX: usize = 50;

/// The network at its latest block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// Seed of all block ids.
    pub seed: u64,
    /// Height of the latest block.
    pub height: u32,
    /// Id of the latest block.
    pub block_id: String,
    /// Round of the latest block.
    pub round: u32,
    /// Blocks of a round.
    pub blocks_per_round: u32,
    /// Blocks that a benchmark is of interest.
    pub lifespan_period: u32,
    /// Blocks rolled back since the start.
    pub num_rollbacks: u64,
    /// Newest first, at most 60.
    pub blocks: Vec<BlockView>,
    /// By id.
    pub players: Vec<PlayerView>,
    /// By id.
    pub challenges: Vec<ChallengeView>,
    /// By id.
    pub algorithms: Vec<AlgorithmView>,
    /// Benchmarks of the lifespan window by their furthest step; every stage is there.
    pub stages: BTreeMap<Stage, usize>,
    /// Benchmarks that left the lifespan window without a confirmed proof.
    pub num_expired: u64,
    /// Newest first, at most 50.
    pub benchmarks: Vec<BenchmarkView>,
}

/// A block and how much it confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockView {
    /// Its height.
    pub height: u32,
    /// Its id.
    pub id: String,
    /// Precommits it confirmed.
    pub num_precommits: usize,
    /// Benchmarks it confirmed.
    pub num_benchmarks: usize,
    /// Proofs it confirmed.
    pub num_proofs: usize,
    /// Frauds it confirmed.
    pub num_frauds: usize,
    /// Benchmarks whose solutions counted in it.
    pub num_active: usize,
    /// Fees of the precommits it confirmed.
    pub fees_paid: PreciseNumber,
}

/// A player at the latest block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlayerView {
    /// Its address.
    pub id: String,
    /// Balance of the player.
    pub available_fee_balance: PreciseNumber,
    /// Fees that the player has paid.
    pub total_fees_paid: PreciseNumber,
    /// Benchmarks of the lifespan window.
    pub num_benchmarks: usize,
    /// Those whose solutions count.
    pub num_active: usize,
    /// Solutions per challenge that can qualify; 0 without active benchmarks.
    pub cutoff: u32,
    /// Share of the rewards, 0 to 1.
    pub influence: PreciseNumber,
    /// Earnings of this round.
    pub round_earnings: PreciseNumber,
}

/// A challenge at the latest block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChallengeView {
    /// `cNNN`.
    pub id: String,
    /// Such as `knapsack`.
    pub name: String,
    /// The dimensions of a difficulty, in their order.
    pub parameters: Vec<DifficultyParameter>,
    /// Frontier of the qualifiers; above a scaling factor of 1 the lower bound, else the upper.
    pub base_frontier: Vec<Point>,
    /// The same, scaled: the other bound.
    pub scaled_frontier: Vec<Point>,
    /// By how much.
    pub scaling_factor: f64,
    /// Solutions that qualify.
    pub num_qualifiers: u32,
    /// Difficulties of the benchmarks of which solutions may qualify, sorted.
    pub qualifier_difficulties: Vec<Point>,
    /// Each difficulty at which solutions count, sorted.
    pub active: Vec<ActivePoint>,
    /// Benchmarks of the lifespan window.
    pub num_benchmarks: usize,
    /// Fee of a precommit.
    pub base_fee: PreciseNumber,
    /// Fee of each of its nonces on top.
    pub per_nonce_fee: PreciseNumber,
}

/// A difficulty at which solutions count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivePoint {
    /// In the order of the challenge's parameters.
    pub difficulty: Point,
    /// How many benchmarks have it.
    pub num_benchmarks: usize,
    /// Their solutions.
    pub num_solutions: u32,
}

/// An algorithm at the latest block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlgorithmView {
    /// `cNNN_aNNN`.
    pub id: String,
    /// Its name, as its author chose it.
    pub name: String,
    /// Name of its challenge.
    pub challenge: String,
    /// Whether the latest block lets it be used; else the next one will.
    pub active: bool,
    /// Benchmarks of the lifespan window.
    pub num_benchmarks: usize,
    /// Share of its challenge by the influence of those whose solutions it found, 0 to 1.
    pub adoption: PreciseNumber,
}

/// A benchmark of the lifespan window. The heights are those of the confirming blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchmarkView {
    /// Its id.
    pub id: String,
    /// Its player.
    pub player_id: String,
    /// Name of its challenge.
    pub challenge: String,
    /// Id of its algorithm.
    pub algorithm_id: String,
    /// In the order of the challenge's parameters.
    pub difficulty: Point,
    /// The furthest step.
    pub stage: Stage,
    /// Whether its solutions count at the latest block.
    pub active: bool,
    /// Nonces promised.
    pub num_nonces: u32,
    /// Solutions declared; `None` before the benchmark is submitted.
    pub num_solutions: Option<u32>,
    /// Height of the block that its settings name.
    pub block_started: u32,
    /// When its precommit was confirmed.
    pub precommit: Option<u32>,
    /// When its benchmark was.
    pub benchmark: Option<u32>,
    /// When its proof was.
    pub proof: Option<u32>,
    /// When its fraud was.
    pub fraud: Option<u32>,
    /// Reason of the network for rejecting it, once that is known.
    pub allegation: Option<String>,
}
