//! What is read of a block. Each record is decoded by itself, so that an odd one spoils no other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tig_events::Lenient;
use tig_protocol::PreciseNumber;

/// The part of `new_block` that counts here.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    pub(crate) block: Block,
    pub(crate) challenges: BTreeMap<String, Lenient<Challenge>>,
    /// Absent if the API does not list the player, as before its first benchmark.
    #[serde(default)]
    pub(crate) player: Option<Lenient<Player>>,
    #[serde(default)]
    pub(crate) precommits: BTreeMap<String, Lenient<Precommit>>,
    #[serde(default)]
    pub(crate) algorithms: BTreeMap<String, Lenient<Algorithm>>,
    #[serde(default)]
    pub(crate) wasms: BTreeMap<String, Lenient<Wasm>>,
}

#[derive(Deserialize)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) details: BlockDetails,
    #[serde(default)]
    pub(crate) config: Option<Lenient<BlockConfig>>,
}

#[derive(Deserialize)]
pub(crate) struct BlockDetails {
    pub(crate) height: u32,
}

#[derive(Deserialize)]
pub(crate) struct BlockConfig {
    pub(crate) optimisable_proof_of_work: Influence,
}

/// How influence is computed.
#[derive(Deserialize)]
pub(crate) struct Influence {
    pub(crate) imbalance_multiplier: f64,
}

#[derive(Deserialize)]
pub(crate) struct Challenge {
    pub(crate) id: String,
    pub(crate) details: ChallengeDetails,
    /// Null when it is not active at the block.
    pub(crate) block_data: Option<ChallengeData>,
}

#[derive(Deserialize)]
pub(crate) struct ChallengeDetails {
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct ChallengeData {
    /// Of all players.
    #[serde(default)]
    pub(crate) num_qualifiers: Option<u32>,
    #[serde(default)]
    pub(crate) base_fee: Option<PreciseNumber>,
    #[serde(default)]
    pub(crate) per_nonce_fee: Option<PreciseNumber>,
}

#[derive(Deserialize)]
pub(crate) struct Player {
    #[serde(default)]
    pub(crate) block_data: Option<PlayerData>,
}

#[derive(Deserialize)]
pub(crate) struct PlayerData {
    /// By challenge id.
    #[serde(default)]
    pub(crate) num_qualifiers_by_challenge: Option<BTreeMap<String, u32>>,
    #[serde(default)]
    pub(crate) imbalance: Option<PreciseNumber>,
}

/// One of this player.
#[derive(Deserialize)]
pub(crate) struct Precommit {
    pub(crate) details: PrecommitDetails,
    pub(crate) settings: PrecommitSettings,
}

#[derive(Deserialize)]
pub(crate) struct PrecommitDetails {
    pub(crate) num_nonces: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct PrecommitSettings {
    pub(crate) challenge_id: String,
}

#[derive(Deserialize)]
pub(crate) struct Algorithm {
    id: String,
    details: AlgorithmDetails,
    state: Option<AlgorithmState>,
    /// Null unless it is active at the block.
    block_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct AlgorithmDetails {
    name: String,
    challenge_id: String,
}

#[derive(Deserialize)]
struct AlgorithmState {
    banned: bool,
}

#[derive(Deserialize)]
pub(crate) struct Wasm {
    algorithm_id: String,
    details: WasmDetails,
}

#[derive(Deserialize)]
struct WasmDetails {
    compile_success: bool,
    download_url: Option<IgnoredAny>,
}

impl NewBlock {
    /// Whether the challenge has an algorithm of this name that can be run.
    pub(crate) fn is_usable(&self, challenge_id: &str, name: &str) -> bool {
        sound(&self.algorithms).any(|algorithm| {
            let is_banned = algorithm.state.as_ref().is_some_and(|state| state.banned);
            algorithm.details.name == name
                && algorithm.details.challenge_id == challenge_id
                && algorithm.block_data.is_some()
                && !is_banned
                && self.has_module(&algorithm.id)
        })
    }

    fn has_module(&self, algorithm_id: &str) -> bool {
        sound(&self.wasms).any(|wasm| {
            let details = &wasm.details;
            let has_file = details.compile_success && details.download_url.is_some();
            wasm.algorithm_id == algorithm_id && has_file
        })
    }
}

/// The records that have decoded.
pub(crate) fn sound<T>(records: &BTreeMap<String, Lenient<T>>) -> impl Iterator<Item = &T> {
    records.values().filter_map(|record| record.0.as_ref())
}
