//! Conditions come when something is wrong with the slaves, stay while it is, and go.

use tig_plugin_api::Severity;

use super::*;

/// Codes and subjects after an `update`.
fn conditions(manager: &mut Manager) -> Vec<(String, String)> {
    manager.update();
    let all = manager.conditions().iter();
    all.map(|condition| (condition.code.clone(), condition.subject.clone()))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = expected.iter();
    pairs
        .map(|(code, subject)| ((*code).to_owned(), (*subject).to_owned()))
        .collect()
}

fn give_back(manager: &mut Manager, slave: &str, start_nonce: u64, body: &Value) {
    let path = format!("/release-batch/{ID}_{start_nonce}");
    let reply = manager.request("POST", &path, &[("user-agent", slave)], body.to_string());
    assert_eq!(reply.unwrap().status, 200);
}

#[test]
fn batches_without_slaves_raise_no_slaves() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    assert_eq!(conditions(&mut manager), []);
    for _ in 0..3 {
        manager.advance_ms(5_000);
        conditions(&mut manager);
    }
    assert_eq!(conditions(&mut manager), pairs(&[("no_slaves", "")]));
    assert_eq!(manager.conditions()[0].severity, Severity::Critical);
    get(&mut manager, "ann");
    assert_eq!(conditions(&mut manager), []);

    // It computes for minutes, and asks for nothing meanwhile.
    manager.event("new_batch", batch(ID, 4, &[]));
    manager.advance_ms(LEASE_MS - 1_000);
    assert_eq!(conditions(&mut manager), []);
    manager.advance_ms(6_000);
    conditions(&mut manager);
    manager.advance_ms(5_000);
    assert_eq!(conditions(&mut manager), pairs(&[("no_slaves", "")]));
}

#[test]
fn slaves_that_may_not_work_raise_no_slaves() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager
        .command("cordon", &json!({ "slave": "ann" }))
        .unwrap();
    for _ in 0..4 {
        manager.advance_ms(5_000);
        get(&mut manager, "ann");
        manager.update();
    }
    assert_eq!(
        conditions(&mut manager),
        pairs(&[("no_slaves", ""), ("slave_cordoned", "ann")])
    );
    let texts = manager.conditions();
    assert!(texts[0].text.contains("cordoned or in quarantine"));
    assert_eq!(texts[1].severity, Severity::Info);
}

#[test]
fn silent_slave_that_lost_a_batch_is_gone() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "ann");
    manager.advance_ms(LEASE_MS);
    get(&mut manager, "bob");
    assert_eq!(conditions(&mut manager), []);
    manager.advance_ms(100_000);
    get(&mut manager, "bob");
    assert_eq!(conditions(&mut manager), pairs(&[("slave_gone", "ann")]));
    get(&mut manager, "ann");
    assert_eq!(conditions(&mut manager), []);
}

#[test]
fn slave_that_stops_in_order_is_not_gone() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "ann");
    give_back(&mut manager, "ann", 0, &json!({ "reason": "stopping" }));
    for _ in 0..100 {
        manager.advance_ms(5_000);
        get(&mut manager, "bob");
        assert_eq!(conditions(&mut manager), []);
    }
}

/// The slave tries again, and fails again: that is one trouble, not many.
#[test]
fn unable_slaves_are_reported_until_one_is_able() {
    let mut manager = start();
    for start_nonce in [0, 4, 8] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    let body = json!({ "reason": "no space left on device", "retry_ms": 30_000 });
    get(&mut manager, "bob");
    for _ in 0..3 {
        get(&mut manager, "ann").unwrap();
        assert_eq!(conditions(&mut manager).len(), manager.conditions().len());
        give_back(&mut manager, "ann", 4, &body);
        assert_eq!(
            conditions(&mut manager),
            pairs(&[("slave_cannot_run", "ann")])
        );
        manager.advance_ms(60_000);
        let held = batch(ID, 0, &[]);
        post(&mut manager, "bob", &held, &result(&held));
        assert_eq!(conditions(&mut manager).len(), 1, "it has not shown it yet");
    }
    get(&mut manager, "bob").unwrap();
    give_back(&mut manager, "bob", 4, &body);
    get(&mut manager, "ann").unwrap();
    give_back(&mut manager, "ann", 8, &body);
    let expected = [
        ("all_slaves_cannot_run", "c003_a001"),
        ("slave_cannot_run", "ann"),
        ("slave_cannot_run", "bob"),
    ];
    assert_eq!(conditions(&mut manager), pairs(&expected));
    manager.advance_ms(61_000);
    let held = get(&mut manager, "ann").unwrap();
    post(&mut manager, "ann", &held, &result(&held));
    assert_eq!(
        conditions(&mut manager),
        pairs(&[("slave_cannot_run", "bob")])
    );
}

#[test]
fn failing_slave_is_reported_between_its_pauses() {
    let mut manager = start();
    for number in 0..8 {
        manager.event("new_batch", batch(ID, 4 * number, &[]));
    }
    let fail = |manager: &mut Manager| {
        let held = get(manager, "ann").unwrap();
        let start_nonce = held["start_nonce"].as_u64().unwrap();
        give_back(
            manager,
            "ann",
            start_nonce,
            &json!({ "reason": "out\nof luck" }),
        );
    };
    for _ in 0..3 {
        assert_eq!(conditions(&mut manager), []);
        fail(&mut manager);
    }
    for pause_ms in [5_000, 10_000] {
        assert_eq!(conditions(&mut manager), pairs(&[("slave_resting", "ann")]));
        manager.advance_ms(pause_ms);
        assert_eq!(conditions(&mut manager), pairs(&[("slave_resting", "ann")]));
        fail(&mut manager);
    }
    assert!(manager.conditions()[0].text.ends_with(": outof luck"));
}

#[test]
fn slaves_beyond_the_bound_share_a_condition() {
    let mut manager = start();
    let subjects = |manager: &Manager| {
        let all = manager.conditions().iter();
        all.map(|condition| condition.subject.clone())
            .collect::<Vec<_>>()
    };
    let mut before = Vec::new();
    // Backwards: also one that comes first by name must not end the condition of another.
    for number in (0..500).rev() {
        let slave = format!("rig{number:03}");
        manager
            .command("cordon", &json!({ "slave": slave }))
            .unwrap();
        let now = subjects(&manager);
        assert!(before.iter().all(|subject| now.contains(subject)));
        before = now;
    }
    assert_eq!(before.len(), 21);
    let shared = manager.conditions()[0].clone();
    assert_eq!(
        (shared.subject.as_str(), before[1].as_str()),
        ("", "rig480")
    );
    let expected = "more slaves are cordoned: they get no new batches (480 besides those named, such as rig000, rig001,";
    assert!(shared.text.starts_with(expected), "{}", shared.text);
    manager
        .command("uncordon", &json!({ "slave": "rig490" }))
        .unwrap();
    let now = subjects(&manager);
    assert!(now.contains(&"rig000".to_owned()) && !now.contains(&"rig490".to_owned()));
}

#[test]
fn slave_in_quarantine_that_polls_is_named() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    let convicted = json!({ "slave": "ann", "benchmark_id": ID, "start_nonce": 4, "witnesses": ["bob"],
        "stated": "00".repeat(32), "agreed": "11".repeat(32) });
    get(&mut manager, "ann");
    manager.event("slave_convicted", convicted);
    for _ in 0..30 {
        manager.advance_ms(5_000);
        let headers = [("user-agent", "ann")];
        let reply = manager.request("GET", "/get-batch", &headers, "").unwrap();
        assert_eq!(reply.status, 403);
        manager.update();
    }
    let text = &manager.conditions()[0].text;
    assert!(text.contains("cordoned or in quarantine"), "{text}");
}

#[test]
fn slave_that_shares_its_name_stops_alone() {
    let mut manager = start();
    for start_nonce in [0, 4, 8] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    get(&mut manager, "ann").unwrap();
    get(&mut manager, "ann").unwrap();
    let body = json!({ "reason": "stopping" });
    give_back(&mut manager, "ann", 0, &body);
    for _ in 0..4 {
        manager.advance_ms(5_000);
        assert_eq!(conditions(&mut manager), []);
    }
    // It does not hold this one.
    give_back(&mut manager, "ann", 8, &body);
    assert_eq!(slaves(&mut manager)["present"], 1);
    give_back(&mut manager, "ann", 4, &body);
    assert_eq!(slaves(&mut manager)["present"], 0);
    give_back(&mut manager, "bob", 4, &body);
    assert_eq!(slaves(&mut manager)["present"], 1);
}

#[test]
fn fleet_is_emitted_when_it_changes() {
    let mut manager = start();
    let fleets = |manager: &mut Manager| {
        manager.update();
        let emitted = manager.emitted().into_iter();
        let fleets = emitted.filter(|(name, _)| name == "fleet");
        fleets
            .map(|(_, fleet)| fleet["slaves"].as_u64())
            .collect::<Vec<_>>()
    };
    assert_eq!(fleets(&mut manager), [Some(0)]);
    assert_eq!(fleets(&mut manager), []);
    get(&mut manager, "ann");
    assert_eq!(fleets(&mut manager), [Some(1)]);
}
