//! Scores of all sorts: section 3.6 and what a scorer may do wrong.

use super::world::{CYCLE, STOP};
use super::*;

/// The weights that the chain holds in the end, by uid.
fn applied(world: &mut World) -> Value {
    world.blocks_to(STOP + 10);
    assert_eq!(world.end()["end"], "applied", "{}", world.end());
    let request = &one_of(&world.chain.included).request;
    json!([request["uids"], request["values"]])
}

#[test]
fn scores_become_weights_by_uid() {
    let mut world = World::new("direct");
    world.give_two_scores();
    assert_eq!(applied(&mut world), json!([[1, 2], [21_845, 65_535]]));
    assert_eq!(world.end()["attempts"], 1);
}

#[test]
fn one_miner_gets_all() {
    let mut world = World::new("direct");
    world.give_scores(&json!({ (hotkey(1)): 0.25 }));
    assert_eq!(applied(&mut world), json!([[2], [65_535]]));
}

#[test]
fn scores_of_zero_give_all_neurons_the_same() {
    let mut world = World::new("direct");
    world.give_scores(&json!({ (hotkey(0)): 0.0, (hotkey(1)): 0 }));
    assert_eq!(
        applied(&mut world),
        json!([[0, 1, 2], [65_535, 65_535, 65_535]])
    );
    assert_eq!(world.logged("no neuron has a score"), 1);
}

#[test]
fn deregistered_miners_are_left_out() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.neurons[2].hotkey = hotkey(9);
    assert_eq!(applied(&mut world), json!([[1], [65_535]]));
    assert_eq!(
        world.logged("\"unregistered\":1") + world.logged("unregistered=1"),
        1
    );
}

#[test]
fn no_miner_left_gives_all_neurons_the_same() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.neurons.truncate(1);
    assert_eq!(applied(&mut world), json!([[0], [65_535]]));
    assert_eq!(world.logged("no neuron has a score"), 1);
}

/// With fewer miners than weights are to be set, the others get the smallest one.
#[test]
fn fewer_scores_than_the_minimum_are_filled_up() {
    let mut world = World::new("direct");
    world.chain.limits = Some(horde_events::SubnetLimits {
        min_allowed_weights: 3,
        is_commit_reveal: false,
        ..Chain::limits()
    });
    world.give_scores(&json!({ (hotkey(1)): 1.0 }));
    assert_eq!(applied(&mut world), json!([[0, 1, 2], [1, 1, 65_535]]));
}

/// The subnet's own limit wins over that of the config.
#[test]
fn share_of_one_neuron_is_limited() {
    for (of_config, of_subnet) in [(0.5, None), (1.0, Some(0.5))] {
        let section = json!({ "mode": "direct", "netuid": 49, "max_weight_limit": of_config });
        let mut world = World::with(&section, 2);
        world.chain.limits = of_subnet.map(|max_weight_limit| horde_events::SubnetLimits {
            max_weight_limit,
            is_commit_reveal: false,
            ..Chain::limits()
        });
        world.give_two_scores();
        assert_eq!(applied(&mut world), json!([[1, 2], [65_535, 65_535]]));
    }
}

#[test]
fn unsound_scores_count_as_absent() {
    let mut world = World::new("direct");
    world.give_scores(&json!({ (hotkey(0)): null, (hotkey(1)): 1.0, "5X": -1 }));
    assert_eq!(applied(&mut world), json!([[2], [65_535]]));
    assert_eq!(
        world.logged("scores that are not numbers from 0 to 1e33"),
        1
    );
}

#[test]
fn cycle_without_usable_scores_is_given_up() {
    for (scores, reason) in [
        (json!({}), "the scorer has given no score for batch b"),
        (json!({ "5A": null }), "none of 1 scores is a number"),
    ] {
        let mut world = World::new("direct");
        world.give_scores(&scores);
        assert!(world.given_up().starts_with(reason), "{}", world.given_up());
        world.blocks_to(STOP + 10);
        assert!(world.chain.included.is_empty());
    }
}

/// Weights are single precision on their way, and so is their sum: two of 3e38 would give nobody a weight.
#[test]
fn scores_beyond_single_precision_are_absent() {
    for great in [1e300, 3e38] {
        let mut world = World::new("direct");
        world.give_scores(&json!({ (hotkey(0)): great, (hotkey(1)): 1.0 }));
        assert_eq!(applied(&mut world), json!([[2], [65_535]]));
        assert_eq!(
            world.logged("scores that are not numbers from 0 to 1e33"),
            1
        );
    }
}

/// In single precision they are all 0, and then neurons that were never tested would be paid alike.
#[test]
fn scores_below_single_precision_keep_ratios() {
    for small in [1e-46, 1e-40, 1e-300] {
        let mut world = World::new("direct");
        world.give_scores(&json!({ (hotkey(0)): small, (hotkey(1)): 3.0 * small, "5X": 1 }));
        assert_eq!(applied(&mut world), json!([[1, 2], [21_845, 65_535]]));
    }
}

#[test]
fn unknown_hotkeys_beyond_the_bound_are_given_up() {
    let entries = (0..100_000).map(|number| (format!("5{number}"), json!(1.0)));
    let mut world = World::new("direct");
    world.give_scores(&Value::Object(entries.collect()));
    let reason = world.given_up();
    assert!(
        reason.starts_with("the scorer has given 100000 scores"),
        "{reason}"
    );
    let stored: usize = world
        .weights
        .stored()
        .values()
        .map(|it| it.to_string().len())
        .sum();
    assert!(stored < 10_000, "{stored}");
}

#[test]
fn unknown_hotkeys_beside_known_ones_do_no_harm() {
    let unknown = (0..50_000).map(|number| (format!("5{number}"), json!(1.0)));
    let known = (hotkey(0), json!(2.0));
    let scores = unknown.chain([known]).collect();
    let mut world = World::new("direct");
    world.give_scores(&Value::Object(scores));
    assert_eq!(applied(&mut world), json!([[1], [65_535]]));
}

#[test]
fn first_scores_of_a_cycle_count() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.give_scores(&json!({ (hotkey(0)): 1.0 }));
    assert_eq!(applied(&mut world), json!([[1, 2], [21_845, 65_535]]));
    world.give_scores(&json!({ (hotkey(0)): 1.0 }));
    world.blocks_to(STOP + 20);
    one_of(&world.over);
}

#[test]
fn missed_batch_ends_its_cycle_once() {
    let mut world = World::new("direct");
    let missed = json!({
        "cycle_start": CYCLE, "block": null, "code": "overslept", "reason": "the host was off",
    });
    world.event("horde_batch_missed", missed.clone());
    world.event("horde_batch_missed", missed);
    let reason = "no batch ran in the cycle (overslept: the host was off)";
    assert_eq!(world.given_up(), reason);
    world.give_two_scores();
    world.blocks_to(STOP + 10);
    one_of(&world.over);
    assert!(world.chain.included.is_empty());
}

#[test]
fn batch_without_an_answer_of_its_scorer_is_given_up() {
    let mut world = World::new("direct");
    let over = json!({ "batch": "b", "cycle_start": CYCLE, "is_whole": true, "jobs": [] });
    world.event("horde_batch_over", over.clone());
    world.blocks_to(STOP);
    assert_eq!(world.waiting_for(), "scores");
    world.jump_to(STOP + 722);
    let reason = world.given_up();
    assert!(
        reason.ends_with("the scorer has given no scores for the batch"),
        "{reason}"
    );
    world.event("horde_batch_over", over);
    one_of(&world.over);
    assert!(world.chain.included.is_empty());
}

#[test]
fn batch_outside_of_cycles_has_no_weights() {
    let mut world = World::new("direct");
    let over = json!({ "batch": "b", "cycle_start": null, "is_whole": true, "jobs": [] });
    world.event("horde_batch_over", over);
    assert_eq!(world.status()["cycles"], json!([]));
}

#[test]
fn oldest_cycle_makes_room() {
    let mut world = World::new("direct");
    world.chain.is_readable = false;
    for number in 0..70 {
        world.give_scores_of(CYCLE + 722 * number, &json!({ (hotkey(0)): 1.0 }));
    }
    assert_eq!(world.status()["cycles"].as_array().unwrap().len(), 64);
    assert_eq!(world.over.len(), 6);
    assert_eq!(world.over[0]["reason"], "64 later cycles have come");
    let records = world.weights.stored().into_keys();
    assert_eq!(records.filter(|key| key.starts_with("scores/")).count(), 64);
    // Its scores come a second time.
    world.give_scores(&json!({ (hotkey(0)): 1.0 }));
    assert_eq!(world.over.len(), 6);
}

#[test]
fn cycle_of_no_chain_is_refused() {
    let mut world = World::new("direct");
    let scores = json!({ "cycle_start": 1_u64 << 33, "batch": "b", "scores": { "5A": 1 } });
    world.event("horde_scores", scores);
    assert_eq!(world.logged("cycle begins at a block that no chain has"), 1);
    assert_eq!(world.status()["cycles"], json!([]));
}
