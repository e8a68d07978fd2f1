//! Slaves that the operator has taken out: no new batches, and nothing that they have is lost.

use super::*;

fn command(manager: &mut Manager, name: &str, slave: &str) -> Result<String, String> {
    let ticket = manager.command(name, &json!({ "slave": slave }));
    let ticket = ticket.map_err(|error| error.to_string())?;
    let (code, value) = manager.finished(ticket).unwrap();
    assert_eq!(code, 0);
    Ok(value.as_str().unwrap().to_owned())
}

fn standing(manager: &mut Manager, slave: &str) -> Value {
    let report = slaves(manager);
    let all = report["slaves"].as_array().unwrap().iter();
    let mut found = all.filter(|row| row["name"] == slave);
    found.next().unwrap()["standing"].clone()
}

#[test]
fn cordoned_slave_finishes_and_gets_nothing_new() {
    let mut manager = start();
    for start_nonce in [0, 4, 8] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    let held = get(&mut manager, "ann").unwrap();
    let text = command(&mut manager, "cordon", "ann").unwrap();
    assert!(text.starts_with("ann gets no new batches"), "{text}");
    assert_eq!(get(&mut manager, "ann"), None);
    assert_eq!(get(&mut manager, "bob").unwrap()["start_nonce"], 4);
    let reply = post(&mut manager, "ann", &held, &result(&held));
    assert_eq!((reply.status, manager.emitted().len()), (200, 1));
    assert_eq!(standing(&mut manager, "ann"), "cordoned");

    manager.kill();
    manager.event("new_batch", batch(ID, 8, &[]));
    assert_eq!(get(&mut manager, "ann"), None, "a restart does not lift it");
    manager.reload();
    assert_eq!(get(&mut manager, "ann"), None);

    manager.woken();
    command(&mut manager, "uncordon", "ann").unwrap();
    assert!(manager.woken() > 0, "its poll may be held");
    assert_eq!(get(&mut manager, "ann").unwrap()["start_nonce"], 8);
    assert_eq!(manager.stored().len(), 0);
}

#[test]
fn cordoned_slave_gets_no_reserved_proofs() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    let held = get(&mut manager, "ann").unwrap();
    post(&mut manager, "ann", &held, &result(&held));
    command(&mut manager, "cordon", "ann").unwrap();
    manager.event("new_batch", batch(ID, 0, &[1]));
    assert!(get(&mut manager, "bob").is_some());
}

/// Of the polls that are held, the first may be those of cordoned slaves.
#[test]
fn cordoned_polls_do_not_use_up_a_wake() {
    let mut manager = start();
    for slave in ["ann", "bob", "cid"] {
        assert_eq!(get(&mut manager, slave), None);
    }
    command(&mut manager, "cordon", "ann").unwrap();
    command(&mut manager, "cordon", "bob").unwrap();
    command(&mut manager, "cordon", "never-seen").unwrap();
    manager.woken();
    manager.event("new_batch", batch(ID, 0, &[]));
    assert_eq!(manager.woken(), 3);
}

#[test]
fn cordons_are_of_possible_names_and_bounded() {
    let mut manager = start();
    for slave in ["", " ann", "an\nn", &"x".repeat(65)] {
        let error = command(&mut manager, "cordon", slave).unwrap_err();
        assert!(error.starts_with("a slave's name has 1 to 64"), "{error}");
    }
    for number in 0..1_000 {
        command(&mut manager, "cordon", &format!("rig {number}")).unwrap();
    }
    let error = command(&mut manager, "cordon", "one-more").unwrap_err();
    assert!(error.starts_with("1000 slaves are cordoned"), "{error}");
    command(&mut manager, "cordon", "rig 7").unwrap();
    command(&mut manager, "uncordon", "rig 7").unwrap();
    let error = command(&mut manager, "uncordon", "rig 7").unwrap_err();
    assert_eq!(error, "rig 7 is not cordoned");
    command(&mut manager, "cordon", "one-more").unwrap();
    assert_eq!(manager.restores(), 0, "a refusal changes nothing");
}

#[test]
fn pardon_by_command_ends_a_quarantine() {
    let mut manager = start();
    let convicted = json!({ "slave": "ann", "benchmark_id": ID, "start_nonce": 0, "witnesses": ["bob"],
        "stated": "11".repeat(32), "agreed": "22".repeat(32) });
    manager.event("slave_convicted", convicted);
    assert_eq!(manager.conditions()[0].code, "slave_quarantined");
    command(&mut manager, "pardon", "ann").unwrap();
    assert_eq!((manager.conditions(), manager.stored().len()), (&[][..], 0));
    let error = command(&mut manager, "pardon", "ann").unwrap_err();
    assert_eq!(error, "ann is not in quarantine");
}
