//! Two validators with one hotkey are found out by the receipts of the other.

use super::support::*;

const MINUTE_MS: u64 = 60_000;

fn wait(world: &mut World, minutes: u64) {
    for _ in 0..minutes {
        world.harness.advance_ms(MINUTE_MS);
        world.serve();
        world.harness.update();
    }
}

#[test]
fn unknown_receipt_with_this_hotkey_is_an_alarm() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &own(), &miner(1), 0)]);
    world.serve();
    wait(&mut world, 19);
    assert!(!world.logged("error", "ANOTHER VALIDATOR"));
    wait(&mut world, 1);
    assert!(world.logged("error", "ANOTHER VALIDATOR SIGNS WITH THIS HOTKEY"));
    let found = &world.report()["other_validator"];
    assert_eq!(found["receipts"], 1);
    assert_eq!(found["miner_hotkey"], hotkey(&miner(1)));
    // It is known after a kill, and counts once.
    world.harness.kill();
    wait(&mut world, 60);
    assert_eq!(world.report()["other_validator"]["receipts"], 1);
    assert_eq!(world.harness.metric("other_validator", &[]), Some(1.0));
}

#[test]
fn own_receipt_that_comes_later_is_no_alarm() {
    let mut world = World::with_miners(&[1]);
    let both = receipt(1, &own(), &miner(1), 0);
    world.miners.add(1, std::slice::from_ref(&both));
    world.serve();
    assert_eq!(world.stored("suspect/"), 1);
    world.harness.kill();
    let event = signed_event(std::slice::from_ref(&both));
    world.harness.event("horde_receipts_signed", event);
    assert_eq!(world.stored("suspect/"), 0);
    // The signature that the miner had shown is not lost.
    assert_eq!(world.report()["own_countersigned"], 1);
    wait(&mut world, 60);
    assert!(!world.logged("error", "ANOTHER VALIDATOR"));
}

/// One job, two contents with valid signatures of this hotkey.
#[test]
fn other_content_for_a_known_job_is_an_alarm() {
    let mut world = World::with_miners(&[1]);
    let ours = receipt(1, &own(), &miner(1), 0);
    world
        .harness
        .event("horde_receipts_signed", signed_event(&[ours]));
    world.miners.add(1, &[receipt(1, &own(), &miner(1), 1)]);
    world.serve();
    wait(&mut world, 20);
    assert!(world.logged("error", "ANOTHER VALIDATOR"));
}

/// After a large batch miners may serve more than is kept, before this validator's own have come.
#[test]
fn too_many_unknown_receipts_are_no_alarm() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &own(), &miner(1), 0)]);
    world.serve();
    let stored = world.harness.stored();
    let mut suspects = stored.iter().filter(|(key, _)| key.starts_with("suspect/"));
    let record = serde_json::to_vec(suspects.next().unwrap().1).unwrap();
    for number in 0..9_999 {
        world
            .harness
            .store(&format!("suspect/x/{number}"), record.clone());
    }
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.miners.add(1, &[receipt(2, &own(), &miner(1), 0)]);
    world.serve();
    assert_eq!(world.stored("suspect/"), 10_000);
    assert!(!world.logged("error", "ANOTHER VALIDATOR"));
    let refused = world.harness.metric("refused", &[("reason", "unknown")]);
    assert_eq!(refused, Some(1.0));
}

#[test]
fn receipts_from_before_this_store_are_no_alarm() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &own(), &miner(1), -10)]);
    world.serve();
    wait(&mut world, 60);
    assert!(!world.logged("error", "ANOTHER VALIDATOR"));
}

#[test]
fn forged_receipt_with_this_hotkey_is_no_alarm() {
    let mut world = World::with_miners(&[1]);
    let payload = payload("Accepted", 1, &own(), &miner(1), 0);
    let forged = signed(payload, &other(), &miner(1));
    world.miners.add(1, &[forged]);
    world.serve();
    wait(&mut world, 60);
    assert!(!world.logged("error", "ANOTHER VALIDATOR"));
    let refused = world
        .harness
        .metric("refused", &[("reason", "validator_signature")]);
    assert_eq!(refused, Some(1.0));
}
