//! A slave that cannot run an algorithm is offered no batch of it for a while, and others of other algorithms all along.

use super::*;

const OTHER: &str = "badcafe";

/// A batch of another job and algorithm, later in the queue.
fn other(start_nonce: u64) -> Value {
    let mut batch = batch(OTHER, start_nonce, &[]);
    batch["settings"]["algorithm_id"] = json!("c003_a002");
    batch
}

fn cannot_run(manager: &mut Manager, slave: &str, start_nonce: u64, body: &Value) {
    let path = format!("/release-batch/{ID}_{start_nonce}");
    let reply = manager.request("POST", &path, &[("user-agent", slave)], body.to_string());
    assert_eq!(reply.unwrap().status, 200);
}

#[test]
fn unable_slave_gets_other_algorithms_only() {
    let mut manager = start();
    // More than are looked at one by one.
    for number in 0..200 {
        manager.event("new_batch", batch(ID, 4 * number, &[]));
    }
    manager.event("new_batch", other(0));
    get(&mut manager, "ann").unwrap();
    manager.woken();
    let body = json!({ "reason": "no space left on device", "retry_ms": 30_000 });
    cannot_run(&mut manager, "ann", 0, &body);
    assert!(manager.woken() > 1, "the first held poll may be of ann");
    assert_eq!(get(&mut manager, "ann").unwrap()["benchmark_id"], OTHER);
    assert_eq!(get(&mut manager, "ann"), None);
    assert_eq!(get(&mut manager, "bob").unwrap()["benchmark_id"], ID);
    let report = slaves(&mut manager);
    let ann = &report["slaves"][0];
    assert_eq!(
        ann["cannot_run"],
        json!([{ "algorithm_id": "c003_a001", "reason": "no space left on device", "ends_in_ms": 30_000 }])
    );
    assert_eq!(
        (&ann["standing"], &ann["failures"]),
        (&json!("welcome"), &json!(1))
    );
    assert_eq!(report["slaves"][1]["cannot_run"], json!([]));
    manager.advance_ms(30_000);
    assert_eq!(get(&mut manager, "ann").unwrap()["benchmark_id"], ID);
}

#[test]
fn stated_time_and_reason_are_bounded() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    get(&mut manager, "ann").unwrap();
    let body = json!({ "reason": "x\n".repeat(10_000), "retry_ms": u64::MAX });
    cannot_run(&mut manager, "ann", 0, &body);
    let report = slaves(&mut manager);
    let stated = &report["slaves"][0]["cannot_run"][0];
    assert_eq!(stated["ends_in_ms"], 600_000);
    assert_eq!(stated["reason"], "x".repeat(200));
    manager.advance_ms(600_000);
    assert!(get(&mut manager, "ann").is_some());
}

#[test]
fn batch_not_held_states_nothing() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    cannot_run(
        &mut manager,
        "ann",
        0,
        &json!({ "reason": "no disk", "retry_ms": 60_000 }),
    );
    assert_eq!(slaves(&mut manager)["slaves"][0]["cannot_run"], json!([]));
    assert!(get(&mut manager, "ann").is_some());
}

#[test]
fn good_result_ends_what_was_stated() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    let first = get(&mut manager, "ann").unwrap();
    let second = get(&mut manager, "ann").unwrap();
    let start_nonce = first["start_nonce"].as_u64().unwrap();
    let body = json!({ "reason": "no disk", "retry_ms": 600_000 });
    cannot_run(&mut manager, "ann", start_nonce, &body);
    assert_eq!(
        post(&mut manager, "ann", &second, &result(&second)).status,
        200
    );
    assert_eq!(slaves(&mut manager)["slaves"][0]["cannot_run"], json!([]));
}
