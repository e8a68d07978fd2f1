//! What ends the precommits of a block: balance, open work, refusals.

use super::*;

#[test]
fn fees_of_the_block_count_against_the_balance() {
    let mut manager = manager(10, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let mut poor = block("b1");
    poor["player"] = player_with("7000000000000000000");
    manager.event("new_block", poor);
    give(
        &mut manager,
        "c003",
        "b1",
        json!([[60, 11], [61, 11], [62, 11], [63, 11]]),
    );
    assert_eq!(
        precommits(&mut manager).len(),
        2,
        "7 TIG pay for two precommits of 3"
    );
    manager.update();
    let said = warnings(&mut manager);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("fee of 3 TIG is above the balance of 1 TIG"),
        "{said:?}"
    );
}

#[test]
fn too_many_jobs_without_proof_stop_new_ones() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let mut busy = block("b1");
    for number in 0..64 {
        busy["precommits"][format!("p{number}")] = json!({});
    }
    let mut relieved = busy.clone();
    relieved["block"]["id"] = json!("b2");
    relieved["proofs"]["p0"] = json!({});
    manager.event("new_block", busy);
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    let said = warnings(&mut manager);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("64 precommits have no proof yet"),
        "{said:?}"
    );
    manager.event("new_block", relieved);
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn a_refused_precommit_frees_its_slot_only() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    manager.event("new_block", block("b1"));
    let points: Vec<Value> = (60..70).map(|x| json!([x, 11])).collect();
    give(&mut manager, "c003", "b1", json!(points));
    let first = precommits(&mut manager).remove(0);

    refuse(&mut manager, &first, Value::Null, true);
    manager.update();
    assert_eq!(
        precommits(&mut manager),
        [] as [Value; 0],
        "it will be sent again"
    );

    refuse(&mut manager, &first, json!(400), false);
    refuse(&mut manager, &first, json!(400), false);
    manager.update();
    let second = precommits(&mut manager);
    assert_eq!(second.len(), 1, "one slot came back, once");
    assert_ne!(second[0], first);
}

/// Number of precommits in one block if each of them ends by `end`.
fn attempts(
    manager: &mut Harness<PrecommitManager>,
    points: &Value,
    end: impl Fn(&mut Harness<PrecommitManager>, &Value),
) -> usize {
    manager.event("new_block", block("b1"));
    give(manager, "c003", "b1", points.clone());
    let mut attempts = 0;
    for _ in 0..10 {
        for settings in precommits(manager) {
            attempts += 1;
            end(manager, &settings);
        }
        manager.update();
    }
    attempts
}

#[test]
fn refusals_in_a_row_end_the_attempts_of_a_block() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let points = json!((60..80).map(|x| json!([x, 11])).collect::<Vec<_>>());
    let attempts = attempts(&mut manager, &points, |manager, settings| {
        refuse(manager, settings, json!(401), false);
    });
    assert_eq!(attempts, 3);
    assert!(
        warnings(&mut manager)[0]
            .contains("the last 3 precommits were refused or could not be sent")
    );
    manager.event("new_block", block("b2"));
    give(&mut manager, "c003", "b2", points);
    assert_eq!(precommits(&mut manager).len(), 1);
}

/// With `max_retries` 0, each one ends at once while the API cannot be reached.
#[test]
fn drops_in_a_row_end_the_attempts_of_a_block() {
    let mut manager = manager(2, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let points = json!((60..80).map(|x| json!([x, 11])).collect::<Vec<_>>());
    let attempts = attempts(&mut manager, &points, |manager, settings| {
        manager.event("precommit_dropped", json!({ "settings": settings }));
    });
    assert_eq!(attempts, 4, "two slots, twice");
    manager.event("new_block", block("b2"));
    give(&mut manager, "c003", "b2", points);
    assert_eq!(precommits(&mut manager).len(), 2);
}

#[test]
fn drops_of_a_pause_or_old_block_are_no_refusals() {
    for is_paused in [true, false] {
        let mut manager = manager(4, json!({ "knapsack": select("greedy_swap", 1.0) }));
        let points: Vec<Value> = (60..80).map(|x| json!([x, 11])).collect();
        manager.event("new_block", block("b1"));
        give(&mut manager, "c003", "b1", json!(points));
        let made = precommits(&mut manager);
        assert_eq!(made.len(), 4);
        if is_paused {
            manager.command("pause", &json!({})).unwrap();
        } else {
            // Of the same height: their slots are still held.
            let mut other = block("b1");
            other["block"]["id"] = json!("other");
            manager.event("new_block", other);
        }
        for settings in made {
            manager.event("precommit_dropped", json!({ "settings": settings }));
        }
        assert_eq!(manager.stored()["ledger"]["rejections"], 0);
    }
}

#[test]
fn an_acceptance_ends_a_row_of_refusals() {
    let mut manager = manager(2, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let points: Vec<Value> = (60..80).map(|x| json!([x, 11])).collect();
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!(points));
    let made = precommits(&mut manager);
    manager.event(
        "submit_precommit_success",
        json!({ "text": "", "settings": made[0], "num_nonces": 20 }),
    );
    assert_eq!(manager.stored()["ledger"]["rejections"], 0);
    refuse(&mut manager, &made[1], json!(400), false);
    for _ in 0..3 {
        manager.update();
        for settings in precommits(&mut manager) {
            refuse(&mut manager, &settings, json!(400), false);
        }
    }
    assert_eq!(manager.stored()["ledger"]["rejections"], 3);
    manager.event(
        "submit_precommit_success",
        json!({ "text": "", "settings": made[0], "num_nonces": 20 }),
    );
    manager.update();
    assert_eq!(precommits(&mut manager).len(), 1);
}

fn with(mut config: Value, key: &str, value: Value) -> Harness<PrecommitManager> {
    *config
        .pointer_mut("/config/precommit_manager")
        .and_then(|section| section.as_object_mut())
        .unwrap()
        .entry(key)
        .or_insert(Value::Null) = value;
    Harness::start(config)
}

fn knapsack() -> Value {
    json!({ "knapsack": select("greedy_swap", 1.0) })
}

#[test]
fn a_fee_above_its_limit_is_not_paid() {
    for (limit, expected) in [(2.9, 0), (3.0, 1)] {
        let mut selection = knapsack();
        selection["knapsack"]["max_fee"] = json!(limit);
        let mut manager = manager(1, selection);
        manager.event("new_block", block("b1"));
        give(&mut manager, "c003", "b1", json!([[60, 11]]));
        manager.update();
        assert_eq!(precommits(&mut manager).len(), expected, "{limit}");
        let said = warnings(&mut manager);
        assert_eq!(said.len(), 1 - expected, "{said:?}");
    }
}

#[test]
fn a_daily_budget_holds_across_restarts() {
    let mut manager = with(config(1, knapsack()), "budget_per_day", json!(7));
    let mut made = 0;
    for number in 0..10 {
        let id = format!("b{number}");
        manager.event("new_block", block(&id));
        give(&mut manager, "c003", &id, json!([[60, 11]]));
        let settings = precommits(&mut manager);
        made += settings.len();
        // A refused one costs nothing.
        if number == 0 {
            refuse(&mut manager, &settings[0], json!(400), false);
        }
        manager.restart();
    }
    assert_eq!(made, 3, "one refused, and two of 3 TIG each");
    manager.event("new_block", block("b20"));
    manager.update();
    let code = view(&mut manager)["challenges"]["knapsack"]["reason_code"].clone();
    assert_eq!(
        (&code["kind"], &code["detail"]["left"]),
        (&json!("budget_reached"), &json!(1.0))
    );
    manager.advance_ms(24 * 3_600_000);
    manager.event("new_block", block("b21"));
    give(&mut manager, "c003", "b21", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn budget_is_spent_to_its_last_fee() {
    let mut manager = with(config(1, knapsack()), "budget_per_day", json!(0.3));
    let mut precommits_at = |id: &str| {
        let mut block = block(id);
        let fees = &mut block["challenges"]["c003"]["block_data"];
        fees["base_fee"] = json!("100000000000000000");
        fees["per_nonce_fee"] = json!("0");
        manager.event("new_block", block);
        give(&mut manager, "c003", id, json!([[60, 11]]));
        precommits(&mut manager).len()
    };
    assert_eq!(
        ["b1", "b2", "b3", "b4"].map(&mut precommits_at),
        [1, 1, 1, 0]
    );
}

#[test]
fn a_clock_that_was_ahead_blocks_the_budget_for_a_day() {
    const DAY_MS: u64 = 24 * 3_600_000;
    let mut manager = with(config(1, knapsack()), "budget_per_day", json!(3));
    let precommit_at = |manager: &mut Harness<PrecommitManager>, id: &str| {
        manager.event("new_block", block(id));
        give(manager, "c003", id, json!([[60, 11]]));
        precommits(manager).len()
    };
    manager.advance_ms(10 * DAY_MS);
    assert_eq!(precommit_at(&mut manager, "b1"), 1);
    manager.set_back_ms(10 * DAY_MS);
    for restart in 0..2 {
        manager.restart();
        let ahead = warnings(&mut manager);
        let is_logged = ahead
            .iter()
            .any(|text| text.contains("240 h in the future"));
        assert_eq!(is_logged, restart == 0, "{ahead:?}");
    }
    assert_eq!(precommit_at(&mut manager, "b2"), 0);
    manager.advance_ms(DAY_MS);
    assert_eq!(precommit_at(&mut manager, "b3"), 1);
}

#[test]
fn the_cap_of_unresolved_precommits_is_configurable() {
    let mut manager = with(config(5, knapsack()), "max_unresolved", json!(2));
    manager.event("new_block", block("b1"));
    let points: Vec<Value> = (60..70).map(|x| json!([x, 11])).collect();
    give(&mut manager, "c003", "b1", json!(points));
    assert_eq!(precommits(&mut manager).len(), 2);
    let code = view(&mut manager)["reason_code"].clone();
    assert_eq!(
        code,
        json!({ "kind": "max_unresolved_reached", "detail": 2 })
    );
}

#[test]
fn precommits_too_late_to_count_are_not_unresolved() {
    for (block_started, is_benchmarked, expected) in
        [(72, false, 0), (73, false, 1), (71, true, 0), (72, true, 1)]
    {
        let mut manager = with(config(1, knapsack()), "max_unresolved", json!(1));
        let mut listed = block("b1");
        if is_benchmarked {
            listed["benchmarks"] = json!({ "p": {} });
        }
        listed["precommits"]["p"] =
            json!({ "details": { "block_started": block_started }, "settings": null });
        manager.event("new_block", listed);
        assert_eq!(view(&mut manager)["unresolved"], expected);
        give(&mut manager, "c003", "b1", json!([[60, 11]]));
        assert_eq!(precommits(&mut manager).len(), 1 - expected);
    }
}

/// Blocks every 60 s: the proof of a benchmark counts for 29 blocks, of which 25 can be computed in: 1500 s.
#[test]
fn what_the_slaves_cannot_finish_in_time_is_not_begun() {
    for (open_nonces, rate, expected) in [
        (1480, json!(1.0), 1),
        (1481, json!(1.0), 0),
        (1_000_000, Value::Null, 1),
    ] {
        let mut manager = manager(2, knapsack());
        for height in 100..103 {
            let mut block = block("b1");
            block["block"]["details"]["height"] = json!(height);
            manager.event("new_block", block);
            manager.advance_ms(60_000);
        }
        let measured = json!({ "nonces_per_second": rate, "open_nonces": open_nonces });
        manager.event("throughput", json!({ "challenges": { "c003": measured } }));
        manager.reload();
        give(&mut manager, "c003", "b1", json!([[60, 11]]));
        manager.update();
        assert_eq!(precommits(&mut manager).len(), expected, "{open_nonces}");
        if expected == 0 {
            let said = warnings(&mut manager);
            assert!(said[0].contains("need 1501 s for it"), "{said:?}");
        }
    }
}

#[test]
fn an_algorithm_with_a_listed_fraud_is_not_used() {
    let mut manager = manager(1, knapsack());
    let mut fraud = block("b1");
    fraud["precommits"]["p"] = json!({ "settings": { "algorithm_id": "c003_a001" } });
    fraud["frauds"]["p"] = json!({ "benchmark_id": "p" });
    manager.event("new_block", fraud);
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    assert!(warnings(&mut manager)[0].contains("flagged as fraud"));
    manager.event("new_block", block("b2"));
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn an_unknown_fee_is_not_promised_against_a_limit() {
    for (max_fee, budget, expected) in [
        (json!(100), Value::Null, 0),
        (Value::Null, json!(100), 0),
        (Value::Null, Value::Null, 1),
    ] {
        for fee in ["base_fee", "per_nonce_fee"] {
            let mut selection = knapsack();
            selection["knapsack"]["max_fee"] = max_fee.clone();
            let mut manager = with(config(1, selection), "budget_per_day", budget.clone());
            let mut block = block("b1");
            block["challenges"]["c003"]["block_data"][fee] = Value::Null;
            manager.event("new_block", block);
            give(&mut manager, "c003", "b1", json!([[60, 11]]));
            manager.update();
            assert_eq!(precommits(&mut manager).len(), expected);
            let reason = &view(&mut manager)["challenges"]["knapsack"]["reason_code"];
            assert_eq!(reason["kind"] == "fee_unknown", expected == 0);
        }
    }
}

#[test]
fn a_drain_drops_precommits_that_wait_to_be_sent() {
    let mut manager = manager(2, knapsack());
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    let made = precommits(&mut manager);
    manager.event("drain", json!({}));
    assert_eq!(
        manager.emitted(),
        [("precommits_paused".to_owned(), json!({}))]
    );
    manager.event("precommit_dropped", json!({ "settings": made[1] }));
    assert_eq!(manager.unfinished(), 1);
}

/// The host repeats it until nothing is unfinished.
#[test]
fn a_repeated_drain_pauses_precommits_once() {
    let mut manager = manager(1, knapsack());
    manager.event("drain", json!({}));
    manager.reload();
    manager.event("drain", json!({}));
    let paused = ("precommits_paused".to_owned(), json!({}));
    assert_eq!(manager.emitted(), [paused]);
}

#[test]
fn a_drain_begins_nothing_even_after_a_reload() {
    let mut manager = manager(1, knapsack());
    manager.event("new_block", block("b1"));
    manager.event("drain", json!({}));
    manager.reload();
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    manager.update();
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    assert_eq!(view(&mut manager)["reason_code"]["kind"], "draining");
    let labels = [("reason", "draining")];
    assert_eq!(manager.metric("updates_on_hold", &labels), Some(1.0));
}

#[test]
fn a_drain_waits_for_the_block_after_a_precommit() {
    let mut manager = manager(1, knapsack());
    manager.event("new_block", block("b1"));
    assert_eq!(manager.unfinished(), 0);
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    assert_eq!(manager.unfinished(), 1);
    manager.restart();
    assert_eq!(manager.unfinished(), 1);
    manager.event("drain", json!({}));
    manager.event("new_block", block("b2"));
    assert_eq!(manager.unfinished(), 0);
}

#[test]
fn amounts_out_of_range_are_refused_with_their_key() {
    let started = |key: &str, value: Value| {
        let mut settings = config(1, knapsack());
        settings["config"]["precommit_manager"][key] = value;
        let started = Harness::<PrecommitManager>::try_start(settings);
        started.err().unwrap().to_string()
    };
    let text = started("budget_per_day", json!(-1));
    assert!(
        text.starts_with("config.precommit_manager.budget_per_day: -1 "),
        "{text}"
    );
    let mut selection = knapsack();
    selection["knapsack"]["max_fee"] = json!(1e300);
    let text = started("algo_selection", selection);
    assert!(text.contains("algo_selection.knapsack.max_fee: "), "{text}");
}

#[test]
fn an_error_before_the_first_block_does_no_harm() {
    let mut manager = manager(1, knapsack());
    let settings = json!({ "player_id": PLAYER, "block_id": "b0", "challenge_id": "c003",
        "algorithm_id": "c003_a001", "difficulty": [60, 11] });
    refuse(&mut manager, &settings, json!(400), false);
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn a_rate_limit_holds_precommits_until_their_turn() {
    let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
    let until_ms = 1_700_000_013_000_u64;
    let delayed = json!({ "allowed_per_minute": 6, "until_ms": until_ms });
    manager.event("precommits_delayed", delayed);
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    let view = view(&mut manager);
    assert_eq!(
        view["reason_code"],
        json!({ "kind": "rate_limited", "detail": 6 })
    );
    let reason = view["reason"].as_str().unwrap();
    assert!(
        reason.contains("6 precommits a minute") && reason.contains("posts_per_minute"),
        "{reason}"
    );
    manager.advance_ms(13_000);
    manager.update();
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn a_precommit_refused_after_its_block_costs_nothing() {
    let mut manager = with(config(1, knapsack()), "budget_per_day", json!(3));
    manager.event("new_block", block("b1"));
    give(&mut manager, "c003", "b1", json!([[60, 11]]));
    let made = precommits(&mut manager);
    manager.event("new_block", block("b2"));
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    refuse(&mut manager, &made[0], json!(400), false);
    assert_eq!(view(&mut manager)["spent_today"], "0");
    manager.update();
    assert_eq!(precommits(&mut manager).len(), 1);
}

/// API nodes that disagree about a height answer in turns.
#[test]
fn blocks_of_one_height_share_its_slots() {
    for is_restarted in [false, true] {
        let mut manager = manager(2, knapsack());
        let mut other = block("b2");
        other["block"]["details"]["height"] = json!(100);
        let points = json!([[60, 11], [61, 11], [62, 11]]);
        manager.event("new_block", block("b1"));
        give(&mut manager, "c003", "b1", points.clone());
        let made = precommits(&mut manager);
        assert_eq!(made.len(), 2);
        for round in 0..4 {
            if is_restarted {
                manager.restart();
            }
            let next = [other.clone(), block("b1")][round % 2].clone();
            let id = next["block"]["id"].as_str().unwrap().to_owned();
            manager.event("new_block", next);
            give(&mut manager, "c003", &id, points.clone());
            assert_eq!(precommits(&mut manager), [] as [Value; 0]);
        }
        // The slot of one that is refused goes to settings that were not used.
        refuse(&mut manager, &made[0], json!(400), false);
        manager.update();
        let again = precommits(&mut manager);
        assert_eq!(again.len(), 1);
        assert!(!made.contains(&again[0]));
        manager.event("new_block", block("b3"));
        give(&mut manager, "c003", "b3", points);
        assert_eq!(precommits(&mut manager).len(), 2);
    }
}

#[test]
fn an_unsent_precommit_leaves_the_budget() {
    for drop_before_block in [true, false] {
        let mut manager = manager(1, json!({ "knapsack": select("greedy_swap", 1.0) }));
        manager.event("new_block", block("b1"));
        give(&mut manager, "c003", "b1", json!([[60, 11]]));
        let made = precommits(&mut manager);
        let spent = view(&mut manager)["spent_today"].clone();
        let dropped = json!({ "settings": made[0] });
        if drop_before_block {
            manager.event("precommit_dropped", dropped.clone());
        }
        manager.event("new_block", block("b2"));
        assert_eq!(
            view(&mut manager)["spent_today"] == spent,
            !drop_before_block
        );
        // The second time, there is nothing left to give back.
        manager.event("precommit_dropped", dropped.clone());
        manager.event("precommit_dropped", dropped);
        assert_eq!(view(&mut manager)["spent_today"], "0");
    }
}
