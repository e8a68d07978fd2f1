//! The extension as the host drives it.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use crate::Sampler;

mod failed_handlers;
mod learning;
mod operator;
mod world;

fn settings(name: &str, config: Value) -> Value {
    json!({ "name": name, "config": { name: config } })
}

fn sampler() -> Harness<Sampler> {
    Harness::start(settings("thompson_sampler", json!({ "num_samples": 7 })))
}

fn challenge(id: &str, base: Value, scaled: Value) -> Value {
    json!({ "id": id, "details": { "name": id }, "block_data": {
        "base_frontier": base, "scaled_frontier": scaled, "scaling_factor": 1.2, "qualifier_difficulties": null } })
}

fn good(id: &str) -> Value {
    challenge(
        id,
        json!([[50, 310], [55, 305], [60, 300]]),
        json!([[51, 316], [57, 309], [63, 301]]),
    )
}

fn new_block(id: &str, challenges: &[Value], benchmarks: &[(&str, u32)]) -> Value {
    let by_id = |record: &Value| (record["id"].as_str().unwrap().to_owned(), record.clone());
    let challenges: serde_json::Map<_, _> = challenges.iter().map(by_id).collect();
    let parameters = json!([
        { "name": "a", "min_value": 50, "max_value": 2_147_483_647 },
        { "name": "b", "min_value": 300, "max_value": 2_147_483_647 },
    ]);
    let mut event = json!({
        "block": { "id": id, "details": { "height": 10 }, "config": { "difficulty": { "parameters": {
            "c001": parameters, "c002": parameters, "c003": parameters, "c004": "nonsense" } } } },
        "challenges": challenges, "precommits": {}, "benchmarks": {},
    });
    for (id, num_solutions) in benchmarks {
        event["precommits"][id] = json!({ "details": { "num_nonces": 100 },
            "settings": { "challenge_id": "c001", "difficulty": [55, 306] } });
        event["benchmarks"][id] = json!({ "details": { "num_solutions": num_solutions } });
    }
    event
}

fn samples(event: &Value) -> Vec<[i64; 2]> {
    let samples = event["samples"].as_array().unwrap().iter();
    samples
        .map(|sample| [0, 1].map(|axis| sample[axis].as_i64().unwrap()))
        .collect()
}

fn warnings(sampler: &mut Harness<Sampler>) -> Vec<String> {
    let logs = sampler.logs().into_iter();
    logs.filter(|(level, _)| level == "warn")
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn samples_name_their_block_and_lie_within_frontiers() {
    let mut sampler = sampler();
    let block = new_block("b1", &[good("c001"), good("c002")], &[]);
    sampler.event("new_block", block);
    let events = sampler.emitted();
    assert_eq!(events.len(), 2);
    for ((name, event), challenge_id) in events.iter().zip(["c001", "c002"]) {
        assert_eq!(name, "difficulty_samples");
        assert_eq!(event["challenge_id"], challenge_id);
        assert_eq!(event["block_id"], "b1");
        let samples = samples(event);
        assert_eq!(samples.len(), 7);
        for [x, y] in samples {
            assert!(
                (50..=63).contains(&x) && (300..=316).contains(&y),
                "{x} {y}"
            );
        }
    }
}

#[test]
fn odd_challenges_and_records_stop_no_others() {
    let mut sampler = sampler();
    let odd = [
        challenge("c001", json!([]), json!([[51, 316]])),
        challenge("c002", json!([[50, 310, 1]]), json!([[51, 316]])),
        json!({ "id": "c004", "details": { "name": "x" }, "block_data": { "scaling_factor": 1 } }),
        json!({ "id": "c005", "details": 7 }),
        json!({ "id": "c006", "details": { "name": "inactive" }, "block_data": null }),
        json!({ "id": "c007", "details": { "name": "x" }, "block_data": {} }),
        good("c003"),
    ];
    let mut block = new_block("b1", &odd, &[("p", 3)]);
    block["precommits"]["odd"] = json!([7]);
    block["precommits"]["planar"] = block["precommits"]["p"].clone();
    block["precommits"]["planar"]["settings"]["difficulty"] = json!([1, 2, 3]);
    block["benchmarks"]["odd"] = json!({});
    block["proofs"] = json!({ "p": "odd" });
    block["frauds"] = json!({ "odd": null });
    sampler.event("new_block", block.clone());
    let events = sampler.emitted();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1["challenge_id"], "c003");
    let said = warnings(&mut sampler);
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said[0].contains("the lower frontier is empty"), "{said:?}");
    let outcomes = &sampler.stored()["outcomes/c001"];
    assert_eq!(
        outcomes.as_object().unwrap().len(),
        1,
        "learned nevertheless"
    );
    block["block"]["id"] = json!("b2");
    sampler.event("new_block", block);
    assert_eq!(warnings(&mut sampler), [] as [&str; 0]);
}

#[test]
fn section_of_the_stock_sampler_is_accepted() {
    let recorded = include_str!("../../../vectors/recordings/single_knapsack_config.json");
    let mut settings: Value = serde_json::from_str(recorded).unwrap();
    settings["name"] = json!("difficulty_sampler");
    drop(Harness::<Sampler>::start(settings));
}

#[test]
fn configured_values_count() {
    let cells_and_samples = |config: Value| {
        let settings = settings("thompson_sampler", config);
        let mut sampler: Harness<Sampler> = Harness::start(settings);
        sampler.event("new_block", new_block("b1", &[good("c001")], &[]));
        let (_, event) = sampler.emitted().remove(0);
        let cells = &sampler.extension().shown["c001"].cells;
        (cells.len(), samples(&event).len())
    };
    let one = json!({ "num_samples": 3, "cells_per_side": 1 });
    assert_eq!(cells_and_samples(one), (1, 3));
    let (cells, samples) = cells_and_samples(json!({ "num_samples": 250, "cells_per_side": 3 }));
    assert!((4..=9).contains(&cells) && samples == 250);
}

#[test]
fn config_out_of_range_is_refused_with_its_key() {
    for (key, value) in [
        ("num_samples", json!(0)),
        ("cells_per_side", json!(33)),
        ("prior_strength", json!(0.0)),
        ("solutions_per_benchmark", json!(1e300)),
        ("decay_per_block", json!(1.01)),
        ("decay_per_block", json!(0.0)),
        ("nmu_samples", json!(3)),
    ] {
        for name in ["thompson_sampler", "difficulty_sampler"] {
            let started = Harness::<Sampler>::try_start(settings(name, json!({ key: value })));
            let error = started.err().unwrap().to_string();
            assert!(
                error.starts_with(&format!("config.{name}.{key}: ")),
                "{error}"
            );
        }
    }
}
