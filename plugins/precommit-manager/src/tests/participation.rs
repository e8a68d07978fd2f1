//! Which challenges take part, and what is said of the others.

use super::*;

#[test]
fn an_unusable_challenge_is_reported_once_alone() {
    let cases = [
        ("walk_sta", json!({}), "did you mean `walk_sat`?"),
        (
            "walk_sat",
            json!({ "state": { "banned": true } }),
            "is banned",
        ),
        (
            "walk_sat",
            json!({ "block_data": null }),
            "not active at this block",
        ),
    ];
    for (name, change, expected) in cases {
        let block = |id: &str| {
            let mut block = block(id);
            for (key, value) in change.as_object().unwrap() {
                block["algorithms"]["c001_a001"][key] = value.clone();
            }
            block
        };
        let selection =
            json!({ "satisfiability": select(name, 1.0), "knapsack": select("greedy_swap", 1.0) });
        let mut manager = manager(1, selection);
        manager.event("new_block", block("b1"));
        let said = warnings(&mut manager);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains(r#"challenge="satisfiability""#) && said[0].contains(expected),
            "{said:?}"
        );
        manager.event("new_block", block("b2"));
        assert_eq!(warnings(&mut manager), [] as [&str; 0]);
        give(&mut manager, "c003", "b2", json!([[60, 11]]));
        assert_eq!(precommits(&mut manager).len(), 1, "{expected}");
    }
}

#[test]
fn wasm_challenge_and_selection_must_be_there() {
    let mut manager = manager(
        1,
        json!({ "satisfiability": select("walk_sat", 1.0), "knapsak": select("x", 1.0) }),
    );
    let mut first = block("b1");
    first["wasms"] = json!({});
    manager.event("new_block", first);
    let said = warnings(&mut manager).join("\n");
    assert!(
        said.contains("no compiled wasm") && said.contains("did you mean `knapsack`?"),
        "{said}"
    );
    assert!(
        view(&mut manager)["challenges"]["knapsack"]["reason"]
            .to_string()
            .contains("no entry")
    );

    let mut second = block("b2");
    second["challenges"]["c001"]["block_data"] = Value::Null;
    manager.event("new_block", second);
    assert!(warnings(&mut manager)[0].contains("not active"));

    let mut third = block("b3");
    third["wasms"]["c001_a001"]["details"]["download_url"] = Value::Null;
    third["algorithms"]["odd"] = json!(7);
    manager.event("new_block", third);
    assert!(warnings(&mut manager)[0].contains("no download url"));
}

#[test]
fn a_wrong_config_is_refused_with_its_key() {
    let section = "config.precommit_manager";
    let cases = [
        (
            101,
            both(),
            format!("{section}.max_precommits_per_block: 101 "),
        ),
        (
            1,
            json!({}),
            format!("{section}.algo_selection: no challenge has a weight above 0"),
        ),
        (
            1,
            json!({ "x": select("y", 0.0) }),
            format!("{section}.algo_selection: no challenge"),
        ),
        (
            1,
            json!({ "x": select("y", -1.0) }),
            format!("{section}.algo_selection.x.weight: -1 "),
        ),
        (
            1,
            json!({ "x": { "algorithm": "y", "num_nonces": 0, "weight": 1 } }),
            format!("{section}.algo_selection.x.num_nonces: 0 "),
        ),
        (
            1,
            json!({ "x": { "algorithm": "y", "num_nonces": 4_294_967_296_u64, "weight": 1 } }),
            format!("{section}.algo_selection.x.num_nonces: 4294967296 "),
        ),
        (
            1,
            json!({ "x": { "algoritm": "y", "num_nonces": 1, "weight": 1 } }),
            format!("{section}.algo_selection.x.algoritm: unknown field"),
        ),
    ];
    for (max, selection, expected) in cases {
        let started = Harness::<PrecommitManager>::try_start(config(max, selection));
        let error = started.err().unwrap().to_string();
        assert!(error.starts_with(&expected), "{error}");
    }
}
