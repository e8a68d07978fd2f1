//! Conditions: each begins when something lasts, and ends with its cause.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, HttpFailureKind, Severity};

use super::support::*;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// What stands after the next `update`.
fn conditions(world: &mut World) -> Vec<Condition> {
    world.harness.update();
    world.harness.conditions().to_vec()
}

/// Lets all that miners are asked for fail, as often as it takes until all of them have failed so often in a row.
fn fail_times(world: &mut World, times: u32) {
    for failures in 1..=times {
        while !world.harness.http_calls().is_empty() {
            world.fail(HttpFailureKind::Connect);
        }
        // The pause doubles with each failure.
        world.harness.advance_ms(POLL_MS << failures);
    }
}

fn unknown_receipt(world: &mut World) {
    world.miners.add(1, &[receipt(1, &own(), &miner(1), 0)]);
    world.serve();
    world.harness.advance_ms(20 * MINUTE_MS);
}

#[test]
fn other_validator_is_critical_for_two_days() {
    let mut world = World::with_miners(&[1]);
    unknown_receipt(&mut world);
    let [condition] = &conditions(&mut world)[..] else {
        panic!("{:?}", world.harness.conditions());
    };
    let expected = ("hotkey_used_elsewhere", Severity::Critical);
    assert_eq!((condition.code.as_str(), condition.severity), expected);
    assert!(condition.remedy.starts_with("stop one of the two"));
    // The stored state of it says the same after a kill.
    world.harness.kill();
    assert_eq!(conditions(&mut world).len(), 1);
    world.harness.advance_ms(2 * DAY_MS - 1);
    assert_eq!(conditions(&mut world).len(), 1);
    world.harness.advance_ms(1);
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn receipt_that_may_still_come_is_not_reported() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &own(), &miner(1), 0)]);
    world.serve();
    world.harness.advance_ms(19 * MINUTE_MS);
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn silent_miner_is_reported_from_third_failure() {
    let mut world = World::with_miners(&[1, 2]);
    fail_times(&mut world, 2);
    assert_eq!(conditions(&mut world), [], "it may pass");
    fail_times(&mut world, 1);
    let found = conditions(&mut world);
    let subjects: Vec<_> = found.iter().map(|it| it.subject.clone()).collect();
    let mut expected = [hotkey(&miner(1)), hotkey(&miner(2))];
    expected.sort();
    assert_eq!(subjects, expected);
    for condition in &found {
        let expected = ("receipts_failing", Severity::Info);
        assert_eq!((condition.code.as_str(), condition.severity), expected);
        assert!(condition.text.contains(&condition.subject));
    }
    // One of the two answers again, the other one has left the subnet.
    world.harness.event("horde_neurons", neurons(2, &[1]));
    assert_eq!(conditions(&mut world).len(), 1);
    world.harness.advance_ms(60 * MINUTE_MS);
    world.serve();
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn many_silent_miners_share_a_condition() {
    let numbers: Vec<u8> = (1..=13).collect();
    let mut world = World::with_miners(&numbers);
    fail_times(&mut world, 3);
    let found = conditions(&mut world);
    assert_eq!(found.len(), 11);
    let rest = found.iter().find(|it| it.subject.is_empty()).unwrap();
    assert_eq!(rest.text, "receipts of 3 more miners cannot be fetched");
}

/// The first report is lost in the host: a repetition would be seen.
#[test]
fn same_conditions_are_not_reported_again() {
    let mut world = World::with_miners(&[1]);
    assert_eq!(conditions(&mut world), []);
    unknown_receipt(&mut world);
    world.harness.fail_next(CallKind::Conditions, "");
    for _ in 0..3 {
        assert_eq!(conditions(&mut world), []);
    }
    world.harness.kill();
    assert_eq!(conditions(&mut world).len(), 1);
}
