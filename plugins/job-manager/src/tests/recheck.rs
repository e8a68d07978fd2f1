//! Jobs that are computed again for a confirmed benchmark, after a rollback of its confirmed proof.

use super::audits::{accusation, batches, by, lie, start_with};
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

/// The liar computes all batches but the last one. Returns the audits.
fn rebuild_with_two_lies(manager: &mut Harness<JobManager>) -> Vec<Value> {
    for batch in rebuild(manager) {
        let result = match batch["start_nonce"] == 8 {
            true => by("ann", work(&batch)),
            false => by("liar", accusation(&batch)),
        };
        manager.event("batch_result", result);
    }
    manager.update();
    take(manager, "audit_batch")
}

/// One against one, also in the audits: what leads to the network's root is right.
#[test]
fn rebuilt_job_with_a_lie_is_audited_and_proved() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    manager.event("new_block", confirmed(104));
    let audits = take(&mut manager, "audit_batch");
    assert_eq!(audits.len(), 3, "each result may be the wrong one");
    manager.restart();
    manager.event("batch_result", by("liar", accusation(&audits[0]["batch"])));
    assert_eq!(stage(&mut manager)["stage"], "auditing");
    take(&mut manager, "audit_batch");
    manager.event("batch_result", by("ann", work(&audits[1]["batch"])));
    let events = emitted(&mut manager);
    let refused: Vec<_> = events
        .iter()
        .filter(|(name, _)| name == "result_refused")
        .map(|(_, event)| {
            (
                &event["slave"],
                &event["start_nonce"],
                &event["contradicts"],
            )
        })
        .collect();
    let lie_at = |start_nonce| (json!("liar"), json!(start_nonce), json!(true));
    let lies = [lie_at(0), lie_at(4)];
    assert_eq!(refused, lies.each_ref().map(|(a, b, c)| (a, b, c)));
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "batches_withdrawn",
            "result_refused",
            "result_refused",
            "proof_ready"
        ]
    );
    assert_eq!(
        events[0].1,
        json!({ "benchmark_id": ID, "audits_only": true })
    );
    assert!(!manager.stored().keys().any(|key| key.starts_with("audit/")));
    manager.restart();
    manager.event("new_block", confirmed(105));
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
}

/// No single claim leads to the root: all that the honest slave says must be tried together, without the lie in an audit.
#[test]
fn lies_of_one_slave_are_found_together() {
    let mut manager = start(4);
    let audits = rebuild_with_two_lies(&mut manager);
    manager.event("batch_result", by("liar", accusation(&audits[2]["batch"])));
    for audit in &audits[..2] {
        assert_eq!(stage(&mut manager)["stage"], "auditing");
        manager.event("batch_result", by("ann", work(&audit["batch"])));
    }
    let proofs = take(&mut manager, "new_batch");
    assert_eq!(proofs[0]["sampled_nonces"], json!([0, 2]));
    manager.event("batch_result", by("ann", work(&proofs[0])));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

/// Each of two honest slaves has found one of the lies.
#[test]
fn lies_found_by_several_slaves_are_joined() {
    let mut manager = start(4);
    let audits = rebuild_with_two_lies(&mut manager);
    manager.event("batch_result", by("ann", work(&audits[0]["batch"])));
    manager.event("batch_result", by("bob", work(&audits[1]["batch"])));
    assert_eq!(stage(&mut manager)["stage"], "proving");
}

/// There was no root to try when the second slave spoke.
#[test]
fn disputes_before_the_last_result_are_decided_by_it() {
    let mut manager = start(4);
    let batches = rebuild(&mut manager);
    manager.event("batch_result", by("liar", lie(work(&batch_at_4()))));
    manager.event("batch_result", by("late", work(&batch_at_4())));
    manager.event("batch_result", by("ann", work(&batches[0])));
    assert_eq!(take(&mut manager, "proof_ready"), [] as [Value; 0]);
    manager.event("batch_result", by("ann", work(&batches[1])));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

#[test]
fn right_root_ends_audits_in_silence() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    let audits = take(&mut manager, "audit_batch");
    manager.event("batch_result", by("bob", work(&audits[1]["batch"])));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
    assert!(!manager.stored().keys().any(|key| key.starts_with("audit/")));
    for _ in 0..3 {
        manager.advance_ms(60_000);
        manager.update();
    }
    assert_eq!(emitted(&mut manager), []);
    assert_eq!(manager.metric("audits_unclaimed", &[]), None);

    // The root alone has confirmed the others.
    manager.event("batch_result", by("liar", accusation(&audits[2]["batch"])));
    let events = emitted(&mut manager);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].0, "result_refused");
    assert_eq!(events[0].1["slave"], "liar");
}

/// The audits of such a job end with the next update only, and who agrees until then has done nothing wrong.
#[test]
fn audit_that_agrees_with_a_new_root_is_no_fault() {
    let mut manager = start_with(1.0, Value::Null);
    for (batch, slave) in batches(&mut manager).iter().zip(["bob", "ann", "ann"]) {
        manager.event("batch_result", by(slave, work(batch)));
    }
    let audits = take(&mut manager, "audit_batch");
    let mut audits = audits
        .iter()
        .filter(|audit| audit["not_for"] == json!(["ann"]));
    let audit = audits.next().unwrap();
    manager.event("new_block", confirmed(104));
    emitted(&mut manager);
    manager.event("batch_result", by("bob", work(&audit["batch"])));
    let events = emitted(&mut manager);
    assert!(
        events.iter().all(|(name, _)| name != "result_refused"),
        "{events:?}"
    );
}

/// Its solutions are of no use any more, so proofs are taken from a slave that finds others.
#[test]
fn proofs_of_a_right_root_need_no_same_solutions() {
    let mut manager = start(4);
    let batches = rebuild(&mut manager);
    let mut bragging = by("liar", work(&batches[0]));
    bragging["solution_nonces"] = json!([0, 1, 2]);
    bragging["merkle_proofs"] = json!([]);
    manager.event("batch_result", bragging);
    for batch in &batches[1..] {
        manager.event("batch_result", by("ann", work(batch)));
    }
    manager.event("batch_result", by("ann", work(&batches[0])));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

#[test]
fn audits_stay_while_a_batch_is_missing() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    let quarantined = json!({ "slave": "liar", "reason": "it lied", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined);
    manager.advance_ms(60_000);
    take(&mut manager, "audit_batch");
    manager.update();
    assert_eq!(take(&mut manager, "audit_batch").len(), 2);
    assert_eq!(manager.metric("audits_unclaimed", &[]), None);
}

#[test]
fn audits_of_an_absent_verifier_go_to_others() {
    let mut manager = start_with(0.0, json!("verifier"));
    rebuild_with_lie(&mut manager);
    for only_for in [json!("verifier"), json!("verifier"), Value::Null] {
        let audits = take(&mut manager, "audit_batch");
        let audited = |audit: &Value| audit["only_for"].clone();
        assert_eq!(
            audits.iter().map(audited).collect::<Vec<_>>(),
            vec![only_for; 3]
        );
        manager.advance_ms(30_000);
        manager.update();
    }
    manager.event("batch_result", by("ann", work(&batch_at_4())));
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

fn batch_at_4() -> Value {
    json!({ "start_nonce": 4, "num_nonces": 4, "batch_size": 4, "sampled_nonces": [] })
}

/// A block need not list the challenge: whether slaves can check each other is not known then.
#[test]
fn unlisted_challenge_gives_up_no_wrong_root() {
    let mut manager = start(4);
    rebuild_with_lie(&mut manager);
    let mut bare = confirmed(104);
    bare["challenges"] = json!({});
    manager.event("new_block", bare);
    assert_eq!(stage(&mut manager)["stage"], "auditing");
    manager.event("new_block", confirmed(105));
    manager.event("batch_result", by("ann", work(&batch_at_4())));
    assert_eq!(stage(&mut manager)["stage"], "proof_ready");
}

#[test]
fn audited_results_end_the_silence() {
    let mut manager = start(4);
    for batch in rebuild(&mut manager) {
        manager.event("batch_result", by("liar", accusation(&batch)));
    }
    manager.update();
    for slave in ["ann", "bob"] {
        manager.advance_ms(599_000);
        let audited = lie(work(&batch_at_4()));
        manager.event("batch_result", by(slave, audited));
        manager.update();
        let conditions = manager.conditions();
        assert!(!conditions.iter().any(|it| it.code == "no_results"));
    }
}

/// A third slave has its own time, however long the second one took.
#[test]
fn fresh_dispute_waits_for_a_third_slave() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    manager.event("new_block", reconfirmed(block(101)));
    let batch = take(&mut manager, "new_batch").pop().unwrap();
    manager.event("batch_result", by("liar", lie(work(&batch))));
    manager.advance_ms(59_000);
    manager.event("batch_result", by("ann", work(&batch)));
    manager.advance_ms(59_000);
    manager.update();
    assert_eq!(stage(&mut manager)["batches_done"], 1);
    manager.advance_ms(1_000);
    manager.update();
    assert_eq!(stage(&mut manager)["batches_done"], 0);
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
    let remedy = &disputed.unwrap().remedy;
    assert!(remedy.contains("no other master"), "{remedy}");

    manager.event("new_block", with_delay(confirmed(130)));
    let job = stage(&mut manager);
    assert_eq!(job["stage"], "abandoned");
    let kind = &job["reason_code"]["kind"];
    assert_eq!(kind, "other_root", "more slaves would not have helped");
}

/// In a reconfirmed job too: only a dispute that nobody decides has a batch computed again by the same slaves.
#[test]
fn wrong_root_of_reconfirmed_job_keeps_results() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    take(&mut manager, "new_batch");
    let block = block_with_benchmark(103, &json!("33".repeat(32)));
    manager.event("new_block", reconfirmed(block));
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

/// So that no precommit is made that the slaves have no time for. With one slave, nobody is there to compute them.
#[test]
fn audits_of_a_wrong_root_are_open_work() {
    for (of_4, expected) in [("liar", 10), ("ann", 0)] {
        let mut manager = start(4);
        let mut open = Value::Null;
        for batch in rebuild(&mut manager) {
            let result = match batch["start_nonce"] == 4 {
                true => by(of_4, lie(work(&batch))),
                false => by("ann", work(&batch)),
            };
            manager.event("batch_result", result);
        }
        manager.update();
        // Nobody may ever take an overdue one.
        for (waited_ms, expected) in [(59_000, expected), (1_000, 0)] {
            manager.advance_ms(waited_ms);
            manager.update();
            let reported = manager.emitted().into_iter();
            let mut reported = reported.filter(|(name, _)| name == "throughput");
            if let Some((_, throughput)) = reported.next_back() {
                open = throughput["challenges"]["c003"]["open_nonces"].clone();
            }
            assert_eq!(open, expected, "{of_4}");
        }
    }
}
