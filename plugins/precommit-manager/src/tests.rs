//! The extension as the host drives it.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use crate::PrecommitManager;

mod failed_handlers;
mod heights;
mod limits;
mod operator;
mod participation;
mod recorded;
mod selector;

const PLAYER: &str = "0x1111111111111111111111111111111111111111";

fn config(max: u32, selection: Value) -> Value {
    let section = json!({ "max_precommits_per_block": max, "algo_selection": selection });
    json!({ "name": "precommit_manager", "player_id": PLAYER, "config": { "precommit_manager": section } })
}

fn select(algorithm: &str, weight: f64) -> Value {
    json!({ "algorithm": algorithm, "num_nonces": 20, "weight": weight })
}

fn both() -> Value {
    json!({ "satisfiability": select("walk_sat", 1.0), "knapsack": select("greedy_swap", 1.0) })
}

fn manager(max: u32, selection: Value) -> Harness<PrecommitManager> {
    Harness::start(config(max, selection))
}

fn challenge(id: &str, name: &str) -> Value {
    json!({ "id": id, "details": { "name": name },
            "block_data": { "base_fee": "1000000000000000000", "per_nonce_fee": "100000000000000000" } })
}

fn algorithm(id: &str, challenge_id: &str, name: &str) -> Value {
    json!({ "id": id, "block_data": {}, "state": { "banned": false },
            "details": { "name": name, "player_id": "0x2", "challenge_id": challenge_id, "tx_hash": "0x" } })
}

fn wasm(id: &str) -> Value {
    json!({ "algorithm_id": id, "details": { "compile_success": true, "download_url": "http://x/a.wasm" } })
}

/// Satisfiability and knapsack with one usable algorithm each. A precommit of 20 nonces costs 3 TIG. Block `b1` is of height
/// 100, `b2` of height 101.
fn block(id: &str) -> Value {
    let number: u32 = id[1..].parse().unwrap();
    json!({
        "block": { "id": id, "details": { "height": 99 + number }, "config": { "benchmark_submissions":
            { "lifespan_period": 120, "submission_delay_multiplier": 3.0 } } },
        "challenges": { "c001": challenge("c001", "satisfiability"), "c003": challenge("c003", "knapsack") },
        "algorithms": {
            "c001_a001": algorithm("c001_a001", "c001", "walk_sat"),
            "c003_a001": algorithm("c003_a001", "c003", "greedy_swap"),
        },
        "wasms": { "c001_a001": wasm("c001_a001"), "c003_a001": wasm("c003_a001") },
        "player": null, "precommits": {}, "proofs": {},
    })
}

fn player_with(balance: &str) -> Value {
    json!({ "id": PLAYER, "details": { "name": "me", "is_multisig": false },
            "state": { "available_fee_balance": balance } })
}

fn samples(challenge_id: &str, block_id: &str, samples: Value) -> Value {
    json!({ "challenge_id": challenge_id, "block_id": block_id, "samples": samples })
}

fn give(
    manager: &mut Harness<PrecommitManager>,
    challenge_id: &str,
    block_id: &str,
    points: Value,
) {
    manager.event(
        "difficulty_samples",
        samples(challenge_id, block_id, points),
    );
}

/// The settings of the precommits emitted since the last call.
fn precommits(manager: &mut Harness<PrecommitManager>) -> Vec<Value> {
    let events = manager.emitted().into_iter();
    events
        .filter(|(name, _)| name != "precommits_paused")
        .map(|(name, event)| {
            assert_eq!(name, "precommit_ready");
            assert_eq!(event["num_nonces"], 20);
            event["settings"].clone()
        })
        .collect()
}

fn refuse(
    manager: &mut Harness<PrecommitManager>,
    settings: &Value,
    status: Value,
    will_retry: bool,
) {
    let request = json!({ "settings": settings, "num_nonces": 20 });
    let error =
        json!({ "text": "no", "status": status, "request": request, "will_retry": will_retry });
    manager.event("submit_precommit_error", error);
}

fn warnings(manager: &mut Harness<PrecommitManager>) -> Vec<String> {
    let logs = manager.logs().into_iter();
    logs.filter(|(level, _)| level == "warn")
        .map(|(_, text)| text)
        .collect()
}

fn view(manager: &mut Harness<PrecommitManager>) -> Value {
    let reply = manager.request("GET", "/precommits", &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn settings_hold_the_player_as_the_network_writes_it() {
    let mut config = config(1, both());
    config["player_id"] = json!("5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED");
    let mut manager = Harness::<PrecommitManager>::start(config);
    manager.event("new_block", block("b1"));
    give(&mut manager, "c001", "b1", json!([[50, 300]]));
    manager.update();
    let made = precommits(&mut manager);
    assert_eq!(
        made[0]["player_id"],
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
    );
}

#[test]
fn precommits_are_made_when_the_last_samples_arrive() {
    let mut manager = manager(1, both());
    manager.event("new_block", block("b1"));
    give(&mut manager, "c001", "b1", json!([[50, 300]]));
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    let made = precommits(&mut manager);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["player_id"], PLAYER);
    assert_eq!(made[0]["block_id"], "b1");
    let counted = ["satisfiability", "knapsack"]
        .map(|challenge| manager.metric("precommits", &[("challenge", challenge)]));
    assert_eq!(counted.into_iter().flatten().sum::<f64>(), 1.0);
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0], "one per block");
}

#[test]
fn an_update_does_not_wait_for_missing_samples() {
    let mut manager = manager(1, both());
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    manager.update();
    let made = precommits(&mut manager);
    let expected = json!({ "player_id": PLAYER, "block_id": "b1", "challenge_id": "c003",
                           "algorithm_id": "c003_a001", "difficulty": [60, 11] });
    assert_eq!(made, [expected]);
}

#[test]
fn samples_are_used_only_at_their_own_block() {
    let mut manager = manager(1, both());
    manager.event("new_block", block("b1"));
    manager.event("new_block", block("b2"));
    give(&mut manager, "c001", "b1", json!([[50, 300]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    give(&mut manager, "c001", "b3", json!([[51, 301]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    manager.event("new_block", block("b3"));
    manager.update();
    assert_eq!(precommits(&mut manager)[0]["difficulty"], json!([51, 301]));
}

#[test]
fn the_same_settings_are_never_used_twice_in_a_block() {
    let mut manager = manager(10, json!({ "knapsack": select("greedy_swap", 1.0) }));
    manager.event("new_block", block("b1"));
    give(
        &mut manager,
        "c003",
        "b1",
        json!([[60, 11], [60, 11], [61, 12], [60, 11]]),
    );
    let mut difficulties: Vec<String> = precommits(&mut manager)
        .iter()
        .map(|settings| settings["difficulty"].to_string())
        .collect();
    difficulties.sort();
    assert_eq!(difficulties, ["[60,11]", "[61,12]"]);
    assert_eq!(
        view(&mut manager)["challenges"]["knapsack"]["reason"],
        "all its difficulty samples are used"
    );
}

#[test]
fn challenges_are_chosen_by_weight() {
    let selection = json!({
        "satisfiability": select("walk_sat", 3.0), "knapsack": select("greedy_swap", 1.0),
    });
    let mut manager = manager(1, selection);
    let mut satisfiability = 0;
    for number in 0..1000 {
        let id = format!("b{number}");
        manager.event("new_block", block(&id));
        give(&mut manager, "c001", &id, json!([[50, 300]]));
        give(&mut manager, "c003", &id, json!([[60, 11]]));
        let made = precommits(&mut manager);
        satisfiability += usize::from(made[0]["challenge_id"] == "c001");
    }
    assert!(
        (700..800).contains(&satisfiability),
        "{satisfiability} of 1000"
    );
}

#[test]
fn neither_a_reload_nor_a_restart_pays_twice() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    let made = precommits(&mut manager);
    assert_eq!(made.len(), 1);
    manager.reload();
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    refuse(&mut manager, &made[0], json!(400), false);
    manager.update();
    assert_eq!(
        precommits(&mut manager).len(),
        1,
        "block and samples came along"
    );

    manager.restart();
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
}

#[test]
fn the_route_shows_the_block_and_all_reasons() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    assert_eq!(view(&mut manager)["reason"], "no block yet");
    manager.event("new_block", block("b1"));
    let seen = view(&mut manager);
    assert_eq!(seen["block_id"], "b1");
    assert_eq!(seen["challenges"]["knapsack"]["fee"], "3000000000000000000");
    assert_eq!(
        seen["challenges"]["knapsack"]["reason"],
        "no difficulty samples for this block yet"
    );
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    let seen = view(&mut manager);
    assert_eq!(seen["made"], 1);
    assert_eq!(seen["reason"], "max_precommits_per_block is reached");
    assert_eq!(seen["challenges"]["knapsack"]["reason"], Value::Null);
}

#[test]
fn a_slot_that_may_be_paid_for_is_not_given_back() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    let made = precommits(&mut manager);
    for (status, will_retry) in [
        (Value::Null, false),
        (json!(500), false),
        (json!(400), true),
    ] {
        refuse(&mut manager, &made[0], status, will_retry);
        manager.update();
        assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    }
    refuse(&mut manager, &made[0], json!(400), false);
    manager.update();
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn slots_of_a_block_are_spread_over_challenges() {
    let selection = json!({
        "knapsack": select("greedy_swap", 1.0),
        "satisfiability": select("walk_sat", 1.0),
    });
    let mut manager = manager(2, selection);
    for height in 0..50 {
        let block_id = format!("b{height}");
        manager.event("new_block", block(&block_id));
        give(
            &mut manager,
            "c001",
            &block_id,
            json!([[50, 300], [51, 300]]),
        );
        give(&mut manager, "c003", &block_id, json!([[60, 11], [61, 11]]));
        let made = precommits(&mut manager);
        let challenges: Vec<&Value> = made
            .iter()
            .map(|settings| &settings["challenge_id"])
            .collect();
        assert_eq!(challenges.len(), 2);
        assert_ne!(challenges[0], challenges[1]);
    }
}
