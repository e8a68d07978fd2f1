//! What a selector chooses in the config's place.

use tig_plugin_api::Severity;

use super::*;

/// Of the config, for a block at this height.
fn at_height(height: u32) -> Value {
    let mut block = block(&format!("b{height}"));
    block["block"]["details"]["height"] = json!(height);
    block["algorithms"]["c003_a002"] = algorithm("c003_a002", "c003", "dynamic");
    block["wasms"]["c003_a002"] = wasm("c003_a002");
    block
}

fn select_event(manager: &mut Harness<PrecommitManager>, selection: Value) {
    manager.event("selection", json!({ "selection": selection }));
}

/// At height 100, with this selection over the config's weights of 1.
fn selected(selection: Value) -> Harness<PrecommitManager> {
    let mut manager = manager(1, both());
    manager.event("new_block", at_height(100));
    select_event(&mut manager, selection);
    manager.update();
    manager
}

fn seen(manager: &mut Harness<PrecommitManager>, challenge: &str) -> Value {
    view(manager)["challenges"][challenge].clone()
}

/// Subject, severity and text of the conditions of a code.
fn conditions(manager: &Harness<PrecommitManager>, code: &str) -> Vec<(String, Severity, String)> {
    let conditions = manager.conditions().iter();
    let of_code = conditions.filter(|condition| condition.code == code);
    of_code
        .map(|it| (it.subject.clone(), it.severity, it.text.clone()))
        .collect()
}

#[test]
fn selection_replaces_choice_of_named_challenge() {
    let chosen = json!({ "weight": 2.0, "algorithm": "dynamic", "num_nonces": 40 });
    let mut manager = selected(json!({ "knapsack": chosen }));
    let knapsack = seen(&mut manager, "knapsack");
    assert_eq!(knapsack["algorithm_id"], "c003_a002");
    assert_eq!(
        (&knapsack["num_nonces"], &knapsack["weight"]),
        (&json!(40), &json!(2.0))
    );
    assert_eq!(knapsack["fee"], "5000000000000000000");
    assert_eq!(knapsack["chosen_by"], "selector");
    let other = seen(&mut manager, "satisfiability");
    assert_eq!(
        (&other["weight"], &other["chosen_by"]),
        (&json!(1.0), &json!("config"))
    );
    let applied = conditions(&manager, "selection_applied");
    assert_eq!(applied.len(), 1);
    assert_eq!(applied[0].1, Severity::Info);
    assert!(applied[0].2.ends_with(": knapsack"), "{}", applied[0].2);
}

/// A section without its extension is a fault of the config.
#[test]
fn remedies_name_section_of_selector() {
    let chosen = json!({ "weight": 2.0 });
    let manager = selected(json!({ "knapsack": chosen, "knapsak": chosen }));
    for code in ["selection_applied", "selection_refused"] {
        let condition = manager.conditions().iter().find(|it| it.code == code);
        let remedy = &condition.unwrap().remedy;
        assert!(remedy.contains("its section from `config`"), "{remedy}");
    }
}

#[test]
fn weight_alone_keeps_algorithm_and_nonces() {
    let mut manager = selected(json!({ "knapsack": { "weight": 7.5 } }));
    let knapsack = seen(&mut manager, "knapsack");
    assert_eq!(knapsack["algorithm_id"], "c003_a001");
    assert_eq!(
        (&knapsack["num_nonces"], &knapsack["weight"]),
        (&json!(20), &json!(7.5))
    );
}

#[test]
fn precommits_follow_the_selection() {
    let mut manager = manager(1, both());
    for height in 100..140 {
        let id = format!("b{height}");
        manager.event("new_block", at_height(height));
        let off = json!({ "satisfiability": { "weight": 0.0 }, "knapsack": { "weight": 1.0 } });
        select_event(&mut manager, off);
        give(&mut manager, "c001", &id, json!([[50, 300]]));
        give(&mut manager, "c003", &id, json!([[60, 11]]));
        let made = precommits(&mut manager);
        assert_eq!(made[0]["challenge_id"], "c003");
    }
    let off = seen(&mut manager, "satisfiability");
    assert_eq!(off["reason_code"]["kind"], "selected_off");
}

#[test]
fn bad_choice_is_refused_for_its_challenge_alone() {
    let most = u64::from(u32::MAX);
    let cases = [
        (json!({ "weight": -1.0 }), "weight: -1 "),
        (json!({ "weight": 1e13 }), "weight: 10000000000000 "),
        // JSON has no NaN: serializers write null.
        (json!({ "weight": null }), "invalid type: null"),
        (json!({ "algorithm": "dynamic" }), "missing field `weight`"),
        (json!("much"), "invalid type"),
        (json!({ "weight": 1.0, "num_nonces": 0 }), "num_nonces: 0 "),
        (
            json!({ "weight": 1.0, "num_nonces": most + 1 }),
            "num_nonces: 4294967296 ",
        ),
        (json!({ "weight": 1.0, "num_nonces": -1 }), "invalid value"),
        (
            json!({ "weight": 1.0, "algorithm": "dynamik" }),
            "did you mean `dynamic`?",
        ),
    ];
    for (choice, expected) in cases {
        let good = json!({ "weight": 3.0 });
        let mut manager = selected(json!({ "knapsack": choice, "satisfiability": good }));
        let knapsack = seen(&mut manager, "knapsack");
        assert_eq!(knapsack["chosen_by"], "config", "{choice}");
        assert_eq!(
            (&knapsack["weight"], &knapsack["num_nonces"]),
            (&json!(1.0), &json!(20))
        );
        assert_eq!(seen(&mut manager, "satisfiability")["weight"], 3.0);
        let refused = conditions(&manager, "selection_refused");
        assert_eq!(refused.len(), 1, "{choice}");
        let (subject, severity, text) = &refused[0];
        assert_eq!(
            (subject.as_str(), *severity),
            ("knapsack", Severity::Warning)
        );
        assert!(text.contains(expected), "{choice}: {text}");
    }
}

#[test]
fn unusable_algorithm_of_selector_is_refused() {
    let mut manager = manager(1, both());
    let mut block = at_height(100);
    block["algorithms"]["c003_a002"]["state"]["banned"] = json!(true);
    manager.event("new_block", block);
    let chosen = json!({ "weight": 2.0, "algorithm": "dynamic" });
    select_event(&mut manager, json!({ "knapsack": chosen }));
    manager.update();
    assert_eq!(seen(&mut manager, "knapsack")["algorithm_id"], "c003_a001");
    assert!(
        conditions(&manager, "selection_refused")[0]
            .2
            .contains("banned")
    );
    // The next block may list it otherwise.
    manager.event("new_block", at_height(101));
    assert_eq!(seen(&mut manager, "knapsack")["algorithm_id"], "c003_a002");
}

#[test]
fn unknown_challenge_of_selector_is_refused() {
    let manager = selected(json!({ "knapsak": { "weight": 1.0 } }));
    let refused = conditions(&manager, "selection_refused");
    assert_eq!(refused[0].0, "knapsak");
    assert!(refused[0].2.contains("did you mean `knapsack`?"));
}

#[test]
fn too_many_choices_are_refused_as_a_whole() {
    let names = (0..200).map(|number| (format!("c{number}"), json!({ "weight": 1.0 })));
    let mut selection: serde_json::Map<_, _> = names.collect();
    selection.insert("knapsack".to_owned(), json!({ "weight": 9.0 }));
    let mut manager = selected(selection.into());
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
    let refused = conditions(&manager, "selection_refused");
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].0.is_empty() && refused[0].2.contains("201"),
        "{}",
        refused[0].2
    );
}

#[test]
fn challenges_off_in_the_config_stay_off() {
    let config = json!({ "knapsack": select("greedy_swap", 1.0),
                         "satisfiability": select("walk_sat", 0.0) });
    let mut manager = manager(1, config);
    let mut block = at_height(100);
    block["challenges"]["c004"] = challenge("c004", "vector_search");
    manager.event("new_block", block);
    let names = ["knapsack", "satisfiability", "vector_search"];
    let weights = names.map(|name| (name.to_owned(), json!({ "weight": 9.0 })));
    select_event(&mut manager, Value::Object(weights.into_iter().collect()));
    manager.update();
    let code = |manager: &mut Harness<PrecommitManager>, name: &str| {
        seen(manager, name)["reason_code"]["kind"].clone()
    };
    assert_eq!(code(&mut manager, "satisfiability"), "no_weight");
    assert_eq!(code(&mut manager, "vector_search"), "no_selection");
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 9.0);
    assert_eq!(conditions(&manager, "selection_refused"), []);
}

#[test]
fn selector_does_not_raise_the_fee_limit() {
    let mut config = both();
    config["knapsack"]["max_fee"] = json!(3.5);
    let mut manager = manager(1, config);
    manager.event("new_block", at_height(100));
    // 40 nonces cost 5 TIG.
    let chosen = json!({ "weight": 2.0, "num_nonces": 40, "max_fee": 100.0 });
    select_event(&mut manager, json!({ "knapsack": chosen }));
    let knapsack = seen(&mut manager, "knapsack");
    assert_eq!(knapsack["reason_code"]["kind"], "fee_over_limit");
}

#[test]
fn config_decides_again_ten_blocks_later() {
    let mut manager = selected(json!({ "knapsack": { "weight": 5.0 } }));
    manager.logs();
    manager.event("new_block", at_height(110));
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 5.0);
    manager.event("new_block", at_height(111));
    manager.update();
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
    assert_eq!(seen(&mut manager, "knapsack")["chosen_by"], "config");
    assert_eq!(conditions(&manager, "selection_applied"), []);
    let logs = manager.logs();
    assert!(
        logs.iter()
            .any(|(_, text)| text.contains("no selection has come for 10 blocks"))
    );
    // It is over also if the network takes blocks back.
    manager.event("new_block", at_height(105));
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
}

#[test]
fn selection_of_an_old_block_is_refused() {
    let mut manager = selected(json!({ "satisfiability": { "weight": 4.0 } }));
    let select = |manager: &mut Harness<PrecommitManager>, height| {
        let selection = json!({ "knapsack": { "weight": 5.0 } });
        manager.event(
            "selection",
            json!({ "height": height, "selection": selection }),
        );
        manager.update();
        conditions(manager, "selection_refused")
    };
    manager.logs();
    for height in 101..103 {
        manager.event("new_block", at_height(height));
        let refused = select(&mut manager, 90);
        assert_eq!(refused.len(), 1, "{height}");
        let (subject, _, text) = &refused[0];
        assert!(
            subject.is_empty() && text.contains("of block 90, more than 10 before"),
            "{text}"
        );
        assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
        let earlier = seen(&mut manager, "satisfiability");
        assert_eq!(earlier["weight"], 4.0, "the earlier selection still holds");
    }
    let logs = manager.logs();
    let is_over = |text: &String| text.contains("no selection has come");
    assert!(!logs.iter().any(|(_, text)| is_over(text)), "{logs:?}");
    assert_eq!(select(&mut manager, 92), []);
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 5.0);
    assert_eq!(select(&mut manager, 90).len(), 1);
    // As a selection that is held, it is forgotten if no other comes.
    manager.event("new_block", at_height(113));
    manager.update();
    assert_eq!(conditions(&manager, "selection_refused"), []);
}

#[test]
fn newer_selection_replaces_the_whole_earlier_one() {
    let mut manager = selected(json!({ "knapsack": { "weight": 5.0 } }));
    select_event(&mut manager, json!({ "satisfiability": { "weight": 4.0 } }));
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
    assert_eq!(seen(&mut manager, "satisfiability")["weight"], 4.0);
    select_event(&mut manager, json!({}));
    assert_eq!(seen(&mut manager, "satisfiability")["weight"], 1.0);
}

#[test]
fn selection_outlives_a_reload_and_no_restart() {
    let mut manager = selected(json!({ "knapsack": { "weight": 5.0 } }));
    manager.reload();
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 5.0);
    manager.event("new_block", at_height(111));
    assert_eq!(
        seen(&mut manager, "knapsack")["weight"],
        1.0,
        "its age came along"
    );
    select_event(&mut manager, json!({ "knapsack": { "weight": 6.0 } }));
    manager.restart();
    manager.event("new_block", at_height(112));
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 1.0);
}

#[test]
fn selection_before_the_first_block_is_applied_then() {
    let mut manager = manager(1, both());
    select_event(&mut manager, json!({ "knapsack": { "weight": 5.0 } }));
    manager.event("new_block", at_height(100));
    assert_eq!(seen(&mut manager, "knapsack")["weight"], 5.0);
}

#[test]
fn why_says_that_a_selector_decides() {
    let mut manager = selected(json!({ "knapsack": { "weight": 5.0 } }));
    let ticket = manager
        .command("why", &json!({ "challenge": "knapsack" }))
        .unwrap();
    let (_, why) = manager.finished(ticket).unwrap();
    let reasons = why["reasons"].as_array().unwrap();
    assert!(
        reasons
            .iter()
            .any(|reason| reason["code"] == "selection_applied"),
        "{why}"
    );
}

#[test]
fn panel_shows_the_choice_and_its_source() {
    let chosen = json!({ "weight": 5.0, "algorithm": "dynamic", "num_nonces": 30 });
    let mut manager = selected(json!({ "knapsack": chosen }));
    let reply = manager.request("GET", "/operator/panel/precommits?find=dynamic", &[], "");
    let panel: Value = serde_json::from_slice(&reply.unwrap().body).unwrap();
    let tables = panel["widgets"].as_array().unwrap().iter();
    let challenges = tables
        .clone()
        .find(|it| it["title"] == "Challenges")
        .unwrap();
    let cells = &challenges["rows"][0]["cells"];
    assert_eq!(
        (&cells["challenge"], &cells["chosen_by"]),
        (&json!("knapsack"), &json!("selector"))
    );
    assert_eq!(
        (&cells["weight"], &cells["num_nonces"]),
        (&json!(5.0), &json!(30))
    );
}
