//! The condition that no miner of the subnet is connected: begins when that lasts, and ends with its cause.

use serde_json::{Value, json};
use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, Severity, WsCloseClass};

use super::world::*;

/// Time in which a miner has to show its manifest.
const MANIFEST_MS: u64 = 35_000;

/// Number of the trusted miner, for its port.
const TRUSTED: usize = 9;

/// What stands after the next `update`.
fn conditions(world: &mut World) -> Vec<Condition> {
    world.0.update();
    world.0.conditions().to_vec()
}

fn want(world: &mut World, miners: &[usize]) {
    world.0.event("horde_links_wanted", links_wanted(miners));
}

/// As [`want`], of another extension.
fn want_of(world: &mut World, holder: &str, miners: &[Value]) {
    let list = json!({ "holder": holder, "miners": miners });
    world.0.event("horde_links_wanted", list);
}

/// Address of the trusted miner.
fn trusted() -> Value {
    let mut address = address(TRUSTED);
    address["hotkey"] = json!("");
    address
}

/// Every attempt to connect to these miners fails, until they are given up.
fn refuse(world: &mut World, miners: &[usize]) {
    for miner in miners {
        while let Some(tag) = world.try_tag(*miner) {
            world.0.ws_end(&tag, WsCloseClass::Connect);
            world.0.advance_ms(3_001);
        }
    }
}

/// Two miners are wanted, and given up for so long that it is reported.
fn lose_two(world: &mut World) {
    want(world, &[1, 2]);
    refuse(world, &[1, 2]);
    world.0.advance_ms(MANIFEST_MS);
}

#[test]
fn wanted_links_all_down_are_a_warning() {
    let mut world = start();
    assert_eq!(conditions(&mut world), []);
    want(&mut world, &[2, 1]);
    refuse(&mut world, &[1, 2]);
    assert_eq!(conditions(&mut world), [], "it does not last yet");
    world.0.advance_ms(MANIFEST_MS);
    let [condition] = &conditions(&mut world)[..] else {
        panic!("{:?}", world.0.conditions());
    };
    let expected = ("no_miner_connected", "", Severity::Warning);
    let found = (condition.code.as_str(), condition.subject.as_str());
    assert_eq!((found.0, found.1, condition.severity), expected);
    let expected = "miner 5Miner1: no connection to the miner";
    assert!(condition.text.contains(expected), "{}", condition.text);
    assert!(condition.remedy.contains("/horde/miners"));
}

#[test]
fn next_attempts_do_not_end_it_but_a_link_does() {
    let mut world = start();
    lose_two(&mut world);
    let before = conditions(&mut world);
    assert_eq!(before.len(), 1);
    want(&mut world, &[1, 2]);
    assert_eq!(conditions(&mut world), before, "both are connecting");
    let tag = world.tag(2);
    world.0.ws_accept(&tag);
    assert_eq!(conditions(&mut world), before, "no manifest yet");
    world.0.ws_frame(&tag, &manifest());
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn links_that_nobody_wants_end_it() {
    let mut world = start();
    lose_two(&mut world);
    assert_eq!(conditions(&mut world).len(), 1);
    want(&mut world, &[]);
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn single_miner_down_is_not_reported() {
    let mut world = start();
    want(&mut world, &[1]);
    want_of(&mut world, "horde_organic", &[address(1)]);
    refuse(&mut world, &[1]);
    world.0.advance_ms(MANIFEST_MS);
    assert_eq!(conditions(&mut world), [], "both want the same one");
    want_of(&mut world, "horde_organic", &[address(2)]);
    refuse(&mut world, &[2]);
    world.0.advance_ms(MANIFEST_MS);
    assert_eq!(conditions(&mut world).len(), 1);
}

#[test]
fn trusted_miner_up_does_not_hide_it() {
    let mut world = start();
    want(&mut world, &[1, 2]);
    refuse(&mut world, &[1, 2]);
    want_of(&mut world, "horde_crossval", &[trusted()]);
    let tag = world.tag(TRUSTED);
    world.0.ws_accept(&tag);
    world.0.ws_frame(&tag, &manifest());
    world.0.advance_ms(MANIFEST_MS);
    assert_eq!(conditions(&mut world).len(), 1);
    let links_up = world.0.metric("links", &[("state", "up")]);
    assert_eq!(links_up, Some(1.0));
}

/// Neither as the second miner nor as one that is still tried.
#[test]
fn trusted_miner_down_does_not_count() {
    let mut world = start();
    want_of(&mut world, "horde_crossval", &[trusted()]);
    want(&mut world, &[1]);
    refuse(&mut world, &[TRUSTED, 1]);
    world.0.advance_ms(MANIFEST_MS);
    assert_eq!(conditions(&mut world), [], "one miner of the subnet");
    lose_two(&mut world);
    want_of(&mut world, "horde_crossval", &[]);
    want_of(&mut world, "horde_crossval", &[trusted()]);
    world.tag(TRUSTED);
    let [condition] = &conditions(&mut world)[..] else {
        panic!("{:?}", world.0.conditions());
    };
    assert!(condition.text.contains("5Miner1"), "{}", condition.text);
}

#[test]
fn one_link_of_many_is_enough() {
    let mut world = start();
    world.link(&[3]);
    want(&mut world, &[1, 2, 3]);
    refuse(&mut world, &[1, 2]);
    world.0.advance_ms(MANIFEST_MS);
    assert_eq!(conditions(&mut world), []);
}

#[test]
fn lost_links_are_reported_when_given_up() {
    let mut world = start();
    world.link(&[1, 2]);
    world.0.advance_ms(MANIFEST_MS);
    for miner in [1, 2] {
        world.drop_connection(miner);
        assert_eq!(conditions(&mut world), [], "it is opened again");
        while let Some(tag) = world.try_tag(miner) {
            world.0.ws_end(&tag, WsCloseClass::Connect);
            assert!(world.0.conditions().is_empty());
            world.0.advance_ms(10_000);
        }
    }
    assert_eq!(conditions(&mut world).len(), 1);
}

/// Links that are down are handed over, and so the new instance knows it, too.
#[test]
fn reload_does_not_end_it() {
    let mut world = start();
    lose_two(&mut world);
    let before = conditions(&mut world);
    assert_eq!(before.len(), 1);
    world.0.reload();
    assert_eq!(conditions(&mut world), before);
}

/// The first report is lost in the host: a repetition would be seen.
#[test]
fn same_condition_is_not_reported_again() {
    let mut world = start();
    assert_eq!(conditions(&mut world), []);
    lose_two(&mut world);
    world.0.fail_next(CallKind::Conditions, "");
    for _ in 0..3 {
        assert_eq!(conditions(&mut world), []);
    }
    world.0.reload();
    assert_eq!(conditions(&mut world).len(), 1);
}
