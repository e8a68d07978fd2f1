//! Benchmarks that are known from before a rollback: by their root for the same random hash, or for another.

use super::audits::{batches, by, lie};
use super::*;

/// Slave `of_4` computes the batch without sampled nonces, Ann the others, and the proof is confirmed. Returns the root.
fn prove(manager: &mut Harness<JobManager>, of_4: fn(Value) -> Value) -> Value {
    for batch in batches(manager) {
        manager.event("batch_result", answer(&batch, of_4));
    }
    let root = take(manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("new_block", block_with_benchmark(103, &root));
    for batch in take(manager, "new_batch") {
        manager.event("batch_result", by("ann", work(&batch)));
    }
    assert_eq!(take(manager, "proof_ready").len(), 1);
    let mut proved = block_with_benchmark(105, &root);
    proved["proofs"][ID] = json!({ "benchmark_id": ID });
    manager.event("new_block", proved);
    assert_eq!(stage(manager), Value::Null);
    root
}

fn answer(batch: &Value, of_4: fn(Value) -> Value) -> Value {
    match batch["start_nonce"] == 4 {
        true => of_4(work(batch)),
        false => by("ann", work(batch)),
    }
}

fn liar(result: Value) -> Value {
    by("liar", lie(result))
}

fn ann(result: Value) -> Value {
    by("ann", result)
}

/// The block of the proof is rolled back, and `block` is the next one. Returns the audits of what was computed again.
fn rebuild(
    manager: &mut Harness<JobManager>,
    block: Value,
    of_4: fn(Value) -> Value,
) -> Vec<Value> {
    manager.restart();
    manager.event("new_block", block);
    for batch in take(manager, "new_batch") {
        manager.event("batch_result", answer(&batch, of_4));
    }
    manager.update();
    let events = emitted(manager);
    let names: BTreeSet<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["audit_batch"]));
    assert_eq!(stage(manager)["stage"], "auditing");
    events.into_iter().map(|(_, audit)| audit).collect()
}

/// A lie in a rebuilt job is found before another root than the former one is handed on.
#[test]
fn rebuilt_job_hands_on_its_former_root_alone() {
    let mut manager = start(4);
    let root = prove(&mut manager, ann);
    let audits = rebuild(&mut manager, block(104), liar);
    manager.event("batch_result", by("ann", work(&audits[1]["batch"])));
    let ready = take(&mut manager, "benchmark_ready");
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0]["merkle_root"], root);
}

#[test]
fn former_root_confirmed_again_is_proved() {
    let mut manager = start(4);
    let root = prove(&mut manager, ann);
    let audits = rebuild(&mut manager, block(104), liar);
    manager.event("new_block", block_with_benchmark(106, &root));
    manager.event("batch_result", by("ann", work(&audits[1]["batch"])));
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", by("ann", work(&batch)));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

#[test]
fn unlisted_root_is_the_former_one() {
    let mut manager = start(4);
    prove(&mut manager, ann);
    let unlisted = block_with_benchmark(106, &Value::Null);
    let audits = rebuild(&mut manager, unlisted, liar);
    manager.event("batch_result", by("ann", work(&audits[1]["batch"])));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

/// A lie that was not sampled was part of the former benchmark, which is gone.
#[test]
fn former_root_that_nobody_reaches_gives_way() {
    let mut manager = start(4);
    let former = prove(&mut manager, liar);
    for audit in rebuild(&mut manager, block(104), ann) {
        manager.event("batch_result", by("bob", work(&audit["batch"])));
    }
    manager.event("new_block", block(106));
    let root = json!(whole_tree().root());
    assert_ne!(former, root);
    let ready = take(&mut manager, "benchmark_ready");
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0]["merkle_root"], root);
}

/// Nobody else is there to find the lie. The network takes one benchmark, and it may be the former one after all.
#[test]
fn former_root_that_nobody_checks_gives_way() {
    let mut manager = start(4);
    let former = prove(&mut manager, ann);
    rebuild(&mut manager, block(104), liar);
    manager.advance_ms(60_000);
    manager.update();
    let ready = take(&mut manager, "benchmark_ready");
    assert_eq!(ready.len(), 1);
    assert_ne!(ready[0]["merkle_root"], former);

    manager.event("new_block", block_with_benchmark(106, &former));
    let proofs = take(&mut manager, "new_batch");
    manager.update();
    assert_eq!(stage(&mut manager)["stage"], "auditing");
    let audits = take(&mut manager, "audit_batch");
    let audits = audits.iter().map(|audit| &audit["batch"]);
    for batch in audits.chain(&proofs) {
        manager.event("batch_result", by("bob", work(batch)));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

/// No result for the present hash can lead to its root, so slaves need not go on.
#[test]
fn benchmark_of_a_former_hash_ends_the_job() {
    for is_listed in [true, false] {
        let mut manager = start(4);
        let root = compute(&mut manager)["merkle_root"].clone();
        manager.event("new_block", reconfirmed(block(102)));
        assert_eq!(take(&mut manager, "new_batch").len(), 3);
        let listed = if is_listed { &root } else { &Value::Null };
        manager.event("new_block", reconfirmed(block_with_benchmark(103, listed)));
        let job = stage(&mut manager);
        assert_eq!(job["stage"], "abandoned");
        let reason = json!({ "kind": "stale_root", "committed": root });
        assert_eq!(job["reason_code"], reason);
        manager.update();
        let withdrawn = json!({ "benchmark_id": ID, "audits_only": false });
        let expected = ("batches_withdrawn".to_owned(), withdrawn);
        assert_eq!(emitted(&mut manager), [expected]);
    }
}

#[test]
fn former_hash_is_known_in_the_next_block() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    let other = reconfirmed(block_with_benchmark(103, &root));
    manager.event("new_block", other);
    assert_eq!(stage(&mut manager)["stage"], "abandoned");
    assert_eq!(emitted(&mut manager), []);
}

/// Two API servers that answer in turn: the root stays that of the first hash.
#[test]
fn former_hash_is_known_at_each_turn() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    for height in [103, 105] {
        let other = reconfirmed(block_with_benchmark(height, &root));
        manager.event("new_block", other);
        assert_eq!(stage(&mut manager)["stage"], "abandoned");
        let first = block_with_benchmark(height + 1, &root);
        manager.event("new_block", first);
        assert_eq!(stage(&mut manager)["stage"], "proving");
    }
}

#[test]
fn former_hash_is_known_after_proof_and_restart() {
    let mut manager = start(4);
    let root = prove(&mut manager, ann);
    manager.restart();
    manager.event("new_block", reconfirmed(block_with_benchmark(106, &root)));
    assert_eq!(stage(&mut manager)["stage"], "abandoned");
    assert_eq!(emitted(&mut manager), []);

    // The first branch after all.
    manager.event("new_block", block_with_benchmark(107, &root));
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
}

#[test]
fn former_roots_are_kept_until_they_expire() {
    let mut manager = start(4);
    prove(&mut manager, ann);
    let is_kept = |manager: &mut Harness<JobManager>| {
        let stored = manager.stored();
        stored.keys().any(|key| key.starts_with("root/"))
    };
    manager.event("new_block", empty_block(220));
    assert!(is_kept(&mut manager));
    manager.event("new_block", empty_block(221));
    assert!(!is_kept(&mut manager));
}

/// Proofs of a wrong root are of no use either.
#[test]
fn disproved_job_withdraws_its_batches() {
    let mut manager = start(4);
    for batch in batches(&mut manager) {
        let result = match batch["start_nonce"] == 0 {
            true => by("liar", lie(work(&batch))),
            false => by("ann", work(&batch)),
        };
        manager.event("batch_result", result);
    }
    let root = take(&mut manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("new_block", block_with_benchmark(103, &root));
    for batch in take(&mut manager, "new_batch") {
        for slave in ["ann", "bob"] {
            if batch["start_nonce"] == 0 {
                manager.event("batch_result", by(slave, work(&batch)));
            }
        }
    }
    assert_eq!(stage(&mut manager)["stage"], "abandoned");
    assert_eq!(take(&mut manager, "batches_withdrawn").len(), 1);
}
