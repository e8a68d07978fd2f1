//! The plugin in the harness, which plays the host.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::Selector;

fn settings(section: Value) -> Value {
    json!({ "name": "plugin_name", "config": { "plugin_name": section } })
}

fn new_block() -> Value {
    json!({
        "block": { "id": "b1", "details": { "height": 7 } },
        "challenges": {
            "c001": { "details": { "name": "satisfiability" } },
            "c003": { "details": { "name": "knapsack" } },
        },
    })
}

fn selector() -> Harness<Selector> {
    let section = json!({ "weights": { "knapsack": 4.0 }, "open_seconds": 30.0 });
    Harness::start(settings(section))
}

fn weights(selector: &mut Harness<Selector>) -> Value {
    selector.event("new_block", new_block());
    let (name, event) = selector.emitted().remove(0);
    assert_eq!(name, "selection");
    assert_eq!(event["height"], 7);
    let weight = |name: &str| event["selection"][name]["weight"].clone();
    json!([weight("satisfiability"), weight("knapsack")])
}

#[test]
fn config_decides_without_throughput() {
    assert_eq!(weights(&mut selector()), json!([1.0, 4.0]));
}

#[test]
fn open_work_lowers_the_weight() {
    let mut selector = selector();
    // 90 s of work for the slaves.
    let work = json!({ "nonces_per_second": 10.0, "open_nonces": 900 });
    selector.event("throughput", json!({ "challenges": { "c003": work } }));
    assert_eq!(weights(&mut selector), json!([1.0, 1.0]));
}

#[test]
fn negative_weight_is_refused() {
    let section = json!({ "weights": { "knapsack": -1.0 } });
    let started = Harness::<Selector>::try_start(settings(section));
    let error = started.err().unwrap().to_string();
    assert!(error.contains("weights must be 0 or more"), "{error}");
}
