//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Block(u8),
    Samples(u8, &'static str),
    Update,
    /// What became of the last precommit that was made.
    Accepted,
    Refused(u16),
    Throughput,
    Selection(f64),
    Drain,
    Pause(bool),
    Advance,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..2).prop_map(Step::Block),
        8 => (0_u8..2, prop::sample::select(&["c001", "c003"][..]))
            .prop_map(|(block, challenge)| Step::Samples(block, challenge)),
        4 => Just(Step::Update),
        1 => Just(Step::Accepted),
        3 => prop::sample::select(&[400_u16, 500][..]).prop_map(Step::Refused),
        1 => Just(Step::Throughput),
        2 => prop::sample::select(&[-1.0, 0.0, 5.0][..]).prop_map(Step::Selection),
        1 => Just(Step::Drain),
        2 => any::<bool>().prop_map(Step::Pause),
        1 => Just(Step::Advance),
        1 => Just(Step::Reload),
    ]
}

fn settings(challenge_id: &str) -> Value {
    json!({ "player_id": PLAYER, "block_id": "b0", "challenge_id": challenge_id,
        "algorithm_id": format!("{challenge_id}_a001"), "difficulty": [50, 300] })
}

fn play(manager: &mut Harness<PrecommitManager>, step: &Step) -> tig_plugin_api::Result<()> {
    let request = json!({ "settings": settings("c001"), "num_nonces": 20 });
    match step {
        Step::Block(number) => manager.try_event("new_block", block(&format!("b{number}"))),
        Step::Samples(number, challenge_id) => {
            let points = json!([[50, 300], [60, 310]]);
            let samples = samples(challenge_id, &format!("b{number}"), points);
            manager.try_event("difficulty_samples", samples)
        }
        Step::Update => manager.try_event("update", json!({})),
        Step::Accepted => manager.try_event("submit_precommit_success", request),
        Step::Refused(status) => {
            let error = json!({ "text": "no", "status": status, "request": request });
            manager.try_event("submit_precommit_error", error)
        }
        Step::Throughput => {
            let challenges = json!({ "c001": { "nonces_per_second": 50.0, "open_nonces": 1_000 } });
            manager.try_event("throughput", json!({ "challenges": challenges }))
        }
        Step::Selection(weight) => {
            let selection = json!({ "knapsack": { "weight": weight }, "odd": 7 });
            manager.try_event("selection", json!({ "selection": selection }))
        }
        Step::Drain => manager.try_event("drain", json!({})),
        Step::Pause(is_paused) => {
            let command = if *is_paused { "pause" } else { "resume" };
            manager.command(command, &json!({})).map(drop)
        }
        Step::Advance => {
            manager.advance_ms(3_600_000);
            Ok(())
        }
        Step::Reload => manager.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..30),
        k in 1_u64..30,
    ) {
        check_failed_handlers(|| manager(3, both()), &steps, k, play);
    }
}

#[test]
fn damaged_ledger_is_set_aside() {
    let mut manager = manager(1, both());
    manager.store("ledger", "{\"torn");
    manager.restart();
    assert!(manager.stored().contains_key("damaged/ledger"));
    manager.event("new_block", block("b1"));
    give(&mut manager, "c001", "b1", json!([[50, 300]]));
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

/// Without its ledger it would pay a second time.
#[test]
fn unreadable_store_makes_no_instance() {
    for k in 1..=3 {
        let mut manager = manager(1, both());
        manager.fail_call(k);
        assert!(manager.try_reload().is_err());
    }
}
