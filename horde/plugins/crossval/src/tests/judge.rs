//! Whether the trusted miner gives the same answers on two days.

use super::*;

const DAY_MS: u64 = 24 * 3_600_000;

/// A full pool, and the check of the next day.
pub(super) fn next_day() -> (World, Asked) {
    let mut world = World::full();
    world.harness.emitted();
    world.harness.advance_ms(DAY_MS);
    let asked = world.wait_for_job();
    assert!(!asked.is_generation());
    (world, asked)
}

#[test]
fn trusted_miner_with_the_same_answers_is_reliable() {
    let (mut world, asked) = next_day();
    world.solve(&asked);
    world.settle();
    assert_eq!(
        world.report()["trusted_miner"]["checks"]["is_reliable"],
        true
    );
    assert_eq!(world.records("sample/").len(), 4);
    assert!(world.all_asked().is_empty(), "once a day");
}

#[test]
fn other_answers_set_all_samples_aside() {
    let (mut world, asked) = next_day();
    let mut solved = world.solved(&asked);
    let key = solved.as_object().unwrap().keys().next().unwrap().clone();
    solved[&key] = json!("another answer");
    world
        .objects
        .insert(asked.uploads()[0].clone(), solved.to_string().into_bytes());
    world.harness.logs();
    world.over(&asked, &finished());
    world.settle();
    let logs = world.harness.logs();
    let logged = logs.iter().find(|(level, _)| level == "error").unwrap();
    assert!(
        logged.1.contains("the trusted miner is not reliable"),
        "{logged:?}"
    );
    assert!(world.records("sample/").is_empty());
    assert_eq!(
        world.report()["trusted_miner"]["checks"]["is_reliable"],
        false
    );
    world.assert_failure("answering", "other answers to the same prompts and seed");
    // New workloads are answered, and not used.
    world.harness.advance_ms(60_000);
    world.settle();
    let shortage = world.want("b", &[("a", 1)])["shortage"].clone();
    assert!(
        shortage
            .as_str()
            .unwrap()
            .contains("the trusted miner is not reliable"),
        "{shortage}"
    );
    // It says the same twice.
    let mut is_checked = false;
    for _ in 0..8 {
        let again = world.wait_for_job();
        is_checked |= again.volume() == asked.volume();
        let mut answers = world.solved(&again);
        if is_checked && again.volume() == asked.volume() {
            answers[&key] = json!("another answer");
        }
        world
            .objects
            .insert(again.uploads()[0].clone(), answers.to_string().into_bytes());
        world.over(&again, &finished());
        world.settle();
        if is_checked {
            break;
        }
        world.harness.advance_ms(3_600_000);
    }
    assert!(is_checked);
    assert_eq!(
        world.report()["trusted_miner"]["checks"]["is_reliable"],
        true
    );
}

#[test]
fn check_that_fails_is_made_with_another_workload() {
    let (mut world, asked) = next_day();
    world.over(&asked, &failed());
    assert_eq!(world.report()["trusted_miner"]["checks"], Value::Null);
    assert_eq!(world.records("sample/").len(), 4);
    world.want("b", &[("a", 4)]);
    world.settle();
    let asked = world.wait_for_job();
    world.solve(&asked);
    world.settle();
    assert_eq!(
        world.report()["trusted_miner"]["checks"]["is_reliable"],
        true
    );
}

#[test]
fn busy_trusted_miner_is_checked_later() {
    let (mut world, asked) = next_day();
    world.over(&asked, &json!({ "outcome": "declined" }));
    let again = world.wait_for_job();
    assert_eq!(again.volume(), asked.volume());
    world.solve(&again);
    world.settle();
    assert_eq!(
        world.report()["trusted_miner"]["checks"]["is_reliable"],
        true
    );
}
