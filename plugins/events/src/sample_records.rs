//! The records of a sample block.

use std::collections::BTreeMap;

use tig_protocol::api::{
    Algorithm, AlgorithmBlockData, AlgorithmDetails, AlgorithmState, Benchmark, BenchmarkDetails,
    BenchmarkState, Block, BlockDetails, Challenge, ChallengeBlockData, ChallengeDetails,
    ChallengeState, Confirmation, Player, PlayerBlockData, PlayerDetails, PlayerState, Precommit,
    PrecommitDetails, PrecommitState, Proof, ProofState, Wasm, WasmDetails,
};
use tig_protocol::{BenchmarkSettings, MerkleHash, PreciseNumber};

use crate::sample_config as config;

/// The height of a sample block where the test chooses none.
pub const SAMPLE_HEIGHT: u32 = 500_000;

/// Scales the frontiers; the largest factor of the config.
const SCALING_FACTOR: f64 = 1.125;
/// Height at which the benchmarks begin.
const STARTED: u32 = SAMPLE_HEIGHT - 4;
/// Nonces of each benchmark.
const NUM_NONCES: u32 = 40;

/// Id, name, algorithms, base frontier and scaled frontier of each challenge.
const CHALLENGES: [(&str, &str, [&str; 2], Frontier, Frontier); 4] = [
    (
        "c001",
        "satisfiability",
        ["sat_walk", "sat_cut"],
        [[50, 312], [55, 306], [60, 301]],
        [[51, 314], [57, 307], [63, 302]],
    ),
    (
        "c002",
        "vehicle_routing",
        ["route_merge", "route_swap"],
        [[40, 270], [46, 262], [52, 251]],
        [[41, 273], [48, 264], [54, 252]],
    ),
    (
        "c003",
        "knapsack",
        ["pack_greedy", "pack_swap"],
        [[50, 20], [56, 15], [62, 11]],
        [[51, 22], [57, 17], [64, 12]],
    ),
    (
        "c004",
        "vector_search",
        ["near_scan", "near_tree"],
        [[10, 380], [14, 365], [19, 352]],
        [[11, 384], [15, 367], [20, 353]],
    ),
];

type Frontier = [[i32; 2]; 3];

/// What a player computes.
pub(crate) struct Choice<'a> {
    pub(crate) player_id: &'a str,
    pub(crate) challenge_id: &'a str,
    pub(crate) algorithm_id: &'a str,
    pub(crate) difficulty: Vec<i32>,
}

pub(crate) fn block(height: u32) -> Block {
    Block {
        id: block_id(height),
        details: BlockDetails {
            prev_block_id: block_id(height.saturating_sub(1)),
            height,
            round: height / config::BLOCKS_PER_ROUND + 1,
            eth_block_num: Some("20000000".to_owned()),
            num_active_challenges: Some(4),
            num_active_algorithms: Some(8),
            num_active_benchmarks: Some(3),
            num_active_players: Some(1),
            ..BlockDetails::default()
        },
        data: None,
        config: Some(config::config()),
    }
}

/// As long as the network's ids, and another one for each height.
fn block_id(height: u32) -> String {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    format!("{:032x}", u128::from(height).wrapping_mul(ODD))
}

pub(crate) fn challenges() -> BTreeMap<String, Challenge> {
    let challenges = CHALLENGES.into_iter();
    let challenges = challenges.map(|(id, name, _, base, scaled)| Challenge {
        id: id.to_owned(),
        details: ChallengeDetails {
            name: name.to_owned(),
        },
        state: Some(ChallengeState {
            block_confirmed: Some(1),
            round_active: Some(1),
        }),
        block_data: Some(ChallengeBlockData {
            solution_signature_threshold: Some(u32::MAX),
            num_qualifiers: Some(500),
            qualifier_difficulties: Some(points(base)),
            base_frontier: Some(points(base)),
            scaled_frontier: Some(points(scaled)),
            scaling_factor: Some(SCALING_FACTOR),
            base_fee: Some(config::base_fee()),
            per_nonce_fee: Some(config::per_nonce_fee()),
        }),
    });
    challenges.map(|it| (it.id.clone(), it)).collect()
}

fn points(frontier: Frontier) -> Vec<Vec<i32>> {
    frontier.map(Vec::from).to_vec()
}

pub(crate) fn algorithms() -> BTreeMap<String, Algorithm> {
    let algorithms = named_algorithms().map(|(id, challenge_id, name)| Algorithm {
        id,
        details: AlgorithmDetails {
            name: name.to_owned(),
            player_id: format!("0x{}", "a1".repeat(20)),
            challenge_id: challenge_id.to_owned(),
            tx_hash: format!("0x{}", "1f".repeat(32)),
        },
        state: Some(AlgorithmState {
            block_confirmed: Some(100),
            round_submitted: Some(10),
            round_pushed: Some(12),
            round_merged: None,
            banned: false,
        }),
        block_data: Some(AlgorithmBlockData {
            num_qualifiers_by_player: Some(BTreeMap::new()),
            adoption: PreciseNumber::from_f64(0.5),
            merge_points: Some(12),
            reward: Some(PreciseNumber::ONE),
            round_earnings: Some(PreciseNumber::from_u64(5)),
        }),
        code: None,
    });
    algorithms.map(|it| (it.id.clone(), it)).collect()
}

pub(crate) fn wasms() -> BTreeMap<String, Wasm> {
    let wasms = named_algorithms().map(|(id, _, name)| Wasm {
        algorithm_id: id,
        details: WasmDetails {
            compile_success: true,
            download_url: Some(format!("http://127.0.0.1/wasm/{name}.wasm")),
            checksum: None,
        },
        state: Some(Confirmation {
            block_confirmed: Some(101),
        }),
    });
    wasms.map(|it| (it.algorithm_id.clone(), it)).collect()
}

/// Id, challenge and name of each algorithm.
fn named_algorithms() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    CHALLENGES
        .into_iter()
        .flat_map(|(challenge_id, _, names, ..)| {
            let numbered = names.into_iter().zip(1..);
            numbered.map(move |(name, n)| (format!("{challenge_id}_a{n:03}"), challenge_id, name))
        })
}

pub(crate) fn player(player_id: &str) -> Player {
    Player {
        id: player_id.to_owned(),
        details: PlayerDetails {
            name: player_id.to_owned(),
            is_multisig: false,
        },
        state: Some(PlayerState {
            total_fees_paid: Some(PreciseNumber::ONE),
            available_fee_balance: Some(PreciseNumber::from_u64(100)),
        }),
        block_data: Some(PlayerBlockData {
            cutoff: Some(100),
            deposit: Some(PreciseNumber::ONE),
            rolling_deposit: Some(PreciseNumber::ONE),
            imbalance: Some(PreciseNumber::ZERO),
            influence: PreciseNumber::from_f64(0.005),
            ..PlayerBlockData::default()
        }),
    }
}

pub(crate) fn precommit(benchmark_id: &str, choice: &Choice<'_>) -> Precommit {
    let nonces = PreciseNumber::from_u64(NUM_NONCES.into());
    let of_nonces = nonces.checked_mul(config::per_nonce_fee());
    Precommit {
        benchmark_id: benchmark_id.to_owned(),
        details: PrecommitDetails {
            block_started: STARTED,
            num_nonces: Some(NUM_NONCES),
            fee_paid: of_nonces.and_then(|fee| fee.checked_add(config::base_fee())),
        },
        settings: BenchmarkSettings {
            player_id: choice.player_id.to_owned(),
            block_id: block_id(STARTED),
            challenge_id: choice.challenge_id.to_owned(),
            algorithm_id: choice.algorithm_id.to_owned(),
            difficulty: choice.difficulty.clone(),
        },
        state: Some(PrecommitState {
            block_confirmed: Some(STARTED + 1),
            rand_hash: Some(block_id(STARTED + 1)),
        }),
    }
}

pub(crate) fn benchmark(benchmark_id: &str) -> Benchmark {
    Benchmark {
        id: benchmark_id.to_owned(),
        details: BenchmarkDetails {
            num_solutions: 16,
            merkle_root: Some(MerkleHash([7; 32])),
        },
        state: Some(BenchmarkState {
            block_confirmed: Some(STARTED + 2),
            sampled_nonces: Some(vec![2, 7, 13, 21, 30, 39]),
        }),
        solution_nonces: None,
    }
}

pub(crate) fn proof(benchmark_id: &str) -> Proof {
    Proof {
        benchmark_id: benchmark_id.to_owned(),
        state: Some(ProofState {
            block_confirmed: Some(STARTED + 3),
            submission_delay: Some(3),
        }),
        merkle_proofs: None,
    }
}
