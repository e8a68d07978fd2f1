//! Benchmarks that are known from before a rollback: by their root for the same random hash, or for another.

use super::audits::{accusation, batches, by, lie};
use super::*;

/// Slave `of_4` computes the batch without sampled nonces, Ann the others, and the proof is confirmed. Returns the root.
fn prove(manager: &mut Harness<JobManager>, of_4: fn(Value) -> Value) -> Value {
    for batch in batches(manager) {
        manager.event("batch_result", answer(&batch, of_4));
    }
    let root = take(manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("new_block", block_with_benchmark(103, &root));
    deliver_proofs(manager);
    assert_eq!(take(manager, "proof_ready").len(), 1);
    confirm_proof(manager, 105, &root);
    root
}

/// Ann computes what is wanted.
fn deliver_proofs(manager: &mut Harness<JobManager>) {
    for batch in take(manager, "new_batch") {
        manager.event("batch_result", by("ann", work(&batch)));
    }
}

/// The block at `height` has the proof of the benchmark with this root, which ends the job.
fn confirm_proof(manager: &mut Harness<JobManager>, height: u32, root: &Value) {
    let mut proved = block_with_benchmark(height, root);
    proved["proofs"][ID] = json!({ "benchmark_id": ID });
    manager.event("new_block", proved);
    assert_eq!(stage(manager), Value::Null);
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

/// The block of the proof is rolled back, and `block` is the next one. All is computed again.
fn rebuild(manager: &mut Harness<JobManager>, block: Value, of_4: fn(Value) -> Value) {
    manager.restart();
    manager.event("new_block", block);
    for batch in take(manager, "new_batch") {
        manager.event("batch_result", answer(&batch, of_4));
    }
}

/// Bob audits the batches, and delivers the proofs that are wanted. Returns the number of proofs that are ready.
fn audit(manager: &mut Harness<JobManager>) -> usize {
    let mut wanted = take(manager, "new_batch");
    manager.update();
    assert_eq!(stage(manager)["stage"], "auditing");
    let audits = take(manager, "audit_batch").into_iter();
    wanted.extend(audits.map(|audit| audit["batch"].clone()));
    for batch in wanted {
        manager.event("batch_result", by("bob", work(&batch)));
    }
    take(manager, "proof_ready").len()
}

/// A root says nothing of solutions, so they are compared before the benchmark is handed on, as in any job.
#[test]
fn former_root_ends_no_dispute_unconfirmed() {
    let mut manager = start(4);
    let root = prove(&mut manager, ann);
    manager.event("new_block", block(106));
    let batches = take(&mut manager, "new_batch");
    let mut padded = work(&batches[1]);
    padded["solution_nonces"] = json!([4, 5, 6, 7]);
    manager.event("batch_result", by("liar", padded));
    for batch in &batches {
        manager.event("batch_result", by("ann", work(batch)));
    }
    manager.update();
    assert_eq!(take(&mut manager, "benchmark_ready"), [] as [Value; 0]);
    manager.event("batch_result", by("bob", work(&batches[1])));
    let ready = take(&mut manager, "benchmark_ready").remove(0);
    assert_eq!(ready["merkle_root"], root);
    assert_eq!(ready["solution_nonces"], json!([0, 2, 4, 6, 8]));
}

/// The network takes one benchmark, and it may be the former one after all.
#[test]
fn former_root_confirmed_again_is_proved() {
    let mut manager = start(4);
    let former = prove(&mut manager, ann);
    rebuild(&mut manager, block(104), liar);
    let ready = take(&mut manager, "benchmark_ready").remove(0);
    assert_ne!(ready["merkle_root"], former);
    let confirmed = block_with_benchmark(106, &former);
    manager.event("new_block", confirmed);
    assert_eq!(audit(&mut manager), 1);
}

#[test]
fn unlisted_root_is_the_former_one() {
    let mut manager = start(4);
    prove(&mut manager, ann);
    let unlisted = block_with_benchmark(106, &Value::Null);
    rebuild(&mut manager, unlisted, liar);
    deliver_proofs(&mut manager);
    assert_eq!(audit(&mut manager), 1);
}

/// What the network has proved is not forgotten for what was handed on afterwards.
#[test]
fn proved_root_outlives_another_handed_on() {
    let mut manager = start(4);
    let former = prove(&mut manager, ann);
    rebuild(&mut manager, block(104), liar);
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
    confirm_proof(&mut manager, 106, &former);
    rebuild(&mut manager, block(107), liar);
    manager.event("new_block", block_with_benchmark(109, &former));
    assert_eq!(audit(&mut manager), 1);
}

/// The proof of the other root is void, though the sampled nonces are the same.
#[test]
fn root_in_the_place_of_another_is_proved_anew() {
    let mut manager = start(4);
    let former = prove(&mut manager, ann);
    rebuild(&mut manager, block(104), liar);
    let other = take(&mut manager, "benchmark_ready").remove(0);
    let other = block_with_benchmark(106, &other["merkle_root"]);
    manager.event("new_block", other);
    deliver_proofs(&mut manager);
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
    manager.event("new_block", block_with_benchmark(107, &former));
    assert_eq!(audit(&mut manager), 1);
}

/// A listing of before a rollback beside the new hash: the root is not one for that hash.
#[test]
fn listed_root_is_not_kept_for_another_hash() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let root = json!(whole_tree().root());
    let other = reconfirmed(block_with_benchmark(103, &root));
    manager.event("new_block", other);
    manager.event("new_block", block_with_benchmark(104, &root));
    assert_eq!(stage(&mut manager)["stage"], "proving");
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

/// As of a result that was changed on the disk: nobody need decide the dispute any more.
#[test]
fn job_with_a_broken_branch_withdraws_audits() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    let confirmed = block_with_benchmark(103, &root);
    manager.event("new_block", confirmed.clone());
    let proofs = take(&mut manager, "new_batch");
    manager.event("batch_result", by("liar", accusation(&proofs[0])));
    for batch in &proofs {
        manager.event("batch_result", work(batch));
    }
    let mut altered = Harness::<JobManager>::setup(settings(4));
    for (key, mut value) in manager.stored() {
        if let Some(fuel) = value.pointer_mut("/merkle_proofs/0/leaf/fuel_consumed") {
            *fuel = json!(8);
        }
        altered = altered.with_stored(&key, &value);
    }
    let mut manager = altered.start();
    manager.event("new_block", confirmed);
    assert_eq!(stage(&mut manager)["reason_code"]["kind"], "broken_branch");
    assert_eq!(take(&mut manager, "batches_withdrawn").len(), 1);
}
