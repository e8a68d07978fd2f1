//! Slaves that are wrong: audits, quarantine, pardon.

use super::*;

fn audit(batch: Value, not_for: &[&str], only_for: Option<&str>) -> Value {
    json!({ "batch": batch, "not_for": not_for, "only_for": only_for })
}

fn convict(manager: &mut Manager, slave: &str) {
    manager.event(
        "slave_convicted",
        json!({ "slave": slave, "benchmark_id": ID, "start_nonce": 0,
            "stated": "11".repeat(32), "agreed": "22".repeat(32), "witnesses": ["ann", "bob"] }),
    );
}

#[test]
fn an_audit_goes_first_and_to_another_slave() {
    let mut manager = start();
    let plain = batch(ID, 0, &[]);
    manager.event("new_batch", plain.clone());
    get(&mut manager, "ann").unwrap();
    post(&mut manager, "ann", &plain, &result(&plain));
    manager.event("new_batch", batch(ID, 4, &[]));
    manager.emitted();
    manager.event("audit_batch", audit(plain.clone(), &["ann"], None));
    assert_eq!(slaves(&mut manager)["audits"], 1);
    assert_eq!(get(&mut manager, "ann").unwrap()["start_nonce"], 4);
    assert_eq!(get(&mut manager, "bob"), Some(plain.clone()));
    assert_eq!(
        post(&mut manager, "bob", &plain, &result(&plain)).status,
        200
    );
    let emitted = manager.emitted();
    assert_eq!(
        (emitted[0].0.as_str(), &emitted[0].1["slave"]),
        ("batch_result", &json!("bob"))
    );
}

#[test]
fn an_audit_for_the_verifier_delays_no_other_slave() {
    let mut manager = start();
    for start_nonce in 0..100 {
        let batch = batch(ID, start_nonce * 4, &[]);
        manager.event("audit_batch", audit(batch, &["ann"], Some("verifier")));
    }
    for start_nonce in 0..100 {
        let batch = batch("other", start_nonce * 4, &[]);
        manager.event("audit_batch", audit(batch, &["ann"], None));
    }
    manager.event("new_batch", batch(ID, 400, &[]));
    assert_eq!(get(&mut manager, "ann").unwrap()["start_nonce"], 400);
    assert_eq!(get(&mut manager, "verifier").unwrap()["benchmark_id"], ID);
}

/// The verifier may be gone, or have another name now.
#[test]
fn waiting_audit_follows_its_new_rules() {
    let mut manager = start();
    let plain = batch(ID, 0, &[]);
    let push = |manager: &mut Manager, only_for| {
        manager.event("audit_batch", audit(plain.clone(), &["ann"], only_for));
    };
    push(&mut manager, Some("verifier"));
    assert_eq!(get(&mut manager, "bob"), None);
    push(&mut manager, None);
    assert_eq!(get(&mut manager, "bob"), Some(plain.clone()));

    // A slave that computes it is left alone.
    push(&mut manager, Some("verifier"));
    assert_eq!(get(&mut manager, "verifier"), None);
    assert_eq!(
        post(&mut manager, "bob", &plain, &result(&plain)).status,
        200
    );
}

#[test]
fn a_convicted_slave_loses_its_leases_and_gets_none() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "liar").unwrap();
    manager.woken();
    convict(&mut manager, "liar");
    let (name, event) = manager.emitted().remove(0);
    assert_eq!(
        (name.as_str(), &event["slave"]),
        ("slave_quarantined", &json!("liar"))
    );
    assert_eq!(manager.woken(), 1);

    let agent = [("user-agent", "liar")];
    let reply = manager.request("GET", "/get-batch", &agent, "").unwrap();
    assert_eq!(reply.status, 403);
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("differs from that of ann, bob"), "{text}");
    let plain = batch(ID, 0, &[]);
    assert_eq!(
        post(&mut manager, "liar", &plain, &result(&plain)).status,
        403
    );
    assert_eq!(manager.emitted(), []);
    assert!(get(&mut manager, "ann").is_some());

    let report = slaves(&mut manager);
    let evidence = &report["quarantined"][0]["evidence"][0];
    assert_eq!(evidence["kind"], "other_result");
    assert_eq!(evidence["stated"], "11".repeat(32));
    assert_eq!(evidence["agreed"], "22".repeat(32));
}

#[test]
fn a_quarantine_survives_restarts_until_a_pardon() {
    let mut manager = start();
    convict(&mut manager, "liar");
    manager.restart();
    manager.event("new_batch", batch(ID, 0, &[]));
    let status = |manager: &mut Manager| {
        let agent = [("user-agent", "liar")];
        let reply = manager.request("GET", "/get-batch", &agent, "");
        reply.unwrap().status
    };
    assert_eq!(status(&mut manager), 403);
    manager.advance_ms(24 * 3_600_000);
    assert_eq!(status(&mut manager), 200);

    convict(&mut manager, "liar");
    assert_eq!(status(&mut manager), 403);
    let pardon = |manager: &mut Manager, body: &str| {
        let reply = manager.request("POST", "/pardon-slave", &[], body);
        reply.unwrap().status
    };
    assert_eq!(pardon(&mut manager, r#"{"slave":"nobody"}"#), 404);
    assert_eq!(pardon(&mut manager, "liar"), 400);
    assert_eq!(pardon(&mut manager, r#"{"slave":"liar"}"#), 200);
    assert_eq!(status(&mut manager), 200);
    assert!(manager.stored().is_empty());
}

proptest! {
    /// However the clock was set between runs: a quarantine lasts, and for no longer than one that begins now.
    #[test]
    fn quarantines_survive_clock_jumps(ahead_days in 0_u64..60, back_days in 1_u64..60) {
        const DAY_MS: u64 = 24 * 3_600_000;
        let mut manager = start();
        manager.advance_ms(ahead_days * DAY_MS);
        convict(&mut manager, "liar");
        manager.set_back_ms(back_days * DAY_MS);
        for _ in 0..2 {
            manager.restart();
            let report = slaves(&mut manager);
            prop_assert_eq!(&report["quarantined"][0]["ends_in_ms"], &json!(DAY_MS));
        }
        manager.advance_ms(DAY_MS);
        let agent = [("user-agent", "liar")];
        let reply = manager.request("GET", "/get-batch", &agent, "").unwrap();
        prop_assert!(reply.status != 403);
    }
}

#[test]
fn own_bad_results_in_a_row_end_in_quarantine() {
    let mut manager = start();
    for start_nonce in 0..5 {
        manager.event("new_batch", batch(ID, start_nonce * 4, &[]));
    }
    let first = get(&mut manager, "bad").unwrap();
    for _ in 0..20 {
        post(&mut manager, "ann", &first, &json!({}));
    }
    assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
    post(&mut manager, "bad", &first, &json!({}));
    for _ in 1..5 {
        let batch = get(&mut manager, "bad").unwrap();
        post(&mut manager, "bad", &batch, &json!({}));
        manager.advance_ms(600_000);
    }
    let report = slaves(&mut manager);
    assert_eq!(report["quarantined"][0]["name"], "bad");
    assert_eq!(
        report["quarantined"][0]["evidence"][0]["kind"],
        "bad_result"
    );
}

#[test]
fn batches_given_back_are_no_bad_results() {
    let mut manager = start();
    for start_nonce in 0..5 {
        manager.event("new_batch", batch(ID, start_nonce * 4, &[]));
    }
    for _ in 0..4 {
        let taken = get(&mut manager, "weak").unwrap();
        let path = format!("/release-batch/{ID}_{}", taken["start_nonce"]);
        let body = json!({ "reason": "out of memory" }).to_string();
        let reply = manager.request("POST", &path, &[("user-agent", "weak")], body);
        assert_eq!(reply.unwrap().status, 200);
        manager.advance_ms(600_000);
    }
    let taken = get(&mut manager, "weak").unwrap();
    post(&mut manager, "weak", &taken, &json!({}));
    assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
}

/// `job_manager` refuses a result of this slave, which contradicts a known root.
fn refuse(manager: &mut Manager, slave: &str, batch: &Value) {
    manager.event(
        "result_refused",
        json!({ "benchmark_id": batch["benchmark_id"], "start_nonce": batch["start_nonce"], "slave": slave,
            "reason": "no", "contradicts": true }),
    );
}

/// A slave takes a batch and sends what is taken here.
fn answer(manager: &mut Manager, slave: &str, batch: &Value) {
    manager.event("new_batch", batch.clone());
    assert_eq!(get(manager, slave).as_ref(), Some(batch));
    assert_eq!(post(manager, slave, batch, &result(batch)).status, 200);
}

/// The results that are taken in between are roots, and those that are refused contradict them.
#[test]
fn answers_refused_within_a_day_end_in_quarantine() {
    for (hours, expected) in [(1, 1), (6, 0)] {
        let mut manager = start();
        for start_nonce in (0..20).step_by(4) {
            assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
            manager.advance_ms(hours * 3_600_000);
            answer(&mut manager, "bad", &batch(ID, start_nonce, &[]));
            let proof = batch(ID, start_nonce, &[start_nonce]);
            answer(&mut manager, "bad", &proof);
            refuse(&mut manager, "bad", &proof);
        }
        let report = slaves(&mut manager);
        let quarantined = report["quarantined"].as_array().unwrap();
        assert_eq!(quarantined.len(), expected, "{hours} h apart");
        assert_eq!(report["slaves"][0]["errors"], 5);
    }
}

#[test]
fn pardoned_slave_begins_without_refusals() {
    let mut manager = start();
    for start_nonce in (0..24).step_by(4) {
        let batch = batch(ID, start_nonce, &[]);
        answer(&mut manager, "bad", &batch);
        refuse(&mut manager, "bad", &batch);
        let reply = manager.request("POST", "/pardon-slave", &[], r#"{"slave":"bad"}"#);
        let expected = if start_nonce == 16 { 200 } else { 404 };
        assert_eq!(reply.unwrap().status, expected, "{start_nonce}");
    }
}

#[test]
fn refused_forgeries_do_not_count_against_a_slave() {
    let mut manager = start();
    for start_nonce in (0..20).step_by(4) {
        // Nothing is known of its job.
        let unknown = batch("unknown", start_nonce, &[]);
        let reply = post(&mut manager, "ann", &unknown, &result(&unknown));
        assert_eq!(reply.status, 200);
        refuse(&mut manager, "ann", &unknown);

        // She has done it, and nobody has asked for proofs.
        let done = batch(ID, start_nonce, &[]);
        answer(&mut manager, "ann", &done);
        let unasked = result(&batch(ID, start_nonce, &[start_nonce]));
        assert_eq!(post(&mut manager, "ann", &done, &unasked).status, 200);
        refuse(&mut manager, "ann", &done);

        // Another slave has it.
        let other = batch("other", start_nonce, &[]);
        manager.event("new_batch", other.clone());
        get(&mut manager, "bob").unwrap();
        let reply = post(&mut manager, "ann", &other, &result(&other));
        assert_eq!(reply.status, 200);
        refuse(&mut manager, "ann", &other);
    }
    assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
}

/// A root under her name is not hers, and her honest proofs contradict it.
#[test]
fn forged_roots_do_not_count_against_a_slave() {
    let mut manager = start();
    for start_nonce in (0..20).step_by(4) {
        let plain = batch(ID, start_nonce, &[]);
        manager.event("new_batch", plain.clone());
        assert_eq!(
            post(&mut manager, "ann", &plain, &result(&plain)).status,
            200
        );
        let proof = batch(ID, start_nonce, &[start_nonce]);
        answer(&mut manager, "ann", &proof);
        refuse(&mut manager, "ann", &proof);
    }
    let report = slaves(&mut manager);
    assert_eq!(report["quarantined"], json!([]));
    assert_eq!(report["slaves"][0]["errors"], 5);
}

/// After a rollback, proofs of the former samples are still waiting here, or leased.
#[test]
fn refusals_without_contradiction_do_not_count() {
    let mut manager = start();
    for start_nonce in (0..20).step_by(4) {
        answer(&mut manager, "ann", &batch(ID, start_nonce, &[]));
        answer(&mut manager, "ann", &batch(ID, start_nonce, &[start_nonce]));
        manager.event(
            "result_refused",
            json!({ "benchmark_id": ID, "start_nonce": start_nonce, "slave": "ann",
                "reason": "no", "contradicts": false }),
        );
    }
    let report = slaves(&mut manager);
    assert_eq!(report["quarantined"], json!([]));
    assert_eq!(report["slaves"][0]["errors"], 5);
}

#[test]
fn a_pardon_comes_from_this_machine_only() {
    let mut manager = start();
    for headers in [
        &[("x-forwarded-for", "10.0.0.1")][..],
        &[("host", "evil.example")],
        &[
            ("host", "localhost:5115"),
            ("origin", "https://evil.example"),
        ],
    ] {
        let reply = manager.request("POST", "/pardon-slave", headers, r#"{"slave":"a"}"#);
        assert_eq!(reply.unwrap().status, 403, "{headers:?}");
    }
}

/// Nothing in a row is refused, and no batch is lost: a slave that has the samples of the next block delivers those before.
#[test]
fn proofs_of_former_samples_count_against_nobody() {
    let mut manager = start();
    for start_nonce in (0..40).step_by(4) {
        let former = batch(ID, start_nonce, &[start_nonce]);
        let present = batch(ID, start_nonce, &[start_nonce + 1]);
        manager.event("new_batch", former.clone());
        assert_eq!(get(&mut manager, "ann"), Some(former.clone()));
        if start_nonce % 8 == 0 {
            // Its lease is over before the rollback, and the batch waits again.
            manager.advance_ms(LEASE_MS);
            manager.update();
        }
        manager.event("new_batch", present.clone());
        assert_eq!(get(&mut manager, "ann"), Some(present.clone()));
        manager.reload();
        let reply = post(&mut manager, "ann", &former, &result(&former));
        assert_eq!(reply.status, 409);
        let reply = post(&mut manager, "ann", &present, &result(&present));
        assert_eq!(reply.status, 200, "it is still hers");
    }
    let report = slaves(&mut manager);
    assert_eq!(report["slaves"][0]["errors"], 0);
    assert_eq!(report["slaves"][0]["failures"], 0);
}

/// Another slave had completed the batch with the former samples when the network sampled others.
#[test]
fn late_former_proofs_count_against_nobody() {
    let mut manager = start();
    let former = batch(ID, 0, &[0]);
    let present = batch(ID, 0, &[1]);
    manager.event("new_batch", former.clone());
    get(&mut manager, "ann").unwrap();
    let reply = post(&mut manager, "bob", &former, &result(&former));
    assert_eq!(reply.status, 200);
    manager.event("new_batch", present.clone());
    // Until then it is kept for bob.
    manager.advance_ms(5_000);
    manager.update();
    assert_eq!(get(&mut manager, "ann"), Some(present));
    let late = post(&mut manager, "ann", &former, &result(&former));
    assert_eq!(late.status, 409);
    let again = post(&mut manager, "ann", &former, &result(&former));
    assert_eq!(again.status, 400, "once is enough");
}

/// No block was rolled back: the proofs of other nonces are honest, and nobody has asked for them.
#[test]
fn unasked_proofs_free_batch_and_end_in_quarantine() {
    for sampled in [&[][..], &[1]] {
        let mut manager = start();
        for start_nonce in (0..20).step_by(4) {
            assert_eq!(slaves(&mut manager)["quarantined"], json!([]));
            let sampled: Vec<u64> = sampled.iter().map(|nonce| start_nonce + nonce).collect();
            let asked = batch(ID, start_nonce, &sampled);
            let other = batch(ID, start_nonce, &[start_nonce + 2]);
            manager.event("new_batch", asked.clone());
            assert_eq!(get(&mut manager, "bad"), Some(asked.clone()));
            let reply = post(&mut manager, "bad", &asked, &result(&other));
            assert_eq!(reply.status, 400);
            assert_eq!(get(&mut manager, "ann").as_ref(), Some(&asked), "at once");
            post(&mut manager, "ann", &asked, &result(&asked));
            // So that the slave has rested.
            manager.advance_ms(60_000);
        }
        let report = slaves(&mut manager);
        assert_eq!(report["quarantined"][0]["name"], "bad", "{sampled:?}");
    }
}

/// Nobody else computes what is settled, and the answer of the slave that has it is still taken.
#[test]
fn withdrawn_audits_go_to_nobody_else() {
    let mut manager = start();
    let push = |manager: &mut Manager, start_nonce| {
        let batch = batch(ID, start_nonce, &[]);
        manager.event("audit_batch", audit(batch, &["ann"], None));
    };
    push(&mut manager, 0);
    push(&mut manager, 4);
    let held = get(&mut manager, "bob").unwrap();
    manager.event("new_batch", batch(ID, 8, &[]));
    let withdrawn = |audits_only| json!({ "benchmark_id": ID, "audits_only": audits_only });
    manager.event("batches_withdrawn", withdrawn(true));
    assert_eq!(get(&mut manager, "cid").unwrap()["start_nonce"], 8);
    assert_eq!(get(&mut manager, "cid"), None);
    assert_eq!(post(&mut manager, "bob", &held, &result(&held)).status, 200);

    // Also not once the lease is over, unless it is wanted again.
    push(&mut manager, 12);
    get(&mut manager, "bob").unwrap();
    manager.event("batches_withdrawn", withdrawn(true));
    manager.advance_ms(LEASE_MS);
    manager.update();
    assert_eq!(get(&mut manager, "cid").unwrap()["start_nonce"], 8);
    assert_eq!(get(&mut manager, "cid"), None);
    push(&mut manager, 12);
    for slave in ["dan", "eve"] {
        assert_eq!(get(&mut manager, slave).unwrap()["start_nonce"], 12);
        manager.advance_ms(2 * LEASE_MS);
        manager.update();
    }
}

#[test]
fn withdrawn_job_leaves_others_their_batches() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[5]));
    manager.event("new_batch", batch("other", 0, &[]));
    manager.event("batches_withdrawn", json!({ "benchmark_id": ID }));
    assert_eq!(get(&mut manager, "ann").unwrap()["benchmark_id"], "other");
    assert_eq!(get(&mut manager, "ann"), None);
    manager.event("new_batch", batch(ID, 0, &[]));
    assert_eq!(get(&mut manager, "ann").unwrap()["benchmark_id"], ID);
}
