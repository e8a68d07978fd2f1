//! The commands of operators.

use super::world::{CYCLE, STOP};
use super::*;

fn command(world: &mut World, name: &str) -> Value {
    let ticket = world.weights.command(name, &json!({})).unwrap();
    let (code, result) = world.weights.finished(ticket).unwrap();
    assert_eq!(code, 0);
    result.clone()
}

#[test]
fn command_shows_what_is_waited_for() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.see_block();
    let state = command(&mut world, "debug_set_scores");
    assert_eq!(state["block"], STOP - 1);
    assert_eq!(state["cycles"][0]["state"], "scored");
    assert_eq!(state["cycles"][0]["code"], "cycle_runs");
    let line = format!("cycle {CYCLE}: scored, waiting for: the cycle ends at block {STOP}");
    assert_eq!(world.weights.progress()[0].1, line);
    let state = command(&mut world, "reveal_scores");
    assert_eq!(state["cycles"], json!([]));
}

/// The pause of 5 s after a refusal ends by command.
#[test]
fn command_ends_the_pause_after_an_attempt() {
    let mut world = World::with(
        &json!({ "mode": "direct", "netuid": 49, "refused_ms": 3_600_000 }),
        2,
    );
    world.give_two_scores();
    world.chain.fates = [Fate::Refuse].into();
    world.blocks_to(STOP + 5);
    assert_eq!(world.waiting_for(), "pause");
    command(&mut world, "reveal_scores");
    assert_eq!(world.waiting_for(), "pause");
    let state = command(&mut world, "debug_set_scores");
    assert_eq!(state["cycles"][0]["code"], "answer");
    assert_eq!(state["cycles"][0]["send_attempts"], 2);
    assert_eq!(state["cycles"][0]["last_attempt"]["result"], "refused");
}
