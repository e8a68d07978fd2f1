//! What it learns, follows and keeps, in a world where one of 36 cells pays best.

use serde_json::json;

use super::world::World;
use super::*;

fn player() -> Harness<Sampler> {
    Harness::start(settings("thompson_sampler", json!({ "num_samples": 20 })))
}

/// Harder is slower, and only what is hard enough qualifies: the best cell is that from `[15, 15]` on.
fn rate([x, y]: [i64; 2]) -> f64 {
    40.0 * (-0.1 * (x + y) as f64).exp()
}

fn qualifies([x, y]: [i64; 2]) -> bool {
    x >= 15 && y >= 15
}

fn is_in(at: [i64; 2], corner: i64) -> bool {
    at.iter().all(|value| (corner..corner + 5).contains(value))
}

fn is_low(at: [i64; 2]) -> bool {
    is_in(at, 5)
}

fn is_high(at: [i64; 2]) -> bool {
    is_in(at, 20)
}

fn best_is_low(at: [i64; 2]) -> f64 {
    if is_low(at) { 30.0 } else { 6.0 }
}

fn best_is_high(at: [i64; 2]) -> f64 {
    if is_high(at) { 30.0 } else { 6.0 }
}

#[test]
fn best_cell_is_chosen_most_and_others_still_tried() {
    let (mut world, mut player) = (World::new(best_is_low, |_| true), player());
    let before = world.share(&mut player, is_low);
    assert!(before < 0.15, "{before}");
    world.play(&mut player, 150);
    let share = world.share(&mut player, is_low);
    assert!((0.6..1.0).contains(&share), "{share}");
}

#[test]
fn cells_whose_solutions_do_not_qualify_are_left() {
    let (mut world, mut player) = (World::new(rate, qualifies), player());
    let before = world.share(&mut player, qualifies);
    assert!(before < 0.4, "{before}");
    world.play(&mut player, 300);
    let share = world.share(&mut player, qualifies);
    assert!(share > 0.55, "{share}");
    let easiest = &player.extension().shown["c001"].cells[0];
    assert!(
        easiest.rate > 0.01 && easiest.chance < 0.1,
        "the most solutions, but of no use: {easiest:?}"
    );
}

#[test]
fn moved_optimum_is_followed() {
    let (mut world, mut player) = (World::new(best_is_low, |_| true), player());
    world.play(&mut player, 150);
    world.rate = best_is_high;
    world.play(&mut player, 300);
    let share = world.share(&mut player, is_high);
    assert!(share > 0.5, "{share}");
}

#[test]
fn restart_keeps_what_was_learned() {
    let (mut world, mut player) = (World::new(best_is_low, |_| true), player());
    world.play(&mut player, 150);
    let stored = player.stored();
    let learned = player.extension().outcomes.clone();
    player.kill();
    assert_eq!(player.extension().outcomes, learned);
    let share = world.share(&mut player, is_low);
    assert!(share > 0.6, "{share}");
    assert!(stored["outcomes/c001"].as_object().unwrap().len() > 140);
}

#[test]
fn damaged_record_is_set_aside_and_learned_again() {
    let (mut world, mut player) = (World::new(best_is_low, |_| true), player());
    world.play(&mut player, 20);
    player.store("outcomes/c001", "[7]");
    player.restart();
    assert!(player.extension().outcomes.is_empty());
    world.play(&mut player, 1);
    assert_eq!(player.extension().outcomes["c001"].len(), 20);
    assert_eq!(player.stored()["damaged/outcomes/c001"], json!([7]));
}

#[test]
fn challenge_that_has_gone_is_forgotten_in_time() {
    let mut player = player();
    let listed = new_block("b1", &[good("c001")], &[("p", 3)]);
    player.event("new_block", listed);
    let mut later = new_block("b2", &[good("c002")], &[]);
    later["block"]["details"]["height"] = json!(900);
    player.event("new_block", later.clone());
    assert!(player.stored().contains_key("outcomes/c001"));
    later["block"]["details"]["height"] = json!(1_000);
    player.event("new_block", later);
    assert!(player.stored().is_empty());
}

#[test]
fn same_seed_makes_the_same_choices() {
    let play = || {
        let (mut world, mut player) = (World::new(rate, qualifies), player());
        world.play(&mut player, 30);
        world.step(&mut player)
    };
    assert_eq!(play(), play());
}
