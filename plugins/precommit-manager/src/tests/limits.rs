//! What ends the precommits of a block: balance, open work, refusals.

use super::*;

#[test]
fn fees_of_the_block_count_against_the_balance() {
    let mut manager = manager(10, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let mut poor = block("b1");
    poor["player"] = player_with("7000000000000000000");
    manager.event("new_block", poor);
    give(
        &mut manager,
        "c003",
        "b1",
        json!([[60, 11], [61, 11], [62, 11], [63, 11]]),
    );
    assert_eq!(
        precommits(&mut manager).len(),
        2,
        "7 TIG pay for two precommits of 3"
    );
    manager.update();
    let said = warnings(&mut manager);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("fee of 3 TIG is above the balance of 1 TIG"),
        "{said:?}"
    );
}

#[test]
fn too_many_jobs_without_proof_stop_new_ones() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let mut busy = block("b1");
    for number in 0..64 {
        busy["precommits"][format!("p{number}")] = json!({});
    }
    let mut relieved = busy.clone();
    relieved["block"]["id"] = json!("b2");
    relieved["proofs"]["p0"] = json!({});
    manager.event("new_block", busy);
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    let said = warnings(&mut manager);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("64 precommits have no proof yet"),
        "{said:?}"
    );
    manager.event("new_block", relieved);
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn a_refused_precommit_gives_its_slot_back_but_not_its_settings() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    manager.event("new_block", block("b1"));
    let points: Vec<Value> = (60..70).map(|x| json!([x, 11])).collect();
    give(&mut manager, "c003", "b1", json!(points));
    let first = precommits(&mut manager).remove(0);

    refuse(&mut manager, &first, Value::Null, true);
    manager.update();
    assert_eq!(
        precommits(&mut manager),
        [] as [Value; 0],
        "it will be sent again"
    );

    refuse(&mut manager, &first, json!(400), false);
    refuse(&mut manager, &first, json!(400), false);
    manager.update();
    let second = precommits(&mut manager);
    assert_eq!(second.len(), 1, "one slot came back, once");
    assert_ne!(second[0], first);
}

#[test]
fn refusals_in_a_row_end_the_attempts_of_a_block() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let points: Vec<Value> = (60..80).map(|x| json!([x, 11])).collect();
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!(points));
    let mut attempts = 0;
    for _ in 0..10 {
        for settings in precommits(&mut manager) {
            attempts += 1;
            refuse(&mut manager, &settings, json!(401), false);
        }
        manager.update();
    }
    assert_eq!(attempts, 3);
    assert!(warnings(&mut manager)[0].contains("the last 3 precommits were refused"));
    manager.event("new_block", block("b2"));
    give(&mut manager, "c003", "b2", json!(points));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn an_acceptance_ends_a_row_of_refusals() {
    let mut manager = manager(2, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let points: Vec<Value> = (60..80).map(|x| json!([x, 11])).collect();
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!(points));
    let made = precommits(&mut manager);
    manager.event(
        "submit_precommit_success",
        json!({ "text": "", "settings": made[0], "num_nonces": 20 }),
    );
    assert_eq!(manager.stored()["ledger"]["rejections"], 0);
    refuse(&mut manager, &made[1], json!(400), false);
    for _ in 0..3 {
        manager.update();
        for settings in precommits(&mut manager) {
            refuse(&mut manager, &settings, json!(400), false);
        }
    }
    assert_eq!(manager.stored()["ledger"]["rejections"], 3);
    manager.event(
        "submit_precommit_success",
        json!({ "text": "", "settings": made[0], "num_nonces": 20 }),
    );
    manager.update();
    assert_eq!(precommits(&mut manager).len(), 1);
}
