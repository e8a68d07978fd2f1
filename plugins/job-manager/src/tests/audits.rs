//! Results computed by several slaves: who is believed, and what a lie costs.

use super::*;
use crate::judge::AUDITS_OUT_MAX;

pub(super) fn start_with(audit_share: f64, verifier: Value) -> Harness<JobManager> {
    start_sized(4, audit_share, verifier)
}

fn start_sized(batch_size: u64, audit_share: f64, verifier: Value) -> Harness<JobManager> {
    Harness::start(
        json!({ "name": "job_manager", "config": { "job_manager": { "knapsack": {
        "batch_size": batch_size, "ms_delay_between_batch_retries": 30_000,
        "audit_share": audit_share, "verifier": verifier } } } }),
    )
}

pub(super) fn by(slave: &str, mut result: Value) -> Value {
    result["slave"] = json!(slave);
    result
}

/// A result that is well formed, and wrong.
pub(super) fn lie(mut result: Value) -> Value {
    result["merkle_root"] = json!("66".repeat(32));
    result
}

/// A lie about a batch whose proofs are wanted, without proofs.
pub(super) fn accusation(batch: &Value) -> Value {
    let mut result = lie(work(batch));
    result["merkle_proofs"] = json!([]);
    result
}

pub(super) fn batches(manager: &mut Harness<JobManager>) -> Vec<Value> {
    manager.event("new_block", block(101));
    take(manager, "new_batch")
}

/// Ann computes all batches and the network samples nonces of them: the batches whose proofs are wanted.
fn sample(manager: &mut Harness<JobManager>, batches: &[Value]) -> Vec<Value> {
    for batch in batches {
        manager.event("batch_result", by("ann", work(batch)));
    }
    let root = take(manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("new_block", block_with_benchmark(103, &root));
    take(manager, "new_batch")
}

#[test]
fn a_benchmark_waits_for_its_audit_by_another_slave() {
    let mut manager = start_with(1.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("ann", work(&batches[0])));
    assert_eq!(emitted(&mut manager), [], "nobody else is there");
    manager.event("batch_result", by("bob", work(&batches[1])));
    let audit = take(&mut manager, "audit_batch").remove(0);
    assert_eq!(
        (&audit["not_for"], &audit["batch"]),
        (&json!(["bob"]), &batches[1])
    );
    manager.event("batch_result", by("ann", work(&batches[2])));
    assert_eq!(take(&mut manager, "benchmark_ready"), [] as [Value; 0]);
    let job = stage(&mut manager);
    assert_eq!(
        (&job["stage"], &job["audits_open"], &job["reason_code"]),
        (&json!("auditing"), &json!(2), &json!({ "audits": 2 }))
    );
    manager.event("batch_result", by("ann", work(&batches[1])));
    manager.event("batch_result", by("bob", work(&batches[2])));
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
    assert!(!manager.stored().keys().any(|key| key.starts_with("audit/")));
}

#[test]
fn an_unclaimed_audit_delays_a_benchmark_only_briefly() {
    let mut manager = start_with(1.0, Value::Null);
    let batches = batches(&mut manager);
    for (batch, slave) in batches.iter().zip(["ann", "bob", "ann"]) {
        manager.event("batch_result", by(slave, work(batch)));
    }
    emitted(&mut manager);
    manager.advance_ms(30_000);
    manager.update();
    assert_eq!(
        take(&mut manager, "audit_batch").len(),
        2,
        "handed out again"
    );
    manager.advance_ms(30_000);
    manager.update();
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
}

/// A host takes a bounded number of events from one handler: all audits at once would fail every update after a restart.
#[test]
fn open_audits_go_out_in_portions() {
    let mut manager = start_sized(1, 1.0, Value::Null);
    let mut huge = empty_block(101);
    huge["precommits"][ID] = precommit(AUDITS_OUT_MAX as u64 + 5);
    manager.event("new_block", huge);
    let batches = take(&mut manager, "new_batch");
    for (number, batch) in batches.iter().enumerate() {
        // Nobody else is there to audit the first.
        let slave = if number == 0 { "ann" } else { "bob" };
        manager.event("batch_result", by(slave, work(batch)));
    }
    manager.restart();
    for expected in [AUDITS_OUT_MAX, 4, 0] {
        manager.emitted();
        manager.update();
        assert_eq!(take(&mut manager, "audit_batch").len(), expected);
    }
}

#[test]
fn two_other_slaves_convict_a_liar_and_replace_it() {
    let mut manager = start_with(1.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("ann", work(&batches[0])));
    manager.event("batch_result", by("liar", lie(work(&batches[1]))));
    emitted(&mut manager);
    manager.event("batch_result", by("ann", work(&batches[1])));
    let audit = take(&mut manager, "audit_batch").remove(0);
    assert_eq!(audit["not_for"], json!(["liar", "ann"]));

    // Neither time nor a restart settles it.
    manager.event("batch_result", by("ann", work(&batches[2])));
    manager.restart();
    manager.event("new_block", block(102));
    manager.advance_ms(300_000);
    manager.update();
    assert_eq!(take(&mut manager, "benchmark_ready"), [] as [Value; 0]);
    let job = stage(&mut manager);
    assert_eq!(job["reason_code"]["disputed_by"], json!(["liar", "ann"]));

    manager.event("batch_result", by("bob", work(&batches[1])));
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["slave_convicted", "benchmark_ready"]);
    let labels = [("outcome", "replaced")];
    assert_eq!(manager.metric("comparisons", &labels), Some(1.0));
    assert_eq!(events[0].1["slave"], "liar");
    assert_eq!(events[0].1["witnesses"], json!(["ann", "bob"]));
    assert_eq!(events[1].1["merkle_root"], json!(whole_tree().root()));
    assert_eq!(events[1].1["solution_nonces"], json!([0, 2, 4, 6, 8]));
}

#[test]
fn solutions_are_compared_as_well_as_roots() {
    let mut manager = start_with(1.0, json!("verifier"));
    let batches = batches(&mut manager);
    let mut bragging = by("liar", work(&batches[0]));
    bragging["solution_nonces"] = json!([0, 1, 2]);
    manager.event("batch_result", bragging);
    assert_eq!(take(&mut manager, "audit_batch")[0]["only_for"], "verifier");
    manager.event("batch_result", by("verifier", work(&batches[0])));
    let events = emitted(&mut manager);
    assert_eq!(
        (events[0].0.as_str(), &events[0].1["slave"]),
        ("slave_convicted", &json!("liar"))
    );
}

#[test]
fn a_quarantined_slave_loses_unconfirmed_results() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("liar", work(&batches[0])));
    manager.event("batch_result", by("liar", work(&batches[1])));
    manager.event("batch_result", by("ann", work(&batches[2])));
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);

    // Submitted already: what is committed stays.
    let quarantined = json!({ "slave": "liar", "reason": "it lied", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined.clone());
    assert_eq!(take(&mut manager, "new_batch"), [] as [Value; 0]);

    let mut manager = start_with(0.0, Value::Null);
    let batches = self::batches(&mut manager);
    manager.event("batch_result", by("liar", work(&batches[0])));
    manager.event("batch_result", by("ann", work(&batches[2])));
    manager.event("slave_quarantined", quarantined);
    let again = take(&mut manager, "new_batch");
    assert_eq!(again, [batches[0].clone()]);
    manager.restart();
    assert_eq!(stage(&mut manager)["batches_done"], 1);
}

#[test]
fn a_quarantined_voice_holds_up_no_benchmark() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    for batch in &batches[..2] {
        manager.event("batch_result", by("ann", work(batch)));
    }
    manager.event("batch_result", by("liar", lie(work(&batches[1]))));
    manager.event("batch_result", by("ann", work(&batches[2])));
    assert_eq!(stage(&mut manager)["stage"], "auditing");
    emitted(&mut manager);
    let quarantined = json!({ "slave": "liar", "reason": "it lied", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined);
    manager.update();
    let audit = take(&mut manager, "audit_batch").remove(0);
    assert_eq!(audit["not_for"], json!(["ann"]), "another one may decide");
    manager.restart();
    manager.advance_ms(60_000);
    manager.update();
    let ready = take(&mut manager, "benchmark_ready").remove(0);
    assert_eq!(ready["merkle_root"], json!(whole_tree().root()));
}

/// The voice that is left may be the wrong one.
#[test]
fn an_old_dispute_silenced_gets_a_third_opinion() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("liar", lie(work(&batches[0]))));
    for batch in &batches {
        manager.event("batch_result", by("ann", work(batch)));
    }
    manager.advance_ms(600_000);
    manager.update();
    emitted(&mut manager);
    let quarantined = json!({ "slave": "ann", "reason": "another batch", "until_ms": 1 });
    manager.event("slave_quarantined", quarantined);
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", by("bob", work(&batch)));
    }
    manager.update();
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["audit_batch"], "{events:?}");
    assert_eq!(events[0].1["not_for"], json!(["liar"]));
    manager.advance_ms(60_000);
    manager.update();
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
}

/// The verifier alone could still decide, and there is none.
#[test]
fn seven_voices_are_enough_for_an_audit() {
    let mut manager = start_with(0.0, Value::Null);
    let batch = batches(&mut manager).remove(0);
    for voice in 1..=7 {
        emitted(&mut manager);
        let mut result = by(&format!("slave-{voice}"), work(&batch));
        result["merkle_root"] = json!(format!("{voice}{voice}").repeat(32));
        manager.event("batch_result", result);
    }
    manager.advance_ms(30_000);
    manager.update();
    assert_eq!(take(&mut manager, "audit_batch"), [] as [Value; 0]);
}

#[test]
fn audits_wait_while_their_job_is_abandoned() {
    let mut manager = start_with(1.0, Value::Null);
    let batches = batches(&mut manager);
    for (batch, slave) in batches.iter().zip(["ann", "bob", "ann"]) {
        manager.event("batch_result", by(slave, work(batch)));
    }
    manager.event("new_block", with_delay(block(128)));
    assert_eq!(stage(&mut manager)["stage"], "abandoned");
    manager.advance_ms(600_000);
    emitted(&mut manager);
    manager.update();
    assert_eq!(emitted(&mut manager), []);
    assert_eq!(manager.metric("audits_unclaimed", &[]), None);
    assert_eq!(manager.conditions().len(), 1, "only that it is abandoned");

    manager.event("new_block", with_delay(block(127)));
    manager.update();
    assert_eq!(take(&mut manager, "audit_batch").len(), 2, "they go on");
}

#[test]
fn a_root_disproved_after_submission_ends_the_job() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("liar", lie(work(&batches[0]))));
    manager.event("batch_result", by("ann", work(&batches[1])));
    manager.event("batch_result", by("ann", work(&batches[2])));
    let root = take(&mut manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("new_block", block_with_benchmark(103, &root));
    let sampled = take(&mut manager, "new_batch");
    assert_eq!(sampled[0]["start_nonce"], 0);
    for slave in ["ann", "bob"] {
        manager.event("batch_result", by(slave, work(&sampled[0])));
    }
    let events = emitted(&mut manager);
    assert!(
        events
            .iter()
            .any(|(name, event)| name == "slave_convicted" && event["slave"] == "liar"),
        "{events:?}"
    );
    assert!(!events.iter().any(|(name, _)| name == "proof_ready"));
    let job = stage(&mut manager);
    assert_eq!(
        (&job["stage"], &job["reason_code"]["kind"]),
        (&json!("abandoned"), &json!("disproved"))
    );
}

#[test]
fn a_false_accuser_is_convicted_the_proof_still_sent() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    let sampled = sample(&mut manager, &batches);
    manager.event("batch_result", by("liar", accusation(&sampled[0])));
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["audit_batch", "new_batch"]);
    manager.event("batch_result", by("bob", work(&batches[0])));
    assert_eq!(take(&mut manager, "slave_convicted")[0]["slave"], "liar");
    for batch in &sampled {
        manager.event("batch_result", by("bob", work(batch)));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

#[test]
fn a_share_outside_0_to_1_is_refused_with_its_place() {
    for share in [-0.1, 1.1] {
        let config = json!({ "knapsack": { "batch_size": 4, "ms_delay_between_batch_retries": 1,
            "audit_share": share } });
        let settings = json!({ "name": "job_manager", "config": { "job_manager": config } });
        let error = Harness::<JobManager>::try_start(settings).err().unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("config.job_manager.knapsack.audit_share: "),
            "{text}"
        );
    }
}

#[test]
fn a_late_second_opinion_on_a_lie_counts() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("liar", lie(work(&batches[0]))));
    assert_eq!(take(&mut manager, "audit_batch"), [] as [Value; 0]);
    manager.event("batch_result", by("late", work(&batches[0])));
    let audit = take(&mut manager, "audit_batch").remove(0);
    assert_eq!(audit["not_for"], json!(["liar", "late"]));
}

#[test]
fn a_second_opinion_counts_before_the_first_block() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("liar", lie(work(&batches[0]))));
    manager.restart();
    manager.event("batch_result", by("late", work(&batches[0])));
    assert_eq!(take(&mut manager, "audit_batch").len(), 1);
}

#[test]
fn one_voice_does_not_undo_what_two_have_found() {
    let mut manager = start_with(1.0, Value::Null);
    let batches = batches(&mut manager);
    manager.event("batch_result", by("ann", work(&batches[0])));
    manager.event("batch_result", by("bob", work(&batches[1])));
    manager.event("batch_result", by("ann", work(&batches[1])));
    manager.event("batch_result", by("ann", work(&batches[2])));
    manager.event("batch_result", by("bob", work(&batches[2])));
    let root = take(&mut manager, "benchmark_ready")[0]["merkle_root"].clone();
    manager.event("batch_result", by("liar", lie(work(&batches[1]))));
    let events = emitted(&mut manager);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].0, "result_refused");
    assert_eq!(events[0].1["slave"], "liar");
    assert_eq!(events[0].1["contradicts"], true);
    assert_eq!(stage(&mut manager)["stage"], "benchmark_ready");

    // Whoever contradicts it with a proof version has not proved it: another slave gets it at once.
    let mut sampled = block_with_benchmark(103, &root);
    sampled["benchmarks"][ID]["state"]["sampled_nonces"] = json!([4]);
    manager.event("new_block", sampled);
    let proofs = take(&mut manager, "new_batch");
    manager.event("batch_result", by("liar", accusation(&proofs[0])));
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["result_refused", "new_batch"]);
    assert_eq!(events[1].1, proofs[0]);
}

#[test]
fn a_repeated_contradiction_makes_its_proof_due() {
    let mut manager = start_with(0.0, Value::Null);
    let batches = batches(&mut manager);
    let proofs = sample(&mut manager, &batches);
    for _ in 0..2 {
        manager.event("batch_result", by("liar", accusation(&proofs[0])));
        assert_eq!(take(&mut manager, "new_batch"), [proofs[0].clone()]);
    }
}

#[test]
fn a_stale_result_of_a_confirmed_batch_is_not_counted() {
    let mut manager = start(16);
    manager.event("new_block", block(101));
    manager.event("new_block", reconfirmed(block(101)));
    let batch = take(&mut manager, "new_batch").pop().unwrap();
    for slave in ["ann", "bob"] {
        manager.event("batch_result", by(slave, work(&batch)));
    }
    emitted(&mut manager);
    manager.event("batch_result", by("late", lie(work(&batch))));
    assert_eq!(emitted(&mut manager), []);
}
