//! The plugin in the harness, which plays the host. Its randomness is the same in each run.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::Sampler;

fn settings(section: Value) -> Value {
    json!({ "name": "plugin_name", "config": { "plugin_name": section } })
}

fn new_block() -> Value {
    let parameters = json!([
        { "name": "num_variables", "min_value": 50, "max_value": 1000 },
        { "name": "clauses_to_variables_percent", "min_value": 300, "max_value": 1000 },
    ]);
    let data = json!({
        "base_frontier": [[50, 310], [55, 305], [60, 300]],
        "scaled_frontier": [[51, 316], [57, 309], [63, 301]],
        "scaling_factor": 1.2,
    });
    json!({
        "block": { "id": "b1", "config": { "difficulty": { "parameters": { "c001": parameters, "c002": parameters } } } },
        "challenges": {
            "c001": { "block_data": data },
            "c002": { "block_data": null },
            "c003": { "block_data": {} },
        },
    })
}

fn samples(section: Value) -> Vec<Vec<i32>> {
    let mut sampler = Harness::<Sampler>::start(settings(section));
    sampler.event("new_block", new_block());
    // One challenge is not active, and one has no frontiers.
    let [(name, event)] = &sampler.emitted()[..] else {
        panic!("one event is expected");
    };
    assert_eq!(name, "difficulty_samples");
    assert_eq!(
        (&event["challenge_id"], &event["block_id"]),
        (&json!("c001"), &json!("b1"))
    );
    serde_json::from_value(event["samples"].clone()).unwrap()
}

#[test]
fn samples_lie_between_the_frontiers() {
    let samples = samples(json!({ "num_samples": 50 }));
    assert_eq!(samples.len(), 50);
    for sample in samples {
        assert!((50..=63).contains(&sample[0]), "{sample:?}");
        assert!((300..=316).contains(&sample[1]), "{sample:?}");
    }
}

#[test]
fn hardness_1_draws_the_upper_frontier() {
    let upper = [vec![51, 316], vec![57, 309], vec![63, 301]];
    let samples = samples(json!({ "hardness": 1.0 }));
    assert!(
        samples.iter().all(|sample| upper.contains(sample)),
        "{samples:?}"
    );
}

#[test]
fn values_out_of_range_are_refused() {
    for (section, expected) in [
        (
            json!({ "hardness": 1.5 }),
            "hardness: 1.5 is not between 0 and 1",
        ),
        (
            json!({ "num_samples": 0 }),
            "num_samples: 0 is not between 1 and 10000",
        ),
        (
            json!({ "num_samples": 10_001 }),
            "num_samples: 10001 is not between 1 and 10000",
        ),
    ] {
        let started = Harness::<Sampler>::try_start(settings(section));
        let error = started.err().unwrap().to_string();
        assert_eq!(error, format!("config.plugin_name.{expected}"));
    }
    assert_eq!(samples(json!({ "num_samples": 10_000 })).len(), 10_000);
}
