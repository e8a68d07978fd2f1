//! Conditions: which begin, which end, and which do not come and go with each block.

mod waits;

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, Severity};

use super::world::{COMMIT_STOP, CYCLE, REVEAL_START, STOP};
use super::*;

/// The one condition of this code.
fn one(world: &World, code: &str) -> Condition {
    let conditions = world.weights.conditions().iter();
    let found: Vec<_> = conditions.filter(|it| it.code == code).cloned().collect();
    one_of(&found).clone()
}

fn text_of(world: &World, code: &str) -> String {
    let condition = one(world, code);
    assert_eq!(condition.subject, CYCLE.to_string());
    assert!(!condition.remedy.is_empty());
    condition.text
}

/// The states of the conditions since the last call.
fn states(world: &mut World) -> Vec<String> {
    let states = std::mem::take(&mut world.reported);
    // The next state is compared with what is there now.
    world.reported.extend(states.last().cloned());
    states.into_iter().map(|state| state.join(", ")).collect()
}

const WAITING: &str = "weights_waiting Info";
const FAILING: &str = "weights_failing Warning";

#[test]
fn attempts_without_success_are_one_condition() {
    for (fate, word) in [
        (Fate::Fail, "the last set attempt: failed: connection reset"),
        (Fate::Hang, "the last set attempt: timed_out"),
        (
            Fate::Refuse,
            "the last set attempt: refused: the pool is full",
        ),
        (
            Fate::Forget,
            "the last one was accepted, and is not in a final block yet",
        ),
    ] {
        let mut world = World::new("direct");
        world.give_two_scores();
        world.chain.fates = [fate; 8].into();
        let mut outcomes = 0;
        while outcomes < 6 {
            world.blocks_to(world.chain.block + 1);
            outcomes = world.outcomes().len();
            let is_failing = world.weights.conditions().iter();
            let is_failing = is_failing.filter(|it| it.code == "weights_failing").count();
            assert_eq!(
                is_failing,
                usize::from(outcomes >= 3),
                "{fate:?}, {outcomes}"
            );
        }
        let text = text_of(&world, "weights_failing");
        let expected = format!(
            "several attempts to set the weights of the cycle at block {CYCLE} have had no success: {word}"
        );
        assert_eq!(text, expected);
        world.blocks_to(STOP + 100);
        assert_eq!(world.end()["end"], "applied", "{fate:?}");
        let states = states(&mut world);
        let failing: Vec<_> = states
            .iter()
            .filter(|state| state.contains(FAILING))
            .collect();
        assert_eq!(
            (failing.len(), states.last().unwrap().as_str()),
            (1, ""),
            "{fate:?}"
        );
    }
}

/// The window closes, commitments are still read, and the next one is waited for.
#[test]
fn closed_window_does_not_end_failing_attempts() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = [Fate::Refuse; 1_000].into();
    world.blocks_to(COMMIT_STOP + 50);
    let both = "weights_failing Warning, weights_waiting Info";
    assert_eq!(states(&mut world), [WAITING, "", FAILING, both]);
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("the commit window opens at block 4400951"),
        "{text}"
    );
    world.jump_to(STOP + 722);
    // The next window is open, and its end is that of the cycle.
    assert_eq!(
        states(&mut world),
        [both, FAILING, "weights_given_up Warning"]
    );
}

#[test]
fn reveals_without_success_are_a_condition() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.blocks_to(REVEAL_START - 1);
    world.chain.fates = [Fate::Refuse; 4].into();
    world.blocks_to(REVEAL_START + 3);
    let text = text_of(&world, "weights_failing");
    assert!(text.contains("attempts to reveal the weights"), "{text}");
    world.blocks_to(REVEAL_START + 20);
    assert_eq!(world.end()["end"], "revealed");
    assert_eq!(states(&mut world).last().unwrap(), "");
}

fn miss(world: &mut World, cycle_start: u32, code: &str) {
    let missed =
        json!({ "cycle_start": cycle_start, "block": null, "code": code, "reason": "why" });
    world.event("horde_batch_missed", missed);
}

fn severity_of(world: &World, cycle_start: u32) -> Option<Severity> {
    let subject = cycle_start.to_string();
    let mut conditions = world.weights.conditions().iter();
    let found = conditions.find(|it| it.code == "weights_given_up" && it.subject == subject);
    found.map(|condition| condition.severity)
}

#[test]
fn given_up_cycle_is_shown_until_weights_are_set() {
    let mut world = World::new("direct");
    world.give_scores(&json!({}));
    assert_eq!(severity_of(&world, CYCLE), Some(Severity::Warning));
    let text = text_of(&world, "weights_given_up");
    let expected = format!(
        "no weights are set for the cycle at block {CYCLE}: the scorer has given no score for batch b"
    );
    assert_eq!(text, expected);
    world.give_scores_of(STOP, &json!({}));
    assert_eq!(
        severity_of(&world, STOP),
        Some(Severity::Critical),
        "two in a row"
    );
    assert_eq!(severity_of(&world, CYCLE), Some(Severity::Warning));
    world.give_scores_of(STOP + 722, &json!({ (hotkey(0)): 1.0 }));
    assert!(severity_of(&world, STOP).is_some(), "nothing is set yet");
    world.jump_to(STOP + 2 * 722);
    world.blocks_to(STOP + 2 * 722 + 10);
    assert_eq!(world.over[2]["end"], "applied");
    assert!(world.weights.conditions().is_empty());
    // An earlier cycle that ends later is of no interest any more.
    miss(&mut world, CYCLE - 722, "overslept");
    assert_eq!(world.over[3]["end"], "given_up");
    assert!(world.weights.conditions().is_empty());
}

/// The harness keeps what an instance has reported: that a new one reports is seen by the warning of a refused report.
#[test]
fn new_instance_reports_at_once() {
    let mut world = World::new("direct");
    world.give_scores(&json!({}));
    for ending in ["kill", "restart", "reload"] {
        world.weights.logs();
        world.weights.fail_every(CallKind::Conditions);
        match ending {
            "kill" => world.kill(),
            "restart" => world.weights.restart(),
            _ => world.weights.reload(),
        }
        world.weights.try_next_timer().unwrap();
        let logs = world.weights.logs().into_iter();
        let refused = logs.filter(|(_, text)| text.contains("refused by the test"));
        assert_eq!(refused.count(), 1, "{ending}");
        world.weights.stop_failing();
    }
}

#[test]
fn unwanted_weights_raise_no_alert() {
    let mut world = World::new("direct");
    miss(&mut world, CYCLE, "overslept");
    assert_eq!(
        severity_of(&world, CYCLE),
        Some(Severity::Info),
        "a first start"
    );
    miss(&mut world, STOP, "not_serving");
    assert_eq!(severity_of(&world, STOP), Some(Severity::Info));
    miss(&mut world, STOP + 722, "overslept");
    assert_eq!(severity_of(&world, STOP + 722), Some(Severity::Warning));
    miss(&mut world, STOP + 2 * 722, "busy");
    assert_eq!(
        severity_of(&world, STOP + 2 * 722),
        Some(Severity::Critical)
    );

    let mut world = World::new("direct");
    world.give_two_scores();
    world.event("horde_dynamic_config", json!({ "serving": false }));
    world.jump_to(STOP + 722);
    assert!(world.given_up().contains("SERVING is off"));
    assert_eq!(severity_of(&world, CYCLE), Some(Severity::Info));
}

#[test]
fn many_given_up_cycles_share_a_condition() {
    let mut world = World::new("direct");
    for number in 0..12 {
        world.give_scores_of(CYCLE + 722 * number, &json!({}));
    }
    let conditions = world.weights.conditions();
    assert_eq!(conditions.len(), 11);
    let rest: Vec<_> = conditions
        .iter()
        .filter(|it| it.subject.is_empty())
        .collect();
    assert_eq!(one_of(&rest).text, "no weights are set for 2 more cycles");
}

/// A validator whose hotkey another one has committed with, which is shown.
fn with_foreign_commitment() -> World {
    let mut world = World::new("commit_reveal");
    world.chain.commits.push(horde_events::CommitOnChain {
        commit_hash: format!("0x{}", "ab".repeat(32)),
        block: STOP - 1,
    });
    world.give_two_scores();
    world.blocks_to(STOP + 5);
    assert!(shows_foreign(&world));
    world
}

fn shows_foreign(world: &World) -> bool {
    let mut conditions = world.weights.conditions().iter();
    conditions.any(|it| it.code == "foreign_commitment")
}

/// As after MIGRATING: no cycle reads commitments any more.
#[test]
fn foreign_commitment_in_an_old_reading_ends() {
    let mut world = with_foreign_commitment();
    world.chain.is_readable = false;
    let readings = &world.weights.extension().readings;
    let read = readings.commits.as_ref().unwrap().block;
    world.jump_to(read + 722 + 361);
    assert!(shows_foreign(&world));
    world.jump_to(read + 722 + 362);
    assert!(!shows_foreign(&world));
}

/// The last reading stays, and is still new.
#[test]
fn foreign_commitment_without_own_commits_ends() {
    for without in [
        json!({ "serving": false }),
        json!({ "commit_reveal": { "enabled": false } }),
    ] {
        let mut world = with_foreign_commitment();
        world.event("horde_dynamic_config", without.clone());
        assert!(!shows_foreign(&world), "{without}");
        assert!(world.weights.extension().readings.commits.is_some());
    }
}

#[test]
fn foreign_commitment_is_shown_while_it_is_listed() {
    let mut world = with_foreign_commitment();
    let condition = one(&world, "foreign_commitment");
    assert_eq!(condition.severity, Severity::Warning);
    world.chain.commits.clear();
    world.blocks_to(STOP + 10);
    assert_eq!(
        one_of(&world.chain.commits).commit_hash,
        world.chain.commit_hashes[0]
    );
    let codes = world.weights.conditions().iter().map(|it| it.code.as_str());
    assert_eq!(
        codes.collect::<Vec<_>>(),
        ["weights_waiting"],
        "ours is not foreign"
    );
}

#[test]
fn unchanged_conditions_are_not_repeated() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.neurons[0].hotkey = hotkey(9);
    world.blocks_to(STOP + 5);
    let before = world.weights.conditions().to_vec();
    assert_eq!(before.len(), 1);
    // Every report would be refused, and leave a warning.
    world.weights.fail_every(CallKind::Conditions);
    world.blocks_to(STOP + 100);
    assert_eq!(world.logged("refused by the test"), 0);
    // The weights are given up: that is one.
    world.blocks_to(STOP + 722);
    assert_eq!(world.logged("refused by the test"), 1);
    world.weights.stop_failing();
    assert_eq!(world.weights.conditions(), before);
}

#[test]
fn conditions_show_neither_salt_nor_weights() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = [Fate::Refuse; 1_000].into();
    world.blocks_to(STOP + 12);
    let stored = world.weights.stored();
    let (_, record) = stored
        .iter()
        .find(|(key, _)| key.starts_with("cycle/"))
        .unwrap();
    let shown = format!("{:?}", world.weights.conditions());
    assert!(shown.contains("weights_failing"), "{shown}");
    for secret in ["65535", "21845", &record["intent"]["salt"].to_string()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
