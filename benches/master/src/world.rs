//! The data that the measurements run on: a config, a job, a whole block as the API tells it.

use serde_json::{Value, json};

pub(crate) const PLAYER: &str = "0x1111111111111111111111111111111111111111";

/// Algorithms of the block.
const ALGORITHMS: usize = 500;

/// Our listed precommits, and those with a benchmark.
const PRECOMMITS: usize = 800;
const BENCHMARKS: usize = 500;

/// Players that the API lists besides us.
const PLAYERS: usize = 300;

/// Height of the block.
const HEIGHT: u32 = 500_000;

/// The `config` object of a usual config file, but for the retries of batches: those come with `update`, not with what is
/// measured.
pub(crate) fn config(batch_size: u64) -> Value {
    json!({
        "submissions_manager": { "clear_precommits_submission_on_new_block": true, "max_retries": null,
            "ms_delay_between_retries": 30_000 },
        "difficulty_sampler": { "num_samples": 100, "padding_factor": 0.2, "decay": 0.7,
            "initial_solutions_weight": 500.0, "solutions_multiplier": 10.0 },
        "job_manager": { "knapsack": { "batch_size": batch_size, "ms_delay_between_batch_retries": 3_600_000 } },
        "precommit_manager": { "max_precommits_per_block": 1, "algo_selection": {
            "knapsack": { "algorithm": "algorithm_0", "num_nonces": 5000, "weight": 1.0 } } },
    })
}

/// Names of the challenges; the third is knapsack.
const CHALLENGES: [&str; 4] = [
    "satisfiability",
    "vehicle_routing",
    "knapsack",
    "vector_search",
];

fn id(kind: &str, number: usize) -> String {
    format!("{kind:0<8}{number:024x}")
}

fn challenge_id(number: usize) -> String {
    format!("c{:03}", number + 1)
}

/// A block's `config`, with limits and difficulty parameters.
fn protocol_config() -> Value {
    let parameters = json!([
        { "name": "a", "min_value": 50, "max_value": 2_147_483_647 },
        { "name": "b", "min_value": 10, "max_value": 2_147_483_647 },
    ]);
    json!({
        "benchmark_submissions": { "min_num_solutions": 1, "submission_delay_multiplier": 3.0, "max_samples": 3,
            "lifespan_period": 120 },
        "wasm_vm": { "max_memory": 1_000_000_000_u64, "max_fuel": 10_000_000_000_u64 },
        "difficulty": { "max_scaling_factor": 2.0, "parameters": {
            "c001": parameters, "c002": parameters, "c003": parameters, "c004": parameters } },
    })
}

/// Body of `GET /get-block`.
pub(crate) fn get_block() -> Value {
    json!({ "block": { "id": id("b10c", 0), "details": { "prev_block_id": id("b10c", 1), "height": HEIGHT, "round": 50 },
        "config": protocol_config(), "data": null } })
}

/// Body of `GET /get-algorithms`.
pub(crate) fn get_algorithms() -> Value {
    let algorithm_id = |number: usize| format!("{}_a{number:03}", challenge_id(number % 4));
    let algorithm = |number: usize| {
        json!({ "id": algorithm_id(number),
            "details": { "name": format!("algorithm_{}", number / 4), "player_id": PLAYER,
                "challenge_id": challenge_id(number % 4), "tx_hash": format!("0x{number:064x}") },
            "state": { "block_confirmed": 1000, "round_submitted": 1, "round_pushed": 3, "round_merged": null,
                "banned": false },
            "block_data": { "num_qualifiers_by_player": {}, "adoption": "1000000000000000", "merge_points": 0,
                "reward": "0", "round_earnings": "0" }, "code": null })
    };
    let wasm = |number: usize| {
        json!({ "algorithm_id": algorithm_id(number),
            "details": { "compile_success": true, "download_url":
                format!("https://files.tig.foundation/wasm/{}.wasm", algorithm_id(number)), "checksum": id("5a", number) },
            "state": { "block_confirmed": 1001 } })
    };
    json!({ "block_id": id("b10c", 0), "block_details": {},
        "algorithms": (0..ALGORITHMS).map(algorithm).collect::<Vec<_>>(),
        "wasms": (0..ALGORITHMS).map(wasm).collect::<Vec<_>>() })
}

/// Body of `GET /get-players`.
pub(crate) fn get_players() -> Value {
    let player = |number: usize| {
        let player_id = if number == 0 {
            PLAYER.to_owned()
        } else {
            format!("0x{number:040x}")
        };
        json!({ "id": player_id, "details": { "name": null, "is_multisig": false },
            "state": { "total_fees_paid": "1000000000000000000", "available_fee_balance": "9000000000000000000000" },
            "block_data": { "num_qualifiers_by_challenge": { "c001": 3, "c003": 7 }, "cutoff": 90, "deposit": "0",
                "rolling_deposit": "0", "qualifying_percent_rolling_deposit": "0", "imbalance": "100000000000000000",
                "imbalance_penalty": "0", "influence": "1000000000000000", "reward": "0", "round_earnings": "0" } })
    };
    json!({ "block_id": id("b10c", 0), "block_details": {},
        "players": (0..=PLAYERS).map(player).collect::<Vec<_>>() })
}

/// A precommit of ours, confirmed.
pub(crate) fn precommit(number: usize, num_nonces: u64) -> Value {
    json!({ "benchmark_id": id("be", number),
        "details": { "block_started": HEIGHT - number as u32 % 20, "num_nonces": num_nonces,
            "fee_paid": "1000000000000000000" },
        "settings": { "player_id": PLAYER, "block_id": id("b10c", 0), "challenge_id": "c003",
            "algorithm_id": "c003_a002", "difficulty": [60 + (number as i32 % 40), 12] },
        "state": { "block_confirmed": HEIGHT, "rand_hash": id("4a5d", number) } })
}

/// Body of `GET /get-benchmarks`: the benchmarks are proved, but for the last ones.
pub(crate) fn get_benchmarks() -> Value {
    let benchmark = |number: usize| {
        json!({ "id": id("be", number), "details": { "num_solutions": 120, "merkle_root": format!("{number:064x}") },
            "state": { "block_confirmed": HEIGHT - 50, "sampled_nonces": [1, 17, 399, 1044, 2310, 4999] },
            "solution_nonces": null })
    };
    let proof = |number: usize| {
        json!({ "benchmark_id": id("be", number), "state": { "block_confirmed": HEIGHT - 40, "submission_delay": 6 },
            "merkle_proofs": null })
    };
    json!({ "block_id": id("b10c", 0), "block_details": {},
        "precommits": (0..PRECOMMITS).map(|number| precommit(number, 5000)).collect::<Vec<_>>(),
        "benchmarks": (0..BENCHMARKS).map(benchmark).collect::<Vec<_>>(),
        "proofs": (0..BENCHMARKS).map(proof).collect::<Vec<_>>(),
        "frauds": [] })
}

/// Body of `GET /get-challenges`; frontiers of `size` x `size` cells with `points` points each.
pub(crate) fn get_challenges(size: i32, points: i32) -> Value {
    let frontier = |offset: i32| -> Vec<[i32; 2]> {
        let reach = size - offset;
        (0..points)
            .map(|point| {
                let x = point * (reach - 1) / (points - 1);
                [50 + x, 10 + reach - 1 - x]
            })
            .collect()
    };
    let challenge = |number: usize| {
        let qualifiers: Vec<[i32; 2]> = frontier(size / 6);
        json!({ "id": challenge_id(number), "details": { "name": CHALLENGES[number] },
            "state": { "block_confirmed": 1, "round_active": 1 },
            "block_data": { "solution_signature_threshold": 4_294_967_295_u32, "num_qualifiers": qualifiers.len(),
                "qualifier_difficulties": qualifiers, "base_frontier": frontier(size / 3),
                "scaled_frontier": frontier(0), "scaling_factor": 1.5, "base_fee": "1000000000000000",
                "per_nonce_fee": "1000000000000" } })
    };
    json!({ "block_id": id("b10c", 0), "block_details": {},
        "challenges": (0..CHALLENGES.len()).map(challenge).collect::<Vec<_>>() })
}

/// The arguments of `new_block` with only what jobs need and `precommits`.
pub(crate) fn new_block(precommits: &[Value]) -> Value {
    let by = |records: &Value, key: &str| -> Value {
        let records = records.as_array().into_iter().flatten();
        let keyed = records.map(|record| {
            let key = record[key].as_str().unwrap_or_default().to_owned();
            (key, record.clone())
        });
        Value::Object(keyed.collect())
    };
    let algorithms = get_algorithms();
    json!({ "block": get_block()["block"], "algorithms": {},
        "wasms": by(&algorithms["wasms"], "algorithm_id"), "player": null,
        "precommits": by(&json!(precommits), "benchmark_id"), "benchmarks": {}, "proofs": {}, "frauds": {},
        "challenges": by(&get_challenges(20, 5)["challenges"], "id") })
}
