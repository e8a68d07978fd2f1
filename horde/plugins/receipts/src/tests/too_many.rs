//! More receipts than are kept.

use std::collections::BTreeMap;

use serde_json::json;

use super::support::*;

/// The page before the one that grows.
const OLDER: i64 = -300;

/// A validator with two receipts of the older page, its own and one of another validator, that miner 1 serves.
fn served() -> World {
    let mut world = World::with_miners(&[1]);
    let both = receipt(1, &own(), &miner(1), OLDER);
    let foreign = receipt(2, &other(), &miner(1), OLDER);
    world.harness.store("since", "0");
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    let signed = signed_event(std::slice::from_ref(&both));
    world.harness.event("horde_receipts_signed", signed);
    world.miners.add(1, &[both, foreign]);
    world.serve();
    assert_eq!((world.stored("own/"), world.foreign()), (1, 1));
    world
}

/// The store has so many more, in the page that grows; the miner is read again from the beginning.
fn fill(world: &mut World, own: u32, foreign: u32) {
    let foreign: BTreeMap<_, _> = (0..foreign / 10_000)
        .map(|number| (format!("m{number}"), 10_000))
        .collect();
    let counts = json!({ "own": own, "countersigned": 0, "foreign": foreign });
    let key = format!("count/{PAGE:010}");
    world.harness.store(&key, counts.to_string());
    let progress = format!("miner/{}", hotkey(&miner(1)));
    world.harness.store(&progress, "\"unreadable\"");
    world.harness.kill();
    world.harness.update();
    world.harness.event("horde_neurons", neurons(1, &[1]));
}

fn is_alarmed(world: &mut World) -> bool {
    for _ in 0..25 {
        world.harness.advance_ms(60_000);
        world.harness.update();
    }
    world.logged("error", "ANOTHER VALIDATOR")
}

#[test]
fn foreign_receipts_go_before_own_ones() {
    let mut world = served();
    fill(&mut world, 0, 300_000);
    assert_eq!((world.stored("own/"), world.foreign()), (1, 0));
    world.serve();
    assert_eq!(world.foreign(), 0, "neither verified nor stored again");
    let refused = world.harness.metric("refused", &[("reason", "surplus")]);
    assert_eq!(refused, Some(1.0));
    assert_eq!((world.stored("own/"), world.stored("suspect/")), (1, 0));
}

#[test]
fn own_receipts_that_were_too_many_are_no_alarm() {
    let mut world = served();
    fill(&mut world, 200_000, 0);
    assert_eq!((world.stored("own/"), world.foreign()), (0, 1));
    // What went is known after a restart, too.
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.serve();
    let refused = world.harness.metric("refused", &[("reason", "surplus")]);
    assert_eq!(refused, None);
    assert_eq!(world.stored("suspect/"), 0);
    assert!(!is_alarmed(&mut world));
    // `horde_miners` emits it again after each start.
    let signed = signed_event(&[receipt(1, &own(), &miner(1), OLDER)]);
    world.harness.event("horde_receipts_signed", signed);
    assert_eq!(world.stored("own/"), 0);
    // A younger one of another validator is found.
    world.miners.add(1, &[receipt(3, &own(), &miner(1), 0)]);
    world.poll();
    assert!(is_alarmed(&mut world));
}

/// Without waiting for the next `update`.
#[test]
fn bound_holds_while_miners_are_read() {
    let mut world = served();
    fill(&mut world, 0, 290_000);
    assert_eq!(world.foreign(), 1);
    let counts = json!({ "own": 0, "countersigned": 0, "foreign": { "m": 10_000 } });
    let key = format!("count/{:010}", PAGE - 2);
    world.harness.store(&key, counts.to_string());
    for number in 0..600 {
        let key = format!("foreign/{:010}/m/{number}", PAGE - 2);
        world.harness.store(&key, "{}");
    }
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    let many: Vec<_> = (0..600)
        .map(|n| receipt(10 + n, &other(), &miner(1), 0))
        .collect();
    world.miners.add(1, &many);
    world.serve();
    // Those of three slices have come, and those of the oldest page are gone.
    let oldest = format!("foreign/{:010}/", PAGE - 2);
    assert_eq!(world.stored(&oldest), 0);
}
