//! Algorithms and their modules (tig-api.md section 5.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Confirmation;
use crate::PreciseNumber;

/// An algorithm and its data at a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Algorithm {
    /// `c001_a001`, ...
    pub id: String,
    /// Name, author and challenge.
    pub details: AlgorithmDetails,
    /// Rounds of its life.
    pub state: Option<AlgorithmState>,
    /// Null unless it is active at the block.
    pub block_data: Option<AlgorithmBlockData>,
    /// Source code; always null on this API.
    pub code: Option<String>,
}

/// Name, author and challenge of an algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmDetails {
    /// Its name, from which file names are made.
    pub name: String,
    /// The innovator.
    pub player_id: String,
    /// The challenge it solves.
    pub challenge_id: String,
    /// Transaction that paid for it.
    pub tx_hash: String,
}

/// Rounds in the life of an algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmState {
    /// Height of the confirming block.
    pub block_confirmed: Option<u32>,
    /// Round of the confirming block.
    pub round_submitted: Option<u32>,
    /// First round in which it may be used.
    pub round_pushed: Option<u32>,
    /// Round in which it was merged.
    pub round_merged: Option<u32>,
    /// Banned algorithms are never active.
    pub banned: bool,
}

/// Use and earnings of an algorithm at a block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmBlockData {
    /// Qualifiers found with it, by player.
    pub num_qualifiers_by_player: Option<BTreeMap<String, u32>>,
    /// Its share of the challenge, as a fraction.
    pub adoption: Option<PreciseNumber>,
    /// Blocks of this round in which its adoption was high enough.
    pub merge_points: Option<u32>,
    /// Reward of this block, TIG.
    pub reward: Option<PreciseNumber>,
    /// Rewards of this round, TIG.
    pub round_earnings: Option<PreciseNumber>,
}

/// The compiled module of an algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wasm {
    /// The algorithm it was compiled from.
    pub algorithm_id: String,
    /// Where it is.
    pub details: WasmDetails,
    /// When it was confirmed.
    pub state: Option<Confirmation>,
}

/// Where a module is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmDetails {
    /// Whether there is a module at all.
    pub compile_success: bool,
    /// Absolute URL of the module; the bytes behind it may change.
    pub download_url: Option<String>,
    /// Opaque; its algorithm is not specified.
    pub checksum: Option<String>,
}
