//! Challenges, algorithms, modules and players as they stand at a block (tig-api.md sections 5.3 to 5.5).
//!
//! Adoption, influence and rewards are not computed: where clients of the time require such a field it is zero.

use std::collections::BTreeMap;

use tig_challenges::ChallengeKind;
use tig_protocol::{
    PreciseNumber,
    api::{
        Algorithm, AlgorithmBlockData, AlgorithmDetails, AlgorithmState, Challenge,
        ChallengeBlockData, ChallengeDetails, ChallengeState, Confirmation, Player,
        PlayerBlockData, PlayerDetails, Wasm, WasmDetails,
    },
};

use super::{chain::ChainBlock, frontiers::Frontiers, genesis::GENESIS_HEIGHT, wire};
use crate::algorithms::PublishedAlgorithm;

/// Author of every algorithm of the devnet.
pub(crate) const INNOVATOR_ID: &str = "0x2222222222222222222222222222222222222222";

/// Nothing checks the threshold any more, but clients require it.
const SOLUTION_SIGNATURE_THRESHOLD: u32 = u32::MAX;

pub(crate) fn challenge(
    kind: ChallengeKind,
    frontiers: Option<&Frontiers>,
    block: &ChainBlock,
) -> Challenge {
    let fees = block.fees.get(kind.id());
    let block_data = frontiers.map(|frontiers| ChallengeBlockData {
        solution_signature_threshold: Some(SOLUTION_SIGNATURE_THRESHOLD),
        num_qualifiers: Some(0),
        qualifier_difficulties: Some(Vec::new()),
        base_frontier: Some(frontiers.base.clone()),
        scaled_frontier: Some(frontiers.scaled.clone()),
        scaling_factor: Some(frontiers.scaling_factor),
        base_fee: fees.map(|fees| fees.base_fee),
        per_nonce_fee: fees.map(|fees| fees.per_nonce_fee),
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

pub(crate) fn algorithm(algorithm: &PublishedAlgorithm, block: &ChainBlock) -> Algorithm {
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
            block_confirmed: Some(GENESIS_HEIGHT),
            round_submitted: Some(0),
            round_pushed: Some(0),
            round_merged: None,
            banned: false,
        }),
        block_data: is_active.then(|| AlgorithmBlockData {
            num_qualifiers_by_player: Some(BTreeMap::new()),
            adoption: Some(PreciseNumber::ZERO),
            merge_points: Some(0),
            reward: Some(PreciseNumber::ZERO),
            round_earnings: Some(PreciseNumber::ZERO),
        }),
        code: None,
    }
}

pub(crate) fn wasm(algorithm: &PublishedAlgorithm, download_base_url: &str) -> Wasm {
    let download_url = format!("{download_base_url}/{}.wasm", algorithm.id);
    Wasm {
        algorithm_id: algorithm.id.clone(),
        details: WasmDetails {
            compile_success: true,
            download_url: Some(download_url),
            checksum: None,
        },
        state: Some(Confirmation {
            block_confirmed: Some(GENESIS_HEIGHT),
        }),
    }
}

pub(crate) fn player(id: &str, block: &ChainBlock) -> Player {
    Player {
        id: id.to_owned(),
        details: PlayerDetails {
            name: id.to_owned(),
            is_multisig: false,
        },
        state: block.accounts.get(id).map(wire::player_state),
        block_data: Some(PlayerBlockData {
            round_earnings: Some(PreciseNumber::ZERO),
            ..PlayerBlockData::default()
        }),
    }
}
