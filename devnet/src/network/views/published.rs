//! Challenges, algorithms, modules and players as they stand at a block (tig-api.md sections 5.3 to 5.5).

use std::collections::BTreeMap;

use tig_challenges::ChallengeKind;
use tig_protocol::PreciseNumber;
use tig_protocol::api::{
    Algorithm, AlgorithmBlockData, AlgorithmDetails, AlgorithmState, Challenge, ChallengeBlockData,
    ChallengeDetails, ChallengeState, Confirmation, Player, PlayerBlockData, PlayerDetails, Wasm,
    WasmDetails,
};

use super::wire;
use crate::network::state::{ChainBlock, GENESIS_HEIGHT, StoredAlgorithm};

/// Author of every algorithm of the devnet.
pub(crate) const INNOVATOR_ID: &str = "0x2222222222222222222222222222222222222222";

/// Nothing checks the threshold any more, but clients require it. The protocol would move it by the rate of solutions
/// that are active in the very block that confirms their proof; there are none, so that it stays.
const SOLUTION_SIGNATURE_THRESHOLD: u32 = u32::MAX;

pub(crate) fn challenge(kind: ChallengeKind, block: &ChainBlock) -> Challenge {
    let at_block = block.challenges.get(kind.id());
    let block_data = at_block.map(|challenge| ChallengeBlockData {
        solution_signature_threshold: Some(SOLUTION_SIGNATURE_THRESHOLD),
        num_qualifiers: Some(challenge.num_qualifiers),
        qualifier_difficulties: Some(challenge.qualifier_difficulties.clone()),
        base_frontier: Some(challenge.frontiers.base.clone()),
        scaled_frontier: Some(challenge.frontiers.scaled.clone()),
        scaling_factor: Some(challenge.frontiers.scaling_factor),
        base_fee: Some(challenge.fees.base_fee),
        per_nonce_fee: Some(challenge.fees.per_nonce_fee),
    });
    Challenge {
        id: kind.id().to_owned(),
        details: ChallengeDetails {
            name: kind.name().to_owned(),
        },
        state: Some(ChallengeState {
            block_confirmed: Some(GENESIS_HEIGHT),
            round_active: Some(1),
        }),
        block_data,
    }
}

pub(crate) fn algorithm(stored: &StoredAlgorithm, block: &ChainBlock) -> Algorithm {
    let algorithm = &stored.published;
    let is_active = block.data.active_algorithm_ids.contains(&algorithm.id);
    Algorithm {
        id: algorithm.id.clone(),
        details: AlgorithmDetails {
            name: algorithm.name.clone(),
            player_id: INNOVATOR_ID.to_owned(),
            challenge_id: algorithm.kind.id().to_owned(),
            tx_hash: format!("0x{}", blake3::hash(algorithm.id.as_bytes())),
        },
        state: Some(AlgorithmState {
            block_confirmed: stored.confirmed,
            round_submitted: Some(stored.round),
            round_pushed: Some(stored.round),
            round_merged: None,
            banned: false,
        }),
        block_data: is_active.then(|| {
            block
                .algorithms
                .get(&algorithm.id)
                .cloned()
                .unwrap_or(AlgorithmBlockData {
                    num_qualifiers_by_player: Some(BTreeMap::new()),
                    adoption: Some(PreciseNumber::ZERO),
                    merge_points: Some(0),
                    reward: Some(PreciseNumber::ZERO),
                    round_earnings: Some(PreciseNumber::ZERO),
                })
        }),
        code: None,
    }
}

pub(crate) fn wasm(stored: &StoredAlgorithm, download_base_url: &str) -> Wasm {
    let algorithm = &stored.published;
    let download_url = format!("{download_base_url}/{}.wasm", algorithm.id);
    Wasm {
        algorithm_id: algorithm.id.clone(),
        details: WasmDetails {
            compile_success: true,
            download_url: Some(download_url),
            checksum: None,
        },
        state: Some(Confirmation {
            block_confirmed: stored.confirmed,
        }),
    }
}

/// A player who was active in the round of the block.
pub(crate) fn benchmarker(id: &str, block: &ChainBlock) -> Player {
    let block_data = block.players.get(id).cloned();
    player(id, block, block_data.unwrap_or_default())
}

/// The author of every algorithm, with what they earned in the round.
pub(crate) fn innovator(block: &ChainBlock) -> Player {
    let earnings: Vec<PreciseNumber> = block
        .algorithms
        .values()
        .filter_map(|algorithm| algorithm.round_earnings)
        .collect();
    let block_data = PlayerBlockData {
        round_earnings: PreciseNumber::sum(&earnings),
        ..PlayerBlockData::default()
    };
    player(INNOVATOR_ID, block, block_data)
}

fn player(id: &str, block: &ChainBlock, block_data: PlayerBlockData) -> Player {
    Player {
        id: id.to_owned(),
        details: PlayerDetails {
            name: id.to_owned(),
            is_multisig: false,
        },
        state: block.accounts.get(id).map(wire::player_state),
        // Clients require the earnings of everybody who is listed.
        block_data: Some(PlayerBlockData {
            round_earnings: block_data.round_earnings.or(Some(PreciseNumber::ZERO)),
            ..block_data
        }),
    }
}
