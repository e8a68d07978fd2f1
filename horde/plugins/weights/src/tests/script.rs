//! The script of section 10.3: the chain hangs, fails, refuses and accepts.

use super::world::{REVEAL_STOP, STOP};
use super::*;

const SCRIPT: [Fate; 4] = [Fate::Hang, Fate::Fail, Fate::Refuse, Fate::Accept];

fn played(mode: &str, kill_after: Option<usize>) -> World {
    let mut world = World::new(mode);
    world.kill_after = kill_after;
    world.give_two_scores();
    world.chain.fates = SCRIPT.into();
    world.blocks_to(match mode {
        "commit_reveal" => REVEAL_STOP,
        _ => STOP + 60,
    });
    world
}

#[test]
fn script_of_a_commitment_has_four_outcomes() {
    let world = played("commit_reveal", None);
    let outcomes = ["timed_out", "failed", "refused", "done", "done"];
    assert_eq!(world.outcomes(), outcomes);
    one_of(&world.chain.included);
    assert_eq!(world.end()["end"], "revealed");
    assert_eq!(world.end()["attempts"], 5);
    let counted = |outcome| {
        let labels = [("call", "commit"), ("outcome", outcome)];
        world.weights.metric("attempts", &labels)
    };
    for outcome in &outcomes[..4] {
        assert_eq!(counted(outcome), Some(1.0), "{outcome}");
    }
}

#[test]
fn script_of_a_reveal_has_four_outcomes() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.blocks_to(STOP + 10);
    world.chain.fates = SCRIPT.into();
    world.blocks_to(REVEAL_STOP);
    let outcomes = ["done", "timed_out", "failed", "refused", "done"];
    assert_eq!(world.outcomes(), outcomes);
    one_of(&world.chain.included);
    assert_eq!(world.end()["end"], "revealed");
}

#[test]
fn script_of_a_direct_setting_has_four_outcomes() {
    let world = played("direct", None);
    assert_eq!(world.outcomes(), ["timed_out", "failed", "refused", "done"]);
    one_of(&world.chain.included);
    assert_eq!(world.end()["end"], "applied");
}

/// The host is killed after each event that it has handled, one after another.
#[test]
fn kill_after_any_step_changes_no_end() {
    for (mode, end) in [("commit_reveal", "revealed"), ("direct", "applied")] {
        let steps = played(mode, None).steps;
        assert!(steps > 50, "{steps}");
        for kill_after in 1..=steps {
            let world = played(mode, Some(kill_after));
            let at = format!("{mode}, killed after step {kill_after}");
            one_of(&world.chain.included);
            assert_eq!(world.end()["end"], end, "{at}");
            let mut hashes = world.chain.commit_hashes.clone();
            hashes.dedup();
            assert!(hashes.len() <= 1, "{at}: {hashes:?}");
            // A call that died on its way to the chain is an attempt, too.
            let attempts = world.end()["attempts"].as_u64().unwrap();
            assert_eq!(world.outcomes().len() as u64, attempts, "{at}");
            assert!(attempts <= 6, "{at}: {attempts}");
        }
    }
}

/// Attempts that are never heard of are paused between, up to the end of the window.
#[test]
fn attempts_without_an_answer_are_paced() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.fates = [Fate::Fail; 1_000].into();
    world.blocks_to(STOP + 100);
    let attempts = world.outcomes().len();
    // A block has 12 s, and pauses grow up to 30 s.
    assert!((30..=50).contains(&attempts), "{attempts}");
    world.blocks_to(STOP + 721);
    assert_eq!(world.outcomes().len(), 100);
    let reason = world.given_up();
    assert!(
        reason.contains("100 attempts were made; the last set attempt: failed"),
        "{reason}"
    );
}
