//! The extension as the host drives it.

use proptest::prelude::*;
use serde_json::{Value, json};
use tig_plugin_api::panel::{Panel, Widget};
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use crate::BalancingSelector;

const CHALLENGES: [(&str, &str); 3] = [
    ("c001", "satisfiability"),
    ("c002", "vehicle_routing"),
    ("c003", "knapsack"),
];

/// Of a sum of shares.
const ROUNDING: f64 = 1e-8;

fn settings(section: Value) -> Value {
    json!({ "name": "balancing_selector", "config": { "balancing_selector": section } })
}

fn start(section: Value) -> Harness<BalancingSelector> {
    Harness::start(settings(section))
}

/// Of 100 qualifiers of each challenge, the player has these. Each challenge has a precommit of 20 nonces, which costs 3 TIG.
fn block(height: u32, qualifiers: [u32; 3]) -> Value {
    let mut block = json!({
        "block": { "id": format!("b{height}"), "details": { "height": height },
            "config": { "optimisable_proof_of_work": { "imbalance_multiplier": 1.5 } } },
        "challenges": {}, "precommits": {}, "algorithms": {}, "wasms": {},
        "player": { "id": "0x1", "block_data": {
            "num_qualifiers_by_challenge": {}, "imbalance": "250000000000000000" } },
    });
    for ((id, name), own) in CHALLENGES.into_iter().zip(qualifiers) {
        block["challenges"][id] = json!({ "id": id, "details": { "name": name }, "block_data": {
            "num_qualifiers": 100, "base_fee": "1000000000000000000", "per_nonce_fee": "100000000000000000" } });
        block["player"]["block_data"]["num_qualifiers_by_challenge"][id] = json!(own);
        block["precommits"][format!("p_{id}")] =
            json!({ "details": { "num_nonces": 20 }, "settings": { "challenge_id": id } });
        for name in ["first", "second"] {
            let algorithm_id = format!("{id}_{name}");
            block["algorithms"][&algorithm_id] = json!({ "id": algorithm_id, "block_data": {},
                "details": { "name": name, "challenge_id": id }, "state": { "banned": false } });
            block["wasms"][&algorithm_id] = json!({ "algorithm_id": algorithm_id,
                "details": { "compile_success": true, "download_url": "http://x/a.wasm" } });
        }
    }
    block
}

fn throughput(rates: [f64; 3]) -> Value {
    let rates = CHALLENGES.into_iter().zip(rates);
    let measured = rates.map(|((id, _), rate)| {
        (
            id.to_owned(),
            json!({ "nonces_per_second": rate, "open_nonces": 40 }),
        )
    });
    json!({ "challenges": measured.collect::<serde_json::Map<_, _>>() })
}

/// The selections emitted since the last call.
fn selections(selector: &mut Harness<BalancingSelector>) -> Vec<Value> {
    let events = selector.emitted().into_iter();
    let selection = |(name, event): (String, Value)| {
        assert_eq!(name, "selection");
        event
    };
    events.map(selection).collect()
}

/// Weights of satisfiability, vehicle_routing and knapsack in the selection of one block.
fn weights(selector: &mut Harness<BalancingSelector>, block: Value) -> [f64; 3] {
    selector.event("new_block", block);
    let selections = selections(selector);
    assert_eq!(selections.len(), 1);
    let selection = &selections[0]["selection"];
    CHALLENGES.map(|(_, name)| selection[name]["weight"].as_f64().unwrap())
}

fn codes(selector: &Harness<BalancingSelector>) -> Vec<(String, String)> {
    let conditions = selector.conditions().iter();
    conditions
        .map(|it| (it.code.clone(), it.subject.clone()))
        .collect()
}

#[test]
fn neglected_challenge_gets_the_largest_share() {
    let mut selector = start(json!({}));
    let [satisfiability, routing, knapsack] = weights(&mut selector, block(100, [30, 20, 0]));
    assert!(knapsack > routing && routing > satisfiability);
    assert!((satisfiability + routing + knapsack - 1.0).abs() < ROUNDING);
    assert!(satisfiability >= 0.05 && knapsack <= 0.6);
}

#[test]
fn selection_names_height_and_no_algorithm() {
    let mut selector = start(json!({}));
    selector.event("new_block", block(100, [10, 10, 10]));
    let weight = json!({ "weight": 0.333333333 });
    let selection =
        json!({ "satisfiability": weight, "vehicle_routing": weight, "knapsack": weight });
    let expected = json!({ "height": 100, "selection": selection });
    assert_eq!(selections(&mut selector), [expected]);
}

#[test]
fn slow_challenge_gets_less_and_is_not_starved() {
    let mut selector = start(json!({ "smoothing": 1.0 }));
    selector.event("throughput", throughput([0.001, 50.0, 50.0]));
    let [slow, ..] = weights(&mut selector, block(100, [10, 10, 10]));
    assert!((0.05..0.2).contains(&slow), "{slow}");
    let [neglected, ..] = weights(&mut selector, block(101, [0, 10, 10]));
    assert!(neglected > slow * 1.5, "{neglected} {slow}");
}

#[test]
fn shares_move_smoothly_towards_the_target() {
    let mut selector = start(json!({ "smoothing": 0.5, "max_share": 1.0 }));
    let mut at = |height| {
        weights(
            &mut selector,
            block(height, [10, 10, if height > 100 { 0 } else { 10 }]),
        )[2]
    };
    let shares = [at(100), at(101), at(102), at(103)];
    let steps: Vec<f64> = shares.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps[0] > 0.01, "{shares:?}");
    assert!((steps[1] - steps[0] / 2.0).abs() < ROUNDING, "{shares:?}");
    assert!((steps[2] - steps[1] / 2.0).abs() < ROUNDING, "{shares:?}");
}

#[test]
fn repeated_block_moves_no_share() {
    let mut selector = start(json!({}));
    weights(&mut selector, block(100, [10, 10, 10]));
    let once = weights(&mut selector, block(101, [10, 10, 0]));
    for _ in 0..3 {
        assert_eq!(weights(&mut selector, block(101, [10, 10, 0])), once);
    }
    assert_ne!(weights(&mut selector, block(102, [10, 10, 0])), once);
}

#[test]
fn restart_and_reload_go_on_with_the_shares() {
    let run = |interrupt: fn(&mut Harness<BalancingSelector>)| {
        let mut selector = start(json!({}));
        let mut all = Vec::new();
        for height in 100..110 {
            all.push(weights(&mut selector, block(height, [height, 20, 40])));
            interrupt(&mut selector);
        }
        all
    };
    let expected = run(|_| {});
    assert_eq!(run(Harness::restart), expected);
    assert_eq!(run(Harness::reload), expected);
    assert_eq!(run(Harness::kill), expected);
}

#[test]
fn reload_keeps_the_measured_rates() {
    let mut selector = start(json!({ "smoothing": 1.0 }));
    selector.event("throughput", throughput([1.0, 50.0, 50.0]));
    let before = weights(&mut selector, block(100, [10, 10, 10]));
    selector.reload();
    assert_eq!(weights(&mut selector, block(101, [10, 10, 10])), before);
}

#[test]
fn nothing_is_selected_without_qualifiers() {
    let absent = |change: fn(&mut Value)| {
        let mut block = block(100, [10, 10, 10]);
        change(&mut block);
        block
    };
    let blocks = [
        block(100, [0, 0, 0]),
        absent(|block| block["player"] = Value::Null),
        absent(|block| block["player"] = json!({ "block_data": null })),
        absent(|block| block["player"] = json!("odd")),
        absent(|block| block["player"]["block_data"] = json!({ "imbalance": null })),
    ];
    for block in blocks {
        let mut selector = start(json!({}));
        selector.event("new_block", block.clone());
        assert_eq!(selections(&mut selector), [] as [Value; 0], "{block}");
        assert_eq!(
            codes(&selector),
            [("no_qualifiers".to_owned(), String::new())]
        );
    }
}

#[test]
fn one_challenge_is_nothing_to_balance() {
    let mut selector = start(json!({}));
    let mut block = block(100, [10, 10, 10]);
    block["challenges"]["c001"]["block_data"] = Value::Null;
    block["challenges"]["c002"] = json!(7);
    selector.event("new_block", block);
    assert_eq!(selections(&mut selector), [] as [Value; 0]);
    assert_eq!(codes(&selector)[0].0, "few_challenges");
}

#[test]
fn conditions_name_unmeasured_challenges_and_clear() {
    let mut selector = start(json!({}));
    let mut unmeasured = throughput([1.0, 2.0, 3.0]);
    unmeasured["challenges"]["c003"]["nonces_per_second"] = Value::Null;
    selector.event("throughput", unmeasured);
    selector.event("new_block", block(100, [10, 10, 10]));
    assert_eq!(
        codes(&selector),
        [("no_rate".to_owned(), "knapsack".to_owned())]
    );
    selector.event("throughput", throughput([1.0, 2.0, 3.0]));
    selector.event("new_block", block(101, [10, 10, 10]));
    assert_eq!(codes(&selector), []);
}

#[test]
fn only_named_challenges_are_balanced() {
    let challenges = ["satisfiability", "knapsack", "knapsak"];
    let mut selector = start(json!({ "challenges": challenges, "min_share": 0.4 }));
    selector.event("throughput", throughput([1.0, 2.0, 3.0]));
    selector.event("new_block", block(100, [10, 30, 0]));
    let selection = selections(&mut selector)[0]["selection"].clone();
    let names: Vec<&String> = selection.as_object().unwrap().keys().collect();
    assert_eq!(names, ["knapsack", "satisfiability"]);
    assert_eq!(selection["knapsack"]["weight"], 0.6);
    assert_eq!(
        codes(&selector),
        [("not_active".to_owned(), "knapsak".to_owned())]
    );
}

#[test]
fn odd_numbers_of_a_block_spoil_no_share() {
    let mut selector = start(json!({}));
    selector.event("throughput", throughput([0.0, -1.0, 1e300]));
    let mut odd = block(100, [4_000_000_000, 0, 1]);
    odd["challenges"]["c001"]["block_data"]["num_qualifiers"] = json!(0);
    odd["challenges"]["c002"]["block_data"]["base_fee"] = Value::Null;
    odd["block"]["config"]["optimisable_proof_of_work"]["imbalance_multiplier"] = json!(-7.0);
    odd["precommits"]["p_odd"] = json!("odd");
    let shares = weights(&mut selector, odd);
    assert!(
        shares.iter().all(|share| (0.05..=0.6).contains(share)),
        "{shares:?}"
    );
}

#[test]
fn fastest_algorithm_is_selected_after_the_trials() {
    let algorithms = json!({ "knapsack": ["first", "absent", "second"] });
    let mut selector = start(json!({ "algorithms": algorithms }));
    let mut running = Value::Null;
    let mut order = Vec::new();
    for height in 100..200 {
        let rate = if running == "second" { 40.0 } else { 20.0 };
        selector.event("throughput", throughput([1.0, 1.0, rate]));
        selector.event("new_block", block(height, [10, 10, 10]));
        let selection = selections(&mut selector).remove(0);
        running = selection["selection"]["knapsack"]["algorithm"].clone();
        assert_eq!(
            selection["selection"]["satisfiability"]["algorithm"],
            Value::Null
        );
        order.push(running.clone());
        if height == 150 {
            selector.restart();
        }
    }
    order.dedup();
    assert_eq!(order, ["first", "second"]);
}

#[test]
fn restart_of_the_host_keeps_the_fastest_algorithm() {
    let algorithms = json!({ "knapsack": ["first", "second"] });
    let mut selector = start(json!({ "algorithms": algorithms }));
    let mut running = Value::Null;
    let select = |selector: &mut Harness<BalancingSelector>, height| {
        selector.event("new_block", block(height, [10, 10, 10]));
        let selection = selections(selector).remove(0);
        selection["selection"]["knapsack"]["algorithm"].clone()
    };
    for height in 100..400 {
        let rate = if running == "second" { 40.0 } else { 20.0 };
        selector.event("throughput", throughput([1.0, 1.0, rate]));
        running = select(&mut selector, height);
    }
    assert_eq!(running, "second");
    // Rates are not stored: none is known until the first results, which may be long after the first work.
    selector.kill();
    assert_eq!(select(&mut selector, 400), "second");
    let mut silent = throughput([1.0, 1.0, 1.0]);
    silent["challenges"]["c003"]["nonces_per_second"] = Value::Null;
    for height in 401..600 {
        selector.event("throughput", silent.clone());
        assert_eq!(select(&mut selector, height), "second", "{height}");
    }
}

#[test]
fn panel_and_metrics_show_the_decision() {
    let mut selector = start(json!({}));
    let panel = |selector: &mut Harness<BalancingSelector>| -> Panel {
        let reply = selector.request("GET", "/operator/panel/selection?find=knapsack", &[], "");
        serde_json::from_slice(&reply.unwrap().body).unwrap()
    };
    let table = |panel: Panel| match panel.widgets.into_iter().last() {
        Some(Widget::Table(table)) => table,
        other => panic!("{other:?}"),
    };
    assert!(table(panel(&mut selector)).rows.is_empty());
    selector.event("throughput", throughput([2.0, 2.0, 2.0]));
    selector.event("new_block", block(100, [10, 10, 10]));
    let table = table(panel(&mut selector));
    assert_eq!(table.rows.len(), 1);
    let cells = &table.rows[0].cells;
    let expected = [
        ("part", 0.1),
        ("need", 1.0),
        ("time", 10_000.0),
        ("fee", 3.0),
        ("cost", 1.0),
    ];
    for (key, value) in expected {
        let shown = cells[key].as_f64().unwrap();
        assert!((shown - value).abs() < ROUNDING, "{key}: {shown}");
    }
    let share = selector.metric("selected_share", &[("challenge", "knapsack")]);
    assert_eq!(share, cells["share"].as_f64());
    assert_eq!(selector.metric("imbalance", &[]), Some(0.25));
    let bad = selector.request("GET", "/operator/panel/selection?limit=x", &[], "");
    assert_eq!(bad.unwrap().status, 400);
}

#[test]
fn wrong_config_is_refused_with_its_key() {
    let many = vec!["a"; 21];
    let cases = [
        (json!({ "min_share": -0.1 }), "min_share: -0.1 "),
        (json!({ "max_share": 1.5 }), "max_share: 1.5 "),
        (
            json!({ "min_share": 0.5, "max_share": 0.4 }),
            "min_share: 0.5 is above",
        ),
        (json!({ "smoothing": 0.0 }), "smoothing: 0 "),
        (
            json!({ "algorithms": { "knapsack": [] } }),
            "algorithms.knapsack: 0 ",
        ),
        (
            json!({ "algorithms": { "knapsack": many } }),
            "algorithms.knapsack: 21 ",
        ),
        (
            json!({ "challenges": ["knapsack"] }),
            "challenges: one challenge",
        ),
        (json!({ "smoting": 0.5 }), "smoting: unknown field"),
    ];
    for (section, expected) in cases {
        let started = Harness::<BalancingSelector>::try_start(settings(section));
        let error = started.err().unwrap().to_string();
        let expected = format!("config.balancing_selector.{expected}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Block(u32, [u32; 3]),
    NoPlayer,
    Throughput([f64; 3]),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let rates = prop::array::uniform3(prop_oneof![any::<f64>(), 0.0..100.0_f64]);
    prop_oneof![
        6 => (100_u32..105, [0_u32..100, 0_u32..100, 0_u32..100])
            .prop_map(|(height, qualifiers)| Step::Block(height, qualifiers)),
        1 => Just(Step::NoPlayer),
        3 => rates.prop_map(Step::Throughput),
        1 => Just(Step::Reload),
    ]
}

fn play(selector: &mut Harness<BalancingSelector>, step: &Step) -> tig_plugin_api::Result<()> {
    match step {
        Step::Block(height, qualifiers) => {
            selector.try_event("new_block", block(*height, *qualifiers))
        }
        Step::NoPlayer => {
            let mut block = block(100, [1, 1, 1]);
            block["player"] = Value::Null;
            selector.try_event("new_block", block)
        }
        Step::Throughput(rates) => selector.try_event("throughput", throughput(*rates)),
        Step::Reload => selector.try_reload(),
    }
}

fn section() -> Value {
    json!({ "algorithms": { "knapsack": ["first", "second"] }, "min_share": 0.1 })
}

proptest! {
    // Each case handles dozens of blocks.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..30),
        k in 1_u64..30,
    ) {
        check_failed_handlers(|| start(section()), &steps, k, play);
    }

    #[test]
    fn all_selections_lie_within_the_bounds(steps in prop::collection::vec(step(), 1..60)) {
        let mut selector = start(section());
        for step in &steps {
            play(&mut selector, step).unwrap();
            for event in selections(&mut selector) {
                let selection = event["selection"].as_object().unwrap().values();
                let weights: Vec<f64> = selection.map(|it| it["weight"].as_f64().unwrap()).collect();
                prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < ROUNDING, "{weights:?}");
                let is_within = |weight: &f64| (0.1 - ROUNDING..=0.6 + ROUNDING).contains(weight);
                prop_assert!(weights.iter().all(is_within), "{weights:?}");
            }
        }
    }
}
