//! What is remembered of other heights: used slots, and fees of precommits that are answered late.

use super::*;

fn knapsack() -> Value {
    json!({ "knapsack": select("greedy_swap", 1.0) })
}

/// The settings that are precommitted at a block.
fn precommit_at(manager: &mut Harness<PrecommitManager>, id: &str) -> Vec<Value> {
    manager.event("new_block", block(id));
    give(manager, "c003", id, json!([[60, 11], [61, 11], [62, 11]]));
    manager.update();
    precommits(manager)
}

/// After a restart, a node that lags behind shows the block before, and then another node the newest one.
#[test]
fn an_older_block_gets_no_precommits() {
    let mut manager = manager(2, knapsack());
    assert_eq!(precommit_at(&mut manager, "b4").len(), 2);
    assert_eq!(precommit_at(&mut manager, "b5").len(), 2);
    for _ in 0..2 {
        manager.restart();
        assert_eq!(precommit_at(&mut manager, "b4"), [] as [Value; 0]);
        assert_eq!(
            view(&mut manager)["reason_code"],
            json!({ "kind": "block_is_old", "detail": 103 })
        );
        manager.reload();
        assert_eq!(precommit_at(&mut manager, "b5"), [] as [Value; 0]);
    }
    assert_eq!(precommit_at(&mut manager, "b6").len(), 2);
}

/// No precommit for a block 29 blocks before the newest one is accepted.
#[test]
fn a_network_begun_anew_gets_precommits() {
    for (id, expected) in [("b22", 0), ("b21", 1)] {
        let mut manager = manager(1, knapsack());
        assert_eq!(precommit_at(&mut manager, "b50").len(), 1);
        manager.restart();
        assert_eq!(precommit_at(&mut manager, id).len(), expected, "{id}");
    }
}

/// What the API leaves out, hour after hour, must not hold precommits until a height is reached again.
#[test]
fn a_reset_is_noticed_without_the_lifespan() {
    let whole = json!({ "lifespan_period": 60 });
    for (submissions, id, expected) in [
        (whole.clone(), "b141", 0),
        (whole, "b140", 1),
        (Value::Null, "b81", 0),
        (Value::Null, "b80", 1),
    ] {
        let mut manager = manager(1, knapsack());
        assert_eq!(precommit_at(&mut manager, "b200").len(), 1);
        manager.restart();
        let mut first = block(id);
        first["block"]["config"]["benchmark_submissions"] = submissions;
        manager.event("new_block", first);
        give(&mut manager, "c003", id, json!([[60, 11]]));
        manager.update();
        assert_eq!(precommits(&mut manager).len(), expected, "{id}");
    }
}

#[test]
fn a_refusal_many_blocks_later_costs_nothing() {
    for change in ["none", "reload", "restart"] {
        let mut manager = manager(1, knapsack());
        let first = precommit_at(&mut manager, "b1").remove(0);
        precommit_at(&mut manager, "b2");
        let spent = view(&mut manager)["spent_today"].clone();
        precommit_at(&mut manager, "b3");
        match change {
            "reload" => manager.reload(),
            "restart" => manager.restart(),
            _ => {}
        }
        refuse(&mut manager, &first, json!(429), false);
        manager.event("new_block", block("b4"));
        assert_eq!(view(&mut manager)["spent_today"], spent, "{change}");
        refuse(&mut manager, &first, json!(429), false);
        assert_eq!(view(&mut manager)["spent_today"], spent, "{change}: once");
    }
}
