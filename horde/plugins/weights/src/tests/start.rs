//! Starts: whose store it is, and what is left after a restart.

use tig_plugin_api::testing::Harness;

use super::world::{CYCLE, STOP, key};
use super::*;

/// A store of `start` that another configuration then finds.
fn restarted(section: &Value, account: [u8; 32]) -> Result<()> {
    let owner = World::new("direct").weights.stored()["owner"].to_string();
    let settings = json!({ "name": "horde_weights", "config": { "horde_weights": section } });
    let mut other: Harness<HordeWeights> = Harness::start_with_keys(settings, vec![key(account)])?;
    other.store("owner", owner);
    other.try_reload()
}

#[test]
fn store_of_another_hotkey_or_subnet_is_refused() {
    restarted(&section("direct"), chain::OWN_ACCOUNT).unwrap();
    let error = restarted(&section("direct"), [8; 32])
        .unwrap_err()
        .to_string();
    assert!(error.contains("is that of hotkey 5"), "{error}");
    let other_subnet = json!({ "mode": "direct", "netuid": 12 });
    let error = restarted(&other_subnet, chain::OWN_ACCOUNT)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("on subnet 49, and the config is for"),
        "{error}"
    );
}

#[test]
fn config_out_of_bounds_is_refused() {
    let error = start_with(&json!({ "max_weight": 0 })).err().unwrap();
    assert!(error.to_string().contains("max_weight"), "{error}");
}

/// Before the first block nothing is decided.
#[test]
fn restart_waits_for_a_block() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.kill();
    assert_eq!(world.waiting_for(), "block");
    world.blocks_to(STOP + 10);
    assert_eq!(world.end()["end"], "applied");
}

#[test]
fn damaged_scores_are_given_up() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world
        .weights
        .store(&format!("scores/{CYCLE:020}"), "no JSON");
    world.blocks_to(STOP);
    assert_eq!(world.given_up(), "the stored scores cannot be read");
}

/// One damaged record must not keep the weights of a cycle from the chain.
#[test]
fn damaged_owner_is_entered_again() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.weights.store("owner", "no JSON");
    world.kill();
    assert_eq!(world.weights.stored()["owner"]["netuid"], chain::NETUID);
    world.blocks_to(STOP + 10);
    assert_eq!(world.end()["end"], "applied");
}
