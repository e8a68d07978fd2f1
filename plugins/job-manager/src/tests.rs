//! The extension as the host drives it: blocks and results in, batches, benchmarks and proofs out.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{prop_assert_eq, proptest};
use serde_json::{Map, Value, json};
use tig_plugin_api::testing::Harness;
use tig_protocol::{BatchResult, MerkleProof, MerkleTree, OutputData};

use crate::JobManager;
use crate::hand_out::NEW_BATCHES_MAX;

mod audits;
mod failed_handlers;
mod faults;
mod former_roots;
mod operator;
mod recheck;

const ID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";
const NUM_NONCES: u64 = 10;
const SAMPLED: [u64; 3] = [9, 0, 2];

fn start(batch_size: u64) -> Harness<JobManager> {
    Harness::start(settings(batch_size))
}

fn settings(batch_size: u64) -> Value {
    json!({ "name": "job_manager", "config": { "job_manager": {
        "knapsack": { "batch_size": batch_size, "ms_delay_between_batch_retries": 30_000 } } } })
}

fn precommit(num_nonces: u64) -> Value {
    json!({ "benchmark_id": ID,
        "details": { "block_started": 100, "num_nonces": num_nonces, "fee_paid": "0" },
        "settings": { "player_id": "0x1", "block_id": "block100", "challenge_id": "c003",
            "algorithm_id": "c003_a001", "difficulty": [50, 10] },
        "state": { "block_confirmed": 101, "rand_hash": "block101" } })
}

fn benchmark(merkle_root: &Value) -> Value {
    json!({ "id": ID, "details": { "num_solutions": 5, "merkle_root": merkle_root },
        "state": { "block_confirmed": 103, "sampled_nonces": SAMPLED }, "solution_nonces": null })
}

/// A block with everything but this player's items.
fn empty_block(height: u32) -> Value {
    json!({ "block": { "id": format!("block{height}"), "details": { "height": height },
            "config": { "wasm_vm": { "max_memory": 1, "max_fuel": height },
                "benchmark_submissions": { "lifespan_period": 120 } } },
        "wasms": { "c003_a001": { "algorithm_id": "c003_a001",
            "details": { "compile_success": true, "download_url": "http://x/a.wasm", "checksum": null },
            "state": null } },
        "challenges": { "c003": { "id": "c003", "details": { "name": "knapsack" }, "state": null,
            "block_data": null } },
        "precommits": {}, "benchmarks": {}, "proofs": {} })
}

fn block(height: u32) -> Value {
    let mut block = empty_block(height);
    block["precommits"][ID] = precommit(NUM_NONCES);
    block
}

fn leaf(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: u64::MAX - nonce,
        fuel_consumed: 7,
        solution: Map::new(),
    }
}

/// What an honest slave makes of a `new_batch`.
fn work(batch: &Value) -> Value {
    let number = |key: &str| batch[key].as_u64().unwrap();
    let start = number("start_nonce");
    let nonces = start..start + number("num_nonces");
    let leaves = nonces
        .clone()
        .map(|nonce| leaf(nonce).leaf_hash())
        .collect();
    let tree = MerkleTree::new(leaves, number("batch_size")).unwrap();
    let sampled: Vec<u64> = serde_json::from_value(batch["sampled_nonces"].clone()).unwrap();
    let proof = |nonce: u64| MerkleProof {
        leaf: leaf(nonce),
        branch: tree.branch(nonce - start).unwrap(),
    };
    let result = BatchResult {
        merkle_root: tree.root(),
        solution_nonces: nonces.rev().filter(|nonce| nonce % 2 == 0).collect(),
        merkle_proofs: sampled.into_iter().rev().map(proof).collect(),
    };
    let mut event = serde_json::to_value(result).unwrap();
    event["benchmark_id"] = json!(ID);
    event["start_nonce"] = json!(start);
    event["slave"] = json!("slave-1");
    event
}

/// What was emitted, without the measurements that come with each `update`.
fn emitted(manager: &mut Harness<JobManager>) -> Vec<(String, Value)> {
    let mut emitted = manager.emitted();
    emitted.retain(|(event, _)| event != "throughput");
    emitted
}

fn take(manager: &mut Harness<JobManager>, name: &str) -> Vec<Value> {
    let emitted = emitted(manager)
        .into_iter()
        .filter(|(event, _)| event == name);
    emitted.map(|(_, arguments)| arguments).collect()
}

fn stage(manager: &mut Harness<JobManager>) -> Value {
    let reply = manager.request("GET", "/jobs", &[], "").unwrap();
    serde_json::from_slice::<Value>(&reply.body).unwrap()[0].clone()
}

/// Computes all batches of the first block and returns `benchmark_ready`.
fn compute(manager: &mut Harness<JobManager>) -> Value {
    manager.event("new_block", block(101));
    for batch in take(manager, "new_batch") {
        manager.event("batch_result", work(&batch));
    }
    take(manager, "benchmark_ready").pop().unwrap()
}

fn block_with_benchmark(height: u32, merkle_root: &Value) -> Value {
    let mut block = block(height);
    block["benchmarks"][ID] = benchmark(merkle_root);
    block
}

/// A block that shows the precommit with another random hash, after a rollback.
fn reconfirmed(mut block: Value) -> Value {
    block["precommits"][ID]["state"]["rand_hash"] = json!("block101b");
    block
}

fn whole_tree() -> MerkleTree {
    let leaves = (0..NUM_NONCES)
        .map(|nonce| leaf(nonce).leaf_hash())
        .collect();
    MerkleTree::new(leaves, 16).unwrap()
}

#[test]
fn a_precommit_becomes_a_benchmark_and_a_proof() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batches = take(&mut manager, "new_batch");
    let starts: Vec<_> = batches
        .iter()
        .map(|b| (b["start_nonce"].clone(), b["num_nonces"].clone()))
        .collect();
    assert_eq!(
        starts,
        [
            (json!(0), json!(4)),
            (json!(4), json!(4)),
            (json!(8), json!(2))
        ]
    );
    assert_eq!(batches[0]["rand_hash"], "block101");
    for batch in &batches {
        assert_eq!(take(&mut manager, "benchmark_ready"), [] as [Value; 0]);
        manager.event("batch_result", work(batch));
    }
    assert_eq!(manager.unfinished(), 1, "a drain waits for its proof");
    let ready = take(&mut manager, "benchmark_ready");
    assert_eq!(
        ready,
        [
            json!({ "benchmark_id": ID, "merkle_root": whole_tree().root(),
        "solution_nonces": [0, 2, 4, 6, 8], "rand_hash": "block101" })
        ]
    );

    manager.event(
        "new_block",
        block_with_benchmark(103, &ready[0]["merkle_root"]),
    );
    let batches = take(&mut manager, "new_batch");
    let sampled: Vec<_> = batches
        .iter()
        .map(|batch| batch["sampled_nonces"].clone())
        .collect();
    assert_eq!(sampled, [json!([0, 2]), json!([9])]);
    for batch in &batches {
        manager.event("batch_result", work(batch));
    }
    let proof = take(&mut manager, "proof_ready").pop().unwrap();
    let proofs: Vec<MerkleProof> = serde_json::from_value(proof["merkle_proofs"].clone()).unwrap();
    assert_eq!(
        proofs.iter().map(|p| p.leaf.nonce).collect::<Vec<_>>(),
        [0, 2, 9]
    );
    for proof in &proofs {
        assert_eq!(proof.branch, whole_tree().branch(proof.leaf.nonce).unwrap());
    }
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
    manager.update();
    let at_stage = |stage| manager.metric("jobs", &[("stage", stage)]);
    assert_eq!(
        (at_stage("proof_ready"), at_stage("computing")),
        (Some(1.0), Some(0.0))
    );

    let mut done = block_with_benchmark(105, &ready[0]["merkle_root"]);
    done["proofs"][ID] = json!({ "benchmark_id": ID });
    manager.event("new_block", done.clone());
    manager.event("new_block", done);
    let root = format!("root/{ID}");
    assert!(manager.stored().keys().eq(["network", &root]));
    assert_eq!(manager.unfinished(), 0);
    assert_eq!(take(&mut manager, "new_batch"), [] as [Value; 0]);
}

proptest! {
    /// Whatever is repeated, reordered or interrupted by restarts, the same benchmark and proof come out.
    #[test]
    fn repetition_order_and_restarts_change_nothing(steps in proptest::collection::vec(0_usize..10, 0..40)) {
        let mut manager = start(4);
        let root = json!(whole_tree().root());
        let mut batches: Vec<Value> = Vec::new();
        let mut confirmed = false;
        let mut step = |manager: &mut Harness<JobManager>, step: usize| {
            match step {
                0 => manager.restart(),
                1 => manager.advance_ms(30_000),
                2 => manager.update(),
                3 if confirmed => manager.event("new_block", block_with_benchmark(103, &root)),
                3 => manager.event("new_block", block(101)),
                4 => manager.event("precommit_confirmed", json!({ "precommit": precommit(NUM_NONCES) })),
                // The batch that was emitted last, or the one before that, and so on.
                _ => if let Some(batch) = batches.iter().rev().nth(step - 5) {
                    manager.event("batch_result", work(batch));
                },
            }
            for (event, arguments) in emitted(manager) {
                match event.as_str() {
                    "new_batch" => batches.push(arguments),
                    "benchmark_ready" => {
                        assert_eq!(arguments["merkle_root"], root);
                        assert_eq!(arguments["solution_nonces"], json!([0, 2, 4, 6, 8]));
                        confirmed = true;
                    }
                    "proof_ready" => {
                        let nonces: BTreeSet<u64> = arguments["merkle_proofs"].as_array().unwrap()
                            .iter().map(|proof| proof["leaf"]["nonce"].as_u64().unwrap()).collect();
                        assert_eq!(nonces, BTreeSet::from(SAMPLED));
                        assert_eq!(arguments["merkle_proofs"].as_array().unwrap().len(), SAMPLED.len());
                    }
                    other => panic!("unexpected {other}"),
                }
            }
        };
        for number in steps {
            step(&mut manager, number);
        }
        // However it began, it can be finished.
        for number in [3, 1, 2, 5, 6, 7, 3, 1, 2, 5, 6, 7] {
            step(&mut manager, number);
        }
        prop_assert_eq!(stage(&mut manager)["stage"].clone(), "proof_ready");
    }
}

#[test]
fn what_is_ready_is_announced_once_per_process() {
    let mut manager = start(4);
    compute(&mut manager);
    manager.event("new_block", block(102));
    manager.update();
    assert_eq!(emitted(&mut manager), []);
    manager.restart();
    manager.update();
    manager.update();
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
}

#[test]
fn unanswered_batches_are_reissued_after_the_delay() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
    manager.advance_ms(29_999);
    manager.update();
    assert_eq!(take(&mut manager, "new_batch").len(), 0);
    manager.advance_ms(1);
    manager.update();
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
}

#[test]
fn a_huge_job_is_handed_out_in_portions() {
    let mut manager = start(1);
    let mut huge = empty_block(101);
    huge["precommits"][ID] = precommit(NEW_BATCHES_MAX as u64 + 5);
    manager.event("new_block", huge);
    assert_eq!(take(&mut manager, "new_batch").len(), NEW_BATCHES_MAX);
    manager.update();
    assert_eq!(take(&mut manager, "new_batch").len(), 5);
}

#[test]
fn a_job_ends_by_height_not_by_an_empty_listing() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    manager.event("new_block", empty_block(220));
    assert_eq!(stage(&mut manager)["stage"], "computing");
    manager.event("new_block", empty_block(221));
    assert_eq!(manager.stored().keys().collect::<Vec<_>>(), ["network"]);
    manager.event("new_block", block(222));
    assert_eq!(stage(&mut manager), Value::Null);
}

#[test]
fn the_limits_are_those_of_the_block_in_the_settings() {
    let mut manager = start(4);
    manager.event("new_block", empty_block(100));
    manager.restart();
    manager.event("new_block", block(101));
    let batch = take(&mut manager, "new_batch").remove(0);
    assert_eq!(batch["wasm_vm_config"]["max_fuel"], 100);
}

#[test]
fn sampled_batches_are_due_at_once_even_if_leased() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
    let root = json!(whole_tree().root());
    manager.event("new_block", block_with_benchmark(103, &root));
    let sampled = take(&mut manager, "new_batch");
    let starts: Vec<_> = sampled.iter().map(|b| b["start_nonce"].clone()).collect();
    assert_eq!(starts, [json!(0), json!(8)]);
}

#[test]
fn the_recorded_config_is_enough() {
    let mut settings: Value = serde_json::from_str(include_str!(
        "../../../vectors/recordings/single_knapsack_config.json"
    ))
    .unwrap();
    settings["name"] = json!("job_manager");
    drop(Harness::<JobManager>::start(settings));
}

#[test]
fn a_result_costs_one_record_however_large_its_job_is() {
    let mut manager = start(1);
    let mut large = empty_block(101);
    large["precommits"][ID] = precommit(3_000);
    manager.event("new_block", large);
    let batches = take(&mut manager, "new_batch");
    for (index, batch) in batches.iter().take(2_000).enumerate() {
        let before = if index % 500 == 0 {
            manager.stored()
        } else {
            BTreeMap::new()
        };
        manager.event("batch_result", work(batch));
        if index % 500 == 0 {
            let after = manager.stored();
            let changed = after
                .iter()
                .filter(|(key, value)| before.get(*key) != Some(value));
            let changed: Vec<&String> = changed.map(|(key, _)| key).collect();
            assert_eq!(changed, [&format!("batch/{ID}/{index:010}")]);
        }
    }
}

/// A whole life recorded from the reference master, slave and worker: 20 nonces of knapsack in batches of 8, 8 and 4.
#[test]
fn recorded_results_give_the_recorded_submissions() {
    let recorded: Value =
        serde_json::from_str(include_str!("../testdata/single_knapsack.json")).unwrap();
    let id = recorded["precommit"]["benchmark_id"].as_str().unwrap();
    let mut manager = start(8);
    let mut block = empty_block(500_002);
    block["precommits"][id] = recorded["precommit"].clone();
    manager.event("new_block", block.clone());
    for result in recorded["results"].as_array().unwrap() {
        manager.event("batch_result", result.clone());
    }
    let mut submitted = recorded["submitted_benchmark"].clone();
    submitted["rand_hash"] = recorded["precommit"]["state"]["rand_hash"].clone();
    assert_eq!(take(&mut manager, "benchmark_ready"), [submitted]);

    block["benchmarks"][id] = recorded["benchmark"].clone();
    manager.event("new_block", block);
    for result in recorded["priority_results"].as_array().unwrap() {
        manager.event("batch_result", result.clone());
    }
    let proof = take(&mut manager, "proof_ready").remove(0);
    // The reference sends the proofs in no particular order.
    let by_nonce = |proof: &Value| {
        let mut proofs = proof["merkle_proofs"].as_array().unwrap().clone();
        proofs.sort_by_key(|proof| proof["leaf"]["nonce"].as_u64());
        proofs
    };
    assert_eq!(by_nonce(&proof), by_nonce(&recorded["submitted_proof"]));
}

#[test]
fn a_huge_job_goes_on_before_the_next_update() {
    let mut manager = start(1);
    let mut huge = empty_block(101);
    huge["precommits"][ID] = precommit(NEW_BATCHES_MAX as u64 + 500);
    manager.event("new_block", huge);
    let batches = take(&mut manager, "new_batch");
    let mut more = 0;
    for batch in &batches {
        manager.event("batch_result", work(batch));
        more += take(&mut manager, "new_batch").len();
    }
    assert_eq!(more, 500);
}

#[test]
fn a_precommit_seen_too_late_is_not_computed() {
    // A benchmark confirmed at 128 can be proved at 129.
    for (height, expected) in [(127, "computing"), (128, "abandoned")] {
        let mut manager = start(4);
        manager.event("new_block", with_delay(block(height)));
        assert_eq!(stage(&mut manager)["stage"], expected, "{height}");
    }
}

/// A block at which a proof counts that is confirmed within 29 blocks of the start at 100.
fn with_delay(mut block: Value) -> Value {
    let submissions = &mut block["block"]["config"]["benchmark_submissions"];
    submissions["submission_delay_multiplier"] = json!(3.0);
    block
}

#[test]
fn a_known_job_is_abandoned_once_too_late() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batches = take(&mut manager, "new_batch");
    manager.event("batch_result", work(&batches[0]));
    manager.restart();
    manager.event("new_block", with_delay(block(128)));
    let job = stage(&mut manager);
    assert_eq!(job["stage"], "abandoned");
    assert_eq!(job["reason_code"]["kind"], "too_late");
    assert_eq!(take(&mut manager, "new_batch"), [] as [Value; 0]);
    assert_eq!(manager.unfinished(), 0, "a drain does not wait for it");
    manager.update();
    let events = manager.emitted();
    let throughput = events.iter().find(|(name, _)| name == "throughput");
    let open = &throughput.unwrap().1["challenges"]["c003"]["open_nonces"];
    assert_eq!(*open, 0, "it holds no new precommit back");

    // An earlier block, as after a restart of the host.
    manager.event("new_block", with_delay(block(127)));
    assert_eq!(take(&mut manager, "new_batch"), batches[1..]);
    for batch in &batches[1..] {
        manager.event("batch_result", work(batch));
    }
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
}

#[test]
fn what_is_ready_stays_when_it_is_too_late() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    manager.event("new_block", with_delay(block(129)));
    assert_eq!(stage(&mut manager)["stage"], "benchmark_ready");

    // Proofs would have to be computed.
    manager.event("new_block", with_delay(block_with_benchmark(130, &root)));
    assert_eq!(stage(&mut manager)["stage"], "abandoned");
    assert_eq!(take(&mut manager, "new_batch"), [] as [Value; 0]);

    manager.event("new_block", with_delay(block_with_benchmark(128, &root)));
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", work(&batch));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
    manager.event("new_block", with_delay(block_with_benchmark(129, &root)));
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
}

#[test]
fn throughput_is_published_when_it_changes() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let mut reported = Vec::new();
    let mut update = |manager: &mut Harness<JobManager>| {
        manager.update();
        manager.advance_ms(5_000);
        let events = manager.emitted().into_iter();
        reported.extend(events.filter(|(name, _)| name == "throughput"));
    };
    for _ in 0..3 {
        update(&mut manager);
    }
    let batch = json!({ "start_nonce": 0, "num_nonces": 4, "batch_size": 4, "sampled_nonces": [] });
    manager.event("batch_result", work(&batch));
    for _ in 0..10 {
        update(&mut manager);
    }
    assert_eq!(reported[0].1["challenges"]["c003"]["open_nonces"], 10);
    let last = &reported.last().unwrap().1["challenges"]["c003"];
    assert_eq!(last["open_nonces"], 6);
    let rate = last["nonces_per_second"].as_f64().unwrap();
    assert!((0.05..0.2).contains(&rate), "{rate}");
}

#[test]
fn steady_throughput_is_not_repeated() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    manager.update();
    let batch = json!({ "start_nonce": 0, "num_nonces": 4, "batch_size": 4, "sampled_nonces": [] });
    manager.event("batch_result", work(&batch));
    let mut events = 0;
    for _ in 0..200 {
        manager.advance_ms(1_000);
        manager.update();
        let emitted = manager.emitted().into_iter();
        events += emitted.filter(|(name, _)| name == "throughput").count();
    }
    assert!(events < 80, "{events} events at 200 updates");
}
