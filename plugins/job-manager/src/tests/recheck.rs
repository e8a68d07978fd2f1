//! Jobs that are computed again for a confirmed benchmark, after a rollback of its confirmed proof.

use super::audits::{by, lie};
use super::*;

/// The batches of a job of which the host knows nothing but its confirmed benchmark.
fn rebuild(manager: &mut Harness<JobManager>) -> Vec<Value> {
    manager.event("new_block", confirmed(103));
    take(manager, "new_batch")
}

fn confirmed(height: u32) -> Value {
    block_with_benchmark(height, &json!(whole_tree().root()))
}

/// Ann computes all batches but the one without sampled nonces, of which the liar lies.
fn rebuild_with_lie(manager: &mut Harness<JobManager>) {
    for batch in rebuild(manager) {
        let result = match batch["start_nonce"] == 4 {
            true => by("liar", lie(work(&batch))),
            false => by("ann", work(&batch)),
        };
        manager.event("batch_result", result);
    }
    manager.update();
}

#[test]
fn rebuilt_job_with_a_lie_is_audited_and_proved() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    manager.event("new_block", confirmed(104));
    let audits = take(&mut manager, "audit_batch");
    assert_eq!(audits.len(), 3, "each result may be the wrong one");
    manager.restart();
    for audit in &audits {
        manager.event("batch_result", by("bob", work(&audit["batch"])));
    }
    manager.event("new_block", confirmed(105));
    assert_eq!(stage(&mut manager)["stage"], "auditing", "one against one");
    take(&mut manager, "audit_batch");
    manager.event("batch_result", by("ann", work(&audits[1]["batch"])));
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["slave_convicted", "proof_ready"]);
    assert_eq!(events[0].1["slave"], "liar");
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
}

/// Nothing else is left that could earn the fee, so its audits do not lapse as those of a sample do.
#[test]
fn audits_of_a_wrong_root_wait_until_too_late() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    for _ in 0..3 {
        take(&mut manager, "audit_batch");
        manager.advance_ms(60_000);
        manager.update();
        assert_eq!(take(&mut manager, "audit_batch").len(), 3);
    }
    let conditions = manager.conditions();
    let disputed = conditions.iter().find(|it| it.code == "job_disputed");
    let text = &disputed.unwrap().text;
    assert!(text.contains("that of the confirmed benchmark"), "{text}");

    manager.event("new_block", with_delay(confirmed(130)));
    let job = stage(&mut manager);
    assert_eq!(job["stage"], "abandoned");
    assert_eq!(job["reason_code"]["kind"], "too_late");
}

/// In a reconfirmed job too: only a dispute that nobody decides has a batch computed again by the same slaves.
#[test]
fn wrong_root_of_reconfirmed_job_keeps_results() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    take(&mut manager, "new_batch");
    let mut reconfirmed = block_with_benchmark(103, &json!("33".repeat(32)));
    reconfirmed["precommits"][ID]["state"]["rand_hash"] = json!("block101b");
    manager.event("new_block", reconfirmed);
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", work(&batch));
    }
    manager.update();
    manager.advance_ms(60_000);
    manager.update();
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["audit_batch"; 6]);
}

#[test]
fn rebuilt_job_discards_quarantined_results() {
    let mut manager = start(4);
    let batches = rebuild(&mut manager);
    for batch in &batches[..2] {
        manager.event("batch_result", by("liar", work(batch)));
    }
    take(&mut manager, "new_batch");
    let quarantined = json!({ "slave": "liar", "reason": "it lied", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined);
    assert_eq!(take(&mut manager, "new_batch"), batches[..2]);
}

/// What leads to the network's root is proved right, whoever has computed it.
#[test]
fn proved_roots_survive_a_quarantine() {
    let mut manager = start(4);
    for batch in rebuild(&mut manager) {
        manager.event("batch_result", by("liar", work(&batch)));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
    let quarantined = json!({ "slave": "liar", "reason": "it lied", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined);
    assert_eq!(take(&mut manager, "new_batch"), Vec::<Value>::new());
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
}
