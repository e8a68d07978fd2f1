//! The data that the measurements run on: a config, a job, a whole block as the API sends it.

use serde_json::{Map, Value, json};
use tig_bench_report::Result;

pub(crate) const PLAYER: &str = "0x1111111111111111111111111111111111111111";

/// Algorithms of the block.
const ALGORITHMS: usize = 500;

/// Our listed precommits, and those with a benchmark.
const PRECOMMITS: usize = 800;
const BENCHMARKS: usize = 500;

/// Players that the API lists besides us.
const PLAYERS: usize = 300;

/// One algorithm of so many is in use; the others are as they were left.
const ONE_IN_USE: usize = 4;

/// Players who use an algorithm that is in use.
const USERS: usize = 75;

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
    json!({ "block": { "id": id("b10c", 0), "details": block_details(),
        "config": protocol_config(), "data": null } })
}

/// What each answer repeats of its block.
fn block_details() -> Value {
    json!({ "prev_block_id": id("b10c", 1), "height": HEIGHT, "round": 50, "eth_block_num": "20341877",
        "fees_paid": "26000000000000000", "num_confirmed_challenges": 0, "num_confirmed_algorithms": 0,
        "num_confirmed_benchmarks": 2, "num_confirmed_precommits": 3, "num_confirmed_proofs": 2,
        "num_confirmed_frauds": 0, "num_confirmed_topups": 1, "num_confirmed_wasms": 0, "num_active_challenges": 4,
        "num_active_algorithms": ALGORITHMS / ONE_IN_USE, "num_active_benchmarks": 9118, "num_active_players": PLAYERS })
}

fn player_id(number: usize) -> String {
    if number == 0 {
        PLAYER.to_owned()
    } else {
        format!("0x{number:040x}")
    }
}

fn algorithm_id(number: usize) -> String {
    format!("{}_a{number:03}", challenge_id(number % 4))
}

fn algorithm(number: usize) -> Value {
    // All four challenges have some that are in use.
    let block_data = (number / 4).is_multiple_of(ONE_IN_USE).then(|| {
        let users = (0..USERS).map(|user| (player_id((number + user * 5) % (PLAYERS + 1)), json!(1 + user % 40)));
        json!({ "num_qualifiers_by_player": users.collect::<Map<_, _>>(), "adoption": "310000000000000000",
            "merge_points": 17, "reward": "581250000000000000", "round_earnings": "9881250000000000000" })
    });
    json!({ "id": algorithm_id(number),
        "details": { "name": format!("algorithm_{}", number / 4), "player_id": player_id(1 + number % PLAYERS),
            "challenge_id": challenge_id(number % 4), "tx_hash": format!("0x{number:064x}") },
        "state": { "block_confirmed": 1000, "round_submitted": 1, "round_pushed": 3, "round_merged": null,
            "banned": false },
        "block_data": block_data, "code": null })
}

/// Body of `GET /get-algorithms`.
pub(crate) fn get_algorithms() -> Value {
    let wasm = |number: usize| {
        let (challenge, name) = (CHALLENGES[number % 4], format!("algorithm_{}", number / 4));
        json!({ "algorithm_id": algorithm_id(number),
            "details": { "compile_success": true, "download_url": format!(
                "https://raw.githubusercontent.com/tig-foundation/tig-monorepo/{challenge}/{name}/tig-algorithms/wasm/\
                 {challenge}/{name}.wasm") },
            "state": { "block_confirmed": 1001 } })
    };
    json!({ "block_id": id("b10c", 0), "block_details": block_details(),
        "algorithms": (0..ALGORITHMS).map(algorithm).collect::<Vec<_>>(),
        "wasms": (0..ALGORITHMS).map(wasm).collect::<Vec<_>>() })
}

/// Body of `GET /get-players`.
pub(crate) fn get_players() -> Value {
    let player = |number: usize| {
        let player_id = player_id(number);
        json!({ "id": player_id, "details": { "name": player_id, "is_multisig": false },
            "state": { "total_fees_paid": "1250000000000000000", "available_fee_balance": "9000000000000000000000" },
            "block_data": { "num_qualifiers_by_challenge": { "c001": 42, "c002": 40, "c003": 39, "c004": 41 },
                "cutoff": 150, "deposit": "0", "rolling_deposit": "0", "qualifying_percent_rolling_deposit": "0",
                "imbalance": "333333333333333333", "imbalance_penalty": "393469340287366577",
                "influence": "8000000000000000", "reward": "340000000000000000",
                "round_earnings": "12000000000000000000" } })
    };
    json!({ "block_id": id("b10c", 0), "block_details": block_details(),
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

/// A benchmark of ours, confirmed.
pub(crate) fn benchmark(number: usize, merkle_root: &Value, sampled_nonces: &Value) -> Value {
    json!({ "id": id("be", number), "details": { "num_solutions": 120, "merkle_root": merkle_root },
        "state": { "block_confirmed": HEIGHT - 50, "sampled_nonces": sampled_nonces }, "solution_nonces": null })
}

/// Body of `GET /get-benchmarks`: the benchmarks are proved, but for the last ones.
pub(crate) fn get_benchmarks() -> Value {
    let proof = |number: usize| {
        json!({ "benchmark_id": id("be", number), "state": { "block_confirmed": HEIGHT - 40, "submission_delay": 6 },
            "merkle_proofs": null })
    };
    let precommits: Vec<Value> = (0..PRECOMMITS)
        .map(|number| precommit(number, 5000))
        .collect();
    let benchmarks: Vec<Value> = (0..BENCHMARKS)
        .map(|number| {
            benchmark(
                number,
                &json!(format!("{number:064x}")),
                &json!([1, 17, 399, 1044, 2310, 4999]),
            )
        })
        .collect();
    let proofs: Vec<Value> = (0..BENCHMARKS).map(proof).collect();
    listing(&precommits, &benchmarks, &proofs)
}

/// Body of `GET /get-benchmarks` with these records.
pub(crate) fn listing(precommits: &[Value], benchmarks: &[Value], proofs: &[Value]) -> Value {
    json!({ "block_id": id("b10c", 0), "block_details": block_details(), "precommits": precommits,
        "benchmarks": benchmarks, "proofs": proofs, "frauds": [] })
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
    json!({ "block_id": id("b10c", 0), "block_details": block_details(),
        "challenges": (0..CHALLENGES.len()).map(challenge).collect::<Vec<_>>() })
}

/// Answers of the API at one block, by endpoint.
pub(crate) type Answers = Vec<(&'static str, Vec<u8>)>;

/// The answers at a block: those of another number differ only in the block's id and height, and in the `listing`.
pub(crate) fn answers(number: u32, listing: &Value) -> Result<Answers> {
    let mut block = get_block();
    let old = block["block"]["id"].as_str().unwrap_or_default().to_owned();
    let id = format!("{number:032}");
    block["block"]["id"] = id.clone().into();
    block["block"]["details"]["height"] = (HEIGHT + number).into();
    let encode = |name, value: &Value| -> Result<(&'static str, Vec<u8>)> {
        let text = serde_json::to_string(value)?;
        Ok((name, text.replacen(&old, &id, 1).into_bytes()))
    };
    Ok(vec![
        encode("get-block", &block)?,
        encode("get-algorithms", &get_algorithms())?,
        encode("get-players", &get_players())?,
        encode("get-benchmarks", listing)?,
        encode("get-challenges", &get_challenges(60, 60))?,
    ])
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
