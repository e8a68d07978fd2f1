//! Revealing: each open commitment in its own window.

use super::world::{CYCLE, REVEAL_START, REVEAL_STOP, STOP};
use super::*;

/// Weights that are committed to for good, three blocks later.
fn committed() -> World {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.blocks_to(STOP + 5);
    assert_eq!(world.waiting_for(), "reveal_window");
    world
}

#[test]
fn commitment_is_revealed_in_its_window() {
    let mut world = committed();
    world.blocks_to(REVEAL_START - 1);
    assert!(world.chain.included.is_empty());
    world.blocks_to(REVEAL_START);
    one_of(&world.chain.included);
    assert!(world.over.is_empty());
    world.blocks_to(REVEAL_START + 5);
    assert_eq!(world.end()["end"], "revealed");
    let reveal = &world.chain.included[0].request;
    assert_eq!(reveal["uids"], json!([1, 2]));
    assert_eq!(reveal["values"], json!([21_845, 65_535]));
    assert_eq!(reveal["version_key"], 2);
}

/// The next batch has ended before the earlier weights are revealed: both are.
#[test]
fn each_open_commitment_is_revealed() {
    let mut world = committed();
    let next = CYCLE + 722;
    world.give_scores_of(next, &json!({ (hotkey(1)): 1.0 }));
    world.blocks_to(REVEAL_START + 5);
    assert_eq!(world.end()["end"], "revealed");
    world.jump_to(next + 722);
    world.jump_to(next + 722 + 5);
    world.jump_to(REVEAL_START + 722);
    world.jump_to(REVEAL_START + 727);
    assert_eq!(world.over.len(), 2);
    assert_eq!(world.over[1]["cycle_start"], next);
    assert_eq!(world.over[1]["end"], "revealed");
    assert_eq!(world.chain.included[1].request["uids"], json!([2]));
}

#[test]
fn reveal_that_is_forgotten_is_repeated() {
    let mut world = committed();
    world.chain.fates = [Fate::Forget].into();
    world.blocks_to(REVEAL_START + 20);
    assert_eq!(world.outcomes(), ["done", "done", "done"]);
    one_of(&world.chain.included);
    assert_eq!(world.end()["end"], "revealed");
}

#[test]
fn late_reveal_is_recognised_and_not_repeated() {
    for fate in [Fate::HangIncluded, Fate::RefuseIncluded] {
        let mut world = committed();
        world.chain.fates = [fate].into();
        world.blocks_to(REVEAL_START + 30);
        one_of(&world.chain.included);
        assert_eq!(world.outcomes().len(), 2, "{fate:?}");
        assert_eq!(world.end()["end"], "revealed", "{fate:?}");
    }
}

#[test]
fn missed_reveal_window_is_given_up() {
    let mut world = committed();
    world.jump_to(REVEAL_STOP);
    world.blocks_to(REVEAL_STOP + 3);
    let reason = world.given_up();
    let expected = format!("not on the chain by block {REVEAL_STOP}");
    assert!(reason.starts_with(&expected), "{reason}");
    assert!(world.chain.included.is_empty());
}

#[test]
fn reveals_are_bounded() {
    let mut world = committed();
    world.chain.fates = [Fate::Refuse; 1_000].into();
    world.blocks_to(REVEAL_STOP);
    let reason = world.given_up();
    let expected = "50 attempts were made; the last reveal attempt: refused: the pool is full";
    assert_eq!(reason, expected);
}

#[test]
fn commitment_that_the_chain_has_lost_is_given_up() {
    let mut world = committed();
    world.chain.commits.clear();
    world.blocks_to(REVEAL_START + 1);
    let reason = world.given_up();
    assert!(
        reason.starts_with("the chain does not hold the commitment"),
        "{reason}"
    );
}

#[test]
fn expired_commitment_is_given_up() {
    let mut world = committed();
    world.jump_to(STOP + 5 + 3 * 722);
    let reason = world.given_up();
    assert_eq!(
        reason,
        "the commitment has expired: no reveal was sent in its window"
    );
}

/// Revealing goes on while no new weights are set.
#[test]
fn commitment_is_revealed_though_serving_is_off() {
    let mut world = committed();
    world.event("horde_dynamic_config", json!({ "serving": false }));
    world.blocks_to(REVEAL_START + 5);
    assert_eq!(world.end()["end"], "revealed");
}

#[test]
fn foreign_commitment_is_reported_once() {
    let mut world = World::new("commit_reveal");
    let foreign = format!("0x{}", "ab".repeat(32));
    world.chain.commits.push(horde_events::CommitOnChain {
        commit_hash: foreign.clone(),
        block: STOP - 1,
    });
    world.give_two_scores();
    world.blocks_to(STOP + 5);
    assert_eq!(world.logged("another validator runs with it"), 1);
    assert_eq!(world.logged(&foreign[..40]), 1);
    let counted = world.weights.metric("foreign_commitments", &[]);
    assert_eq!(counted, Some(1.0));
    // The chain takes one commitment of a hotkey in an interval.
    assert_eq!(world.outcomes()[0], "refused");
}

/// Neither logs nor routes nor results of commands have the salt or the weights before the reveal.
#[test]
fn salt_and_weights_stay_secret_until_the_reveal() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = [Fate::Hang, Fate::Fail].into();
    world.blocks_to(STOP + 20);
    let stored = world.weights.stored();
    let record = stored
        .iter()
        .find(|(key, _)| key.starts_with("cycle/"))
        .unwrap()
        .1;
    let salt = record["intent"]["salt"].to_string();
    assert_eq!(record["intent"]["salt"].as_array().unwrap().len(), 8);
    let ticket = world.weights.command("reveal_scores", &json!({})).unwrap();
    let (_, result) = world.weights.finished(ticket).unwrap();
    let mut shown = result.to_string();
    shown += &world.status().to_string();
    world.logs.extend(world.weights.logs());
    for (_, log) in &world.logs {
        shown += log;
    }
    for (_, progress) in world.weights.progress() {
        shown += &progress;
    }
    assert!(shown.contains("reveal_window"), "{shown}");
    for secret in [&salt, "salt", "65535", "21845"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let debug = format!("{:?}", world.weights.extension().cycles);
    assert!(debug.contains("Salt(..)") && !debug.contains(&salt.replace(',', ", ")));
}
