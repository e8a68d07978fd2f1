//! The extension as the host drives it: batches in, slaves at the door.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Map, Value, json};
use tig_plugin_api::HttpReply;
use tig_plugin_api::testing::Harness;
use tig_protocol::{BatchResult, MerkleProof, MerkleTree, OutputData};

use crate::SlaveManager;

mod conditions;
mod cordon;
mod failed_handlers;
mod panel;
mod recorded;
mod trust;
mod unable;
mod versions;
mod waiting;

type Manager = Harness<SlaveManager>;

const ID: &str = "c0ffee";

const LEASE_MS: u64 = 120_000;

fn start() -> Manager {
    Harness::start(json!({ "name": "slave_manager" }))
}

fn batch(benchmark_id: &str, start_nonce: u64, sampled: &[u64]) -> Value {
    json!({ "benchmark_id": benchmark_id, "settings": { "player_id": "0x1", "block_id": "b", "challenge_id": "c003",
            "algorithm_id": "c003_a001", "difficulty": [50, 10] },
        "num_nonces": 4, "start_nonce": start_nonce, "batch_size": 4, "rand_hash": "r", "sampled_nonces": sampled,
        "wasm_vm_config": { "max_memory": 1, "max_fuel": 2 }, "download_url": "http://x/a.wasm" })
}

fn leaf(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: nonce,
        fuel_consumed: 7,
        solution: Map::new(),
    }
}

fn result(batch: &Value) -> Value {
    let start = batch["start_nonce"].as_u64().unwrap();
    let tree = MerkleTree::new(
        (start..start + 4)
            .map(|nonce| leaf(nonce).leaf_hash())
            .collect(),
        4,
    )
    .unwrap();
    let sampled: Vec<u64> = serde_json::from_value(batch["sampled_nonces"].clone()).unwrap();
    let proof = |nonce: u64| MerkleProof {
        leaf: leaf(nonce),
        branch: tree.branch(nonce - start).unwrap(),
    };
    let result = BatchResult {
        merkle_root: tree.root(),
        solution_nonces: vec![start, start + 3],
        merkle_proofs: sampled.into_iter().map(proof).collect(),
    };
    serde_json::to_value(result).unwrap()
}

fn get(manager: &mut Manager, slave: &str) -> Option<Value> {
    let reply = manager
        .request("GET", "/get-batch", &[("user-agent", slave)], "")
        .unwrap();
    if reply.status == 404 {
        assert_eq!(
            (reply.content_type.as_str(), reply.body.as_slice()),
            ("text/plain", &b"No batches available"[..])
        );
        return None;
    }
    assert_eq!(reply.status, 200);
    Some(serde_json::from_slice(&reply.body).unwrap())
}

fn post(manager: &mut Manager, slave: &str, batch: &Value, result: &Value) -> HttpReply {
    let path = format!(
        "/submit-batch-result/{}_{}",
        batch["benchmark_id"].as_str().unwrap(),
        batch["start_nonce"]
    );
    manager
        .request("POST", &path, &[("user-agent", slave)], result.to_string())
        .unwrap()
}

fn slaves(manager: &mut Manager) -> Value {
    let reply = manager.request("GET", "/slaves", &[], "").unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

fn block(height: u32, precommits: &[(&str, u32)], proofs: &[&str]) -> Value {
    let precommit = |&(id, block_started): &(&str, u32)| {
        let settings = batch(id, 0, &[])["settings"].clone();
        let precommit = json!({ "benchmark_id": id, "settings": settings, "state": null,
            "details": { "block_started": block_started, "num_nonces": 8, "fee_paid": null } });
        (id.to_owned(), precommit)
    };
    let proof = |&id: &&str| (id.to_owned(), json!({ "benchmark_id": id }));
    json!({ "block": { "id": "b", "details": { "height": height },
            "config": { "benchmark_submissions": { "lifespan_period": 120 } } },
        "precommits": precommits.iter().map(precommit).collect::<Map<_, _>>(),
        "proofs": proofs.iter().map(proof).collect::<Map<_, _>>() })
}

#[test]
fn a_batch_goes_out_unchanged_and_its_result_in() {
    let mut manager = start();
    let batch = batch(ID, 4, &[]);
    manager.event("new_batch", batch.clone());
    manager.event("new_batch", batch.clone());
    assert_eq!(get(&mut manager, "ann"), Some(batch.clone()));
    assert_eq!(
        get(&mut manager, "bob"),
        None,
        "it is out with one slave at a time"
    );

    let mut sent = result(&batch);
    sent["benchmark_id"] = json!("forged");
    let reply = post(&mut manager, "ann", &batch, &sent);
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"OK"[..]));
    let mut expected = result(&batch);
    expected["benchmark_id"] = json!(ID);
    expected["start_nonce"] = json!(4);
    expected["slave"] = json!("ann");
    expected["rand_hash"] = json!("r");
    assert_eq!(manager.emitted(), [("batch_result".to_owned(), expected)]);
    let report = slaves(&mut manager);
    assert_eq!(
        (&report["queued"], &report["leased"], &report["waiting"]),
        (&json!(0), &json!(0), &json!("no_batches"))
    );
    let ann = &report["slaves"][0];
    assert_eq!(
        (
            &ann["name"],
            &ann["batches"],
            &ann["nonces"],
            &ann["errors"],
            &ann["standing"]
        ),
        (
            &json!("ann"),
            &json!(1),
            &json!(4),
            &json!(0),
            &json!("welcome")
        )
    );
    assert_eq!(report["slaves"][1]["name"], "bob");

    for (slave, passed_on) in [("ann", 0), ("bob", 1)] {
        let reply = post(&mut manager, slave, &batch, &result(&batch));
        assert_eq!(reply.status, 200);
        let emitted = manager.emitted().len();
        assert_eq!(emitted, passed_on, "the second opinion is another slave's");
    }
    manager.event("new_batch", batch.clone());
    assert_eq!(
        get(&mut manager, "bob"),
        Some(batch),
        "asked for again: its result was refused"
    );
}

#[test]
fn priority_batches_go_first_then_the_oldest_job() {
    let mut manager = start();
    for batch in [
        batch("a", 4, &[]),
        batch("b", 0, &[]),
        batch("a", 0, &[]),
        batch("b", 4, &[5]),
    ] {
        manager.event("new_batch", batch);
    }
    let mut order = Vec::new();
    while let Some(batch) = get(&mut manager, "ann") {
        order.push((batch["benchmark_id"].clone(), batch["start_nonce"].clone()));
    }
    assert_eq!(
        order,
        [("b", 4), ("a", 0), ("a", 4), ("b", 0)].map(|(id, start)| (json!(id), json!(start)))
    );
}

#[test]
fn a_priority_batch_replaces_a_queued_plain_one() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    assert_eq!(get(&mut manager, "ann").unwrap()["start_nonce"], 0);
    manager.event("new_batch", batch(ID, 0, &[1]));
    manager.event("new_batch", batch(ID, 4, &[6]));
    manager.event("new_batch", batch(ID, 4, &[]));
    let counts = slaves(&mut manager);
    assert_eq!(
        (&counts["queued"], &counts["priority"]),
        (&json!(2), &json!(2))
    );
    let priority = get(&mut manager, "bob").unwrap();
    assert_eq!(priority["sampled_nonces"], json!([1]));

    let plain = batch(ID, 0, &[]);
    assert_eq!(
        post(&mut manager, "ann", &plain, &result(&plain)).status,
        200
    );
    assert_eq!(
        slaves(&mut manager)["leased"],
        1,
        "the priority batch is still out"
    );
    assert_eq!(
        post(&mut manager, "bob", &priority, &result(&priority)).status,
        200
    );
    assert_eq!(manager.emitted().len(), 2);
}

#[test]
fn a_malformed_result_frees_its_batch_at_once() {
    let priority = batch(ID, 0, &[1]);
    let good = result(&priority);
    let mutations: [(&str, Value); 6] = [
        ("/solution_nonces", json!([4])),
        ("/solution_nonces", json!([1, 1])),
        ("/merkle_root", json!("zz")),
        ("/merkle_root", json!("11".repeat(32))),
        ("/merkle_proofs", json!([])),
        (
            "/merkle_proofs/0/branch",
            json!("05".to_owned() + &"11".repeat(32)),
        ),
    ];
    for (pointer, value) in mutations {
        let mut manager = start();
        manager.event("new_batch", priority.clone());
        get(&mut manager, "ann").unwrap();
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let reply = post(&mut manager, "ann", &priority, &bad);
        assert_eq!(reply.status, 400, "{bad}");
        assert_eq!(manager.emitted(), []);
        assert_eq!(slaves(&mut manager)["slaves"][0]["errors"], 1);
        assert_eq!(get(&mut manager, "bob"), Some(priority.clone()), "{bad}");

        // Not the leaseholder's: its lease goes on.
        assert_eq!(post(&mut manager, "eve", &priority, &json!({})).status, 400);
        assert_eq!(get(&mut manager, "ann"), None);
    }
}

#[test]
fn batch_ids_and_names_must_be_well_formed() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    for id in [
        "",
        "c0ffee",
        "c0ffee_",
        "_0",
        "c0ffee_-1",
        "c0ffee_+1",
        "c0ffee_0_0",
        "c0%66ee_0",
        "../../etc/passwd",
        "../c0ffee_0",
        "c0ffee_0/..",
        "%2e%2e%2fc0ffee_0",
        "c0ffee_99999999999999999999",
        "c0ffee_0\0",
        "c0ffee_٣",
    ] {
        let path = format!("/submit-batch-result/{id}");
        let body = result(&batch(ID, 0, &[])).to_string();
        let reply = manager
            .request("POST", &path, &[("user-agent", "ann")], body)
            .unwrap();
        assert_eq!(reply.status, 400, "{id}");
    }
    for headers in [&[][..], &[("user-agent", " \r\n")]] {
        assert_eq!(
            manager
                .request("GET", "/get-batch", headers, "")
                .unwrap()
                .status,
            400
        );
    }
    assert_eq!(
        slaves(&mut manager)["leased"],
        0,
        "nothing was taken from the queue"
    );
    get(&mut manager, &format!("evil\nname{}", "x".repeat(100))).unwrap();
    let name = slaves(&mut manager)["slaves"][1]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        name.starts_with("evilname") && name.chars().count() == 64,
        "{name}"
    );
}

#[test]
fn results_of_any_slave_and_batch_are_accepted() {
    let mut manager = start();
    let known = batch(ID, 0, &[]);
    manager.event("new_batch", known.clone());
    get(&mut manager, "ann").unwrap();
    assert_eq!(
        post(&mut manager, "bob", &known, &result(&known)).status,
        200
    );
    assert_eq!(slaves(&mut manager)["leased"], 0);
    let unknown = batch("f00d", 8, &[9]);
    assert_eq!(
        post(&mut manager, "bob", &unknown, &result(&unknown)).status,
        200
    );
    assert_eq!(manager.emitted().len(), 2);
}

#[test]
fn an_expired_lease_returns_to_the_queue() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "ann").unwrap();
    manager.advance_ms(LEASE_MS - 1);
    manager.update();
    assert_eq!(get(&mut manager, "bob"), None);
    manager.advance_ms(1);
    assert!(get(&mut manager, "bob").is_some());
}

#[test]
fn proved_and_expired_jobs_are_forgotten_unlisted_not() {
    let mut manager = start();
    for id in ["proved", "expired", "live", "unlisted"] {
        manager.event("new_batch", batch(id, 0, &[]));
    }
    manager.event(
        "new_block",
        block(
            200,
            &[("proved", 150), ("expired", 79), ("live", 80)],
            &["proved"],
        ),
    );
    assert_eq!(slaves(&mut manager)["queued"], 2);
    manager.event("new_block", block(320, &[], &[]));
    assert_eq!(
        get(&mut manager, "ann").unwrap()["benchmark_id"],
        "unlisted"
    );
    manager.event("new_block", block(321, &[], &[]));
    assert_eq!(slaves(&mut manager)["leased"], 0);
}

#[test]
fn batches_of_jobs_too_late_to_count_are_forgotten() {
    let mut manager = start();
    let started = [("proof", 100), ("benchmark", 101), ("live", 101)];
    for (id, _) in started {
        manager.event("new_batch", batch(id, 0, &[]));
    }
    // A proof counts for 29 blocks, and a benchmark is confirmed one block before its proof at the latest.
    let mut block = block(129, &started, &[]);
    for id in ["proof", "live"] {
        block["benchmarks"][id] = json!({ "id": id });
    }
    let submissions = &mut block["block"]["config"]["benchmark_submissions"];
    submissions["submission_delay_multiplier"] = json!(3.0);
    manager.event("new_block", block);
    assert_eq!(get(&mut manager, "ann").unwrap()["benchmark_id"], "live");
    assert_eq!(get(&mut manager, "bob"), None);
}

#[test]
fn incomplete_listing_keeps_benchmarked_batches() {
    let mut manager = start();
    let started = [("listed", 100), ("sampled", 100), ("unknown", 100)];
    for (id, _) in started {
        let sampled: &[u64] = if id == "sampled" { &[0] } else { &[] };
        manager.event("new_batch", batch(id, 0, sampled));
    }
    let mut listing = block(127, &started, &[]);
    listing["benchmarks"]["listed"] = json!({ "id": "listed" });
    manager.event("new_block", listing);
    // The last block in which the proof of a confirmed benchmark can be sent.
    for (height, queued) in [(128, 2), (129, 0)] {
        let mut listing = block(height, &started, &[]);
        let submissions = &mut listing["block"]["config"]["benchmark_submissions"];
        submissions["submission_delay_multiplier"] = json!(3.0);
        manager.event("new_block", listing);
        assert_eq!(slaves(&mut manager)["queued"], queued, "{height}");
    }
}

#[test]
fn a_reload_keeps_queue_leases_and_statistics() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    let leased = get(&mut manager, "ann").unwrap();
    let before = slaves(&mut manager);
    manager.reload();
    assert_eq!(slaves(&mut manager), before);
    manager.event("new_batch", leased.clone());
    assert_eq!(get(&mut manager, "bob").unwrap()["start_nonce"], 4);
    post(&mut manager, "ann", &leased, &result(&leased));
    assert_eq!(slaves(&mut manager)["slaves"][0]["batches"], 1);
}

proptest! {
    /// No batch is lost and none is out twice, whatever slaves, clock and job_manager do.
    #[test]
    fn every_batch_is_queued_leased_or_done(steps in proptest::collection::vec((0_u8..6, 0_u64..4), 0..80)) {
        let mut manager = start();
        let mut known = [false; 4];
        let mut out: Vec<Option<(String, u64)>> = vec![None; 4];
        let mut now_ms = 0;
        for (step, number) in steps {
            let plain = batch(ID, number * 4, &[]);
            let slot = number as usize;
            match step {
                0 | 1 => {
                    manager.event("new_batch", plain);
                    known[slot] = true;
                }
                2 | 3 => {
                    let slave = format!("slave{number}");
                    if let Some(batch) = get(&mut manager, &slave) {
                        let slot = (batch["start_nonce"].as_u64().unwrap() / 4) as usize;
                        let was_free = out[slot].as_ref().is_none_or(|(_, until_ms)| *until_ms <= now_ms);
                        prop_assert!(was_free, "batch {} was out", slot);
                        out[slot] = Some((slave, now_ms + LEASE_MS));
                    }
                }
                4 => {
                    manager.advance_ms(LEASE_MS / 2);
                    now_ms += LEASE_MS / 2;
                }
                _ => {
                    prop_assert_eq!(post(&mut manager, "any", &plain, &result(&plain)).status, 200);
                    known[slot] = false;
                    out[slot] = None;
                }
            }
            let counts = slaves(&mut manager);
            let total = counts["queued"].as_u64().unwrap() + counts["leased"].as_u64().unwrap();
            prop_assert_eq!(total, known.iter().filter(|known| **known).count() as u64);
        }
    }
}

#[test]
fn a_batch_given_back_goes_to_another_slave_at_once() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "first").unwrap();
    let mut release = |slave: &str, batch_id: &str, body: &str| {
        let path = format!("/release-batch/{batch_id}");
        let reply = manager.request("POST", &path, &[("user-agent", slave)], body);
        reply.unwrap().status
    };
    let reason = r#"{ "reason": "module is missing" }"#;
    assert_eq!(release("second", "c0ffee_0", reason), 200);
    assert_eq!(release("first", "c0ffee_0", "no json"), 400);
    assert_eq!(release("first", "no id", reason), 400);
    assert_eq!(
        get(&mut manager, "second"),
        None,
        "only its holder can give it back"
    );

    let path = "/release-batch/c0ffee_0";
    manager
        .request("POST", path, &[("user-agent", "first")], reason)
        .unwrap();
    assert_eq!(get(&mut manager, "second").unwrap(), batch(ID, 0, &[]));
}

#[test]
fn a_reconfirmed_precommit_needs_another_result() {
    let mut manager = start();
    let old = batch(ID, 0, &[]);
    manager.event("new_batch", old.clone());
    assert_eq!(get(&mut manager, "slower"), Some(old.clone()));
    manager.advance_ms(LEASE_MS);
    assert_eq!(get(&mut manager, "slow"), Some(old.clone()));
    let mut new = old.clone();
    new["rand_hash"] = json!("other");
    manager.event("new_batch", new.clone());
    for slave in ["slow", "slower"] {
        assert_eq!(post(&mut manager, slave, &old, &result(&old)).status, 409);
    }
    assert_eq!(manager.emitted(), []);
    assert_eq!(get(&mut manager, "slow"), None, "others first");
    assert_eq!(get(&mut manager, "other"), Some(new.clone()));
    assert_eq!(post(&mut manager, "other", &new, &result(&new)).status, 200);
    assert_eq!(manager.emitted().len(), 1);
    assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
}

#[test]
fn a_reconfirming_block_ends_stale_batches() {
    let mut manager = start();
    let old = batch(ID, 0, &[]);
    manager.event("new_batch", old.clone());
    manager.event("new_batch", batch(ID, 4, &[]));
    assert_eq!(get(&mut manager, "ann"), Some(old.clone()));
    let mut block = block(101, &[(ID, 100)], &[]);
    manager.event("new_block", block.clone());
    assert_eq!(slaves(&mut manager)["queued"], 1, "no hash says nothing");
    block["precommits"][ID]["state"] = json!({ "rand_hash": "other" });
    manager.event("new_block", block.clone());
    assert_eq!(get(&mut manager, "bob"), None);
    assert_eq!(post(&mut manager, "ann", &old, &result(&old)).status, 409);
    assert_eq!(manager.emitted(), []);

    let mut new = old.clone();
    new["rand_hash"] = json!("other");
    manager.event("new_batch", new.clone());
    manager.event("new_block", block);
    assert_eq!(get(&mut manager, "bob"), Some(new.clone()));
    assert_eq!(post(&mut manager, "bob", &new, &result(&new)).status, 200);
}

#[test]
fn a_stated_rand_hash_decides_whether_a_result_counts() {
    let mut manager = start();
    let old = batch(ID, 0, &[]);
    let mut new = old.clone();
    new["rand_hash"] = json!("other");
    let path = format!("/submit-batch-result/{ID}_0");
    let submit = |manager: &mut Manager, rand_hash: &str| {
        let headers = [("user-agent", "ann"), ("x-rand-hash", rand_hash)];
        let body = result(&old).to_string();
        manager
            .request("POST", &path, &headers, body)
            .unwrap()
            .status
    };
    manager.event("new_batch", old.clone());
    assert_eq!(get(&mut manager, "ann"), Some(old.clone()));
    manager.event("new_batch", new.clone());
    assert_eq!(submit(&mut manager, "r"), 409);
    assert_eq!(submit(&mut manager, "r"), 409, "as often as it is sent");
    assert_eq!(manager.emitted(), []);
    assert_eq!(submit(&mut manager, "other"), 200);
    assert_eq!(manager.emitted()[0].1["rand_hash"], "other");
}
