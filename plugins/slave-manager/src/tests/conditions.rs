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
fn many_slaves_share_one_condition() {
    let mut manager = start();
    for number in 0..500 {
        let slave = format!("rig{number:03}");
        manager
            .command("cordon", &json!({ "slave": slave }))
            .unwrap();
        let expected = if number < 20 { number + 1 } else { 1 };
        assert_eq!(manager.conditions().len(), expected);
    }
    let condition = &manager.conditions()[0];
    assert_eq!(condition.subject, "");
    assert!(
        condition
            .text
            .starts_with("500 slaves are cordoned: they get no new batches, such as rig000,")
    );
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
