//! The extension as the host drives it.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use crate::Sampler;

mod failed_handlers;
mod operator;
mod sample;

fn settings(config: Value) -> Value {
    json!({ "name": "difficulty_sampler", "config": { "difficulty_sampler": config } })
}

fn sampler() -> Harness<Sampler> {
    Harness::start(settings(json!({ "num_samples": 7 })))
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

fn new_block(id: &str, challenges: &[Value], precommits: &[&str]) -> Value {
    let by_id = |record: &Value| (record["id"].as_str().unwrap().to_owned(), record.clone());
    let challenges: serde_json::Map<_, _> = challenges.iter().map(by_id).collect();
    let precommits: serde_json::Map<_, _> = precommits
        .iter()
        .map(|id| ((*id).to_owned(), json!({})))
        .collect();
    let parameters = json!([
        { "name": "a", "min_value": 50, "max_value": 2_147_483_647 },
        { "name": "b", "min_value": 300, "max_value": 2_147_483_647 },
    ]);
    json!({
        "block": { "id": id, "config": { "difficulty": { "parameters": {
            "c001": parameters, "c002": parameters, "c003": parameters, "c004": "nonsense" } } } },
        "challenges": challenges, "precommits": precommits,
    })
}

fn confirmed(benchmark_id: &str, num_solutions: u32) -> Value {
    json!({
        "precommit": { "benchmark_id": benchmark_id,
                       "settings": { "challenge_id": "c001", "difficulty": [55, 306] } },
        "benchmark": { "details": { "num_solutions": num_solutions } },
    })
}

fn warnings(sampler: &mut Harness<Sampler>) -> Vec<String> {
    let logs = sampler.logs().into_iter();
    logs.filter(|(level, _)| level == "warn")
        .map(|(_, text)| text)
        .collect()
}

fn weight_of_the_lesson(sampler: &Harness<Sampler>) -> f64 {
    let grid = sampler.extension().samplers["c001"].grid().unwrap();
    grid.weight([55, 306]).unwrap()
}

#[test]
fn samples_name_their_block_and_lie_within_frontiers() {
    let mut sampler = sampler();
    sampler.event(
        "new_block",
        new_block("b1", &[good("c001"), good("c002")], &[]),
    );
    let events = sampler.emitted();
    assert_eq!(events.len(), 2);
    for ((name, samples), challenge_id) in events.iter().zip(["c001", "c002"]) {
        assert_eq!(name, "difficulty_samples");
        assert_eq!(samples["challenge_id"], challenge_id);
        assert_eq!(samples["block_id"], "b1");
        let samples = samples["samples"].as_array().unwrap();
        assert_eq!(samples.len(), 7);
        for sample in samples {
            assert!((50..=63).contains(&sample[0].as_i64().unwrap()), "{sample}");
            assert!(
                (300..=316).contains(&sample[1].as_i64().unwrap()),
                "{sample}"
            );
        }
    }
}

#[test]
fn one_bad_challenge_stops_no_other_and_is_named_once() {
    let mut sampler = sampler();
    let bad = [
        challenge("c001", json!([]), json!([[51, 316]])),
        challenge("c002", json!([[50, 310, 1]]), json!([[51, 316]])),
        json!({ "id": "c004", "details": { "name": "x" }, "block_data": {} }),
        json!({ "id": "c005", "details": 7 }),
        json!({ "id": "c006", "details": { "name": "inactive" }, "block_data": null }),
        json!({ "id": "c007", "details": { "name": "x" }, "block_data": {} }),
        good("c003"),
    ];
    sampler.event("new_block", new_block("b1", &bad, &[]));
    let events = sampler.emitted();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1["challenge_id"], "c003");
    let said = warnings(&mut sampler);
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(
        said[0].contains("c001: no samples: the base frontier is empty"),
        "{said:?}"
    );
    sampler.event("new_block", new_block("b2", &bad, &[]));
    assert_eq!(warnings(&mut sampler), [] as [&str; 0]);
}

#[test]
fn a_grid_too_large_falls_back_to_frontier_points() {
    let mut sampler = sampler();
    let huge = challenge(
        "c001",
        json!([[50, 2_000_000], [2_000_000, 300]]),
        json!([[2_000_001, 2_000_001]]),
    );
    sampler.event("new_block", new_block("b1", &[huge], &[]));
    let (_, samples) = sampler.emitted().remove(0);
    for sample in samples["samples"].as_array().unwrap() {
        let points = [
            json!([50, 2_000_000]),
            json!([2_000_000, 300]),
            json!([2_000_001, 2_000_001]),
        ];
        assert!(points.contains(sample), "{sample}");
    }
    assert!(warnings(&mut sampler)[0].contains("cells"));
}

#[test]
fn a_benchmark_teaches_once_also_across_restarts() {
    let mut sampler = sampler();
    let block = |id: &str| new_block(id, &[good("c001")], &["p"]);
    sampler.event("new_block", block("b1"));
    sampler.event("benchmark_confirmed", confirmed("p", 0));
    let learned = weight_of_the_lesson(&sampler);
    assert!((learned - 350.0).abs() < 1e-9, "{learned}");
    sampler.event("proof_confirmed", confirmed("p", 0));
    assert_eq!(weight_of_the_lesson(&sampler), learned);

    sampler.restart();
    sampler.event("new_block", block("b1"));
    assert_eq!(weight_of_the_lesson(&sampler), learned);
    sampler.event("benchmark_confirmed", confirmed("p", 0));
    assert_eq!(weight_of_the_lesson(&sampler), learned);

    sampler.event("new_block", new_block("b2", &[good("c001")], &[]));
    assert_eq!(
        sampler.stored()["taught"],
        json!([]),
        "expired benchmarks are forgotten"
    );
    sampler.event(
        "proof_confirmed",
        json!({ "precommit": confirmed("q", 0)["precommit"], "benchmark": null }),
    );
    assert_eq!(weight_of_the_lesson(&sampler), learned);
}

#[test]
fn only_changed_cells_are_stored_bad_ones_ignored() {
    let mut sampler = sampler();
    sampler.event("new_block", new_block("b1", &[good("c001")], &[]));
    assert!(sampler.stored().is_empty());
    sampler.event("benchmark_confirmed", confirmed("p", 100));
    let stored = sampler.stored();
    let cells = stored["weights/c001"].as_array().unwrap();
    assert!((5..60).contains(&cells.len()), "{}", cells.len());
    assert!(cells.iter().all(|cell| cell[2] != json!(500.0)));

    let read = |text: &str| crate::read_weights(serde_json::from_str(text).unwrap());
    assert_eq!(read("[[1,2,3.5]]"), Some(vec![(1, 2, 3.5)]));
    assert_eq!(read("[[1,2,-1]]"), None);
    assert_eq!(read("\"weights\""), None);
}

#[test]
fn the_recorded_config_is_enough() {
    let mut settings: Value = serde_json::from_str(include_str!(
        "../../../vectors/recordings/single_knapsack_config.json"
    ))
    .unwrap();
    settings["name"] = json!("difficulty_sampler");
    drop(Harness::<Sampler>::start(settings));
}

#[test]
fn a_configured_value_counts() {
    let drawn = |num_samples: u32| {
        let mut sampler: Harness<Sampler> =
            Harness::start(settings(json!({ "num_samples": num_samples })));
        sampler.event("new_block", new_block("b1", &[good("c001")], &[]));
        let (_, event) = sampler.emitted().remove(0);
        event["samples"].as_array().unwrap().len()
    };
    assert_eq!((drawn(3), drawn(250)), (3, 250));
}

#[test]
fn a_config_out_of_range_is_refused_with_its_key() {
    for (key, value) in [
        ("num_samples", json!(0)),
        ("padding_factor", json!(-0.1)),
        ("decay", json!(1.01)),
        ("initial_solutions_weight", json!(-1)),
        ("solutions_multiplier", json!(1e300)),
        ("nmu_samples", json!(3)),
    ] {
        let started = Harness::<Sampler>::try_start(settings(json!({ key: value })));
        let error = started.err().unwrap().to_string();
        assert!(
            error.starts_with(&format!("config.difficulty_sampler.{key}: ")),
            "{error}"
        );
    }
}

#[test]
fn damaged_record_is_set_aside_and_sampling_goes_on() {
    for key in ["taught", "weights/c001"] {
        let mut sampler = sampler();
        sampler.store(key, "{\"torn");
        sampler.restart();
        assert!(sampler.stored().contains_key(&format!("damaged/{key}")));
        sampler.event("new_block", new_block("b1", &[good("c001")], &[]));
        assert_eq!(sampler.emitted().len(), 1, "{key}");
    }
}
