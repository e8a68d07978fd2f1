//! What the operator sees and does: pause, conditions, `why`, the panel and the line per block.

use tig_plugin_api::panel::{FunnelGroup, Panel, Table, Widget};
use tig_plugin_api::{Condition, ROWS_COUNT_MAX, Severity};

use super::*;

fn knapsack() -> Value {
    json!({ "knapsack": select("greedy_swap", 1.0) })
}

fn code_of(manager: &Harness<PrecommitManager>, subject: &str) -> Vec<String> {
    let conditions = manager.conditions().iter();
    let about = conditions.filter(|condition| condition.subject == subject);
    about.map(|condition| condition.code.clone()).collect()
}

fn panel(manager: &mut Harness<PrecommitManager>, query: &str) -> Panel {
    let path = format!("/operator/panel/precommits{query}");
    let reply = manager.request("GET", &path, &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

fn table<'a>(panel: &'a Panel, title: &str) -> &'a Table {
    let tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables
        .into_iter()
        .find(|table| table.title == title)
        .unwrap()
}

fn funnel(panel: &Panel) -> &[FunnelGroup] {
    let groups = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Funnel { groups, .. } => Some(groups),
        _ => None,
    });
    groups.unwrap()
}

fn figure(panel: &Panel, label: &str) -> Value {
    let figures = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut figures = figures.unwrap().iter();
    figures
        .find(|figure| figure.label == label)
        .unwrap()
        .value
        .clone()
}

fn command(manager: &mut Harness<PrecommitManager>, name: &str, arguments: Value) -> (u8, Value) {
    let ticket = manager.command(name, &arguments).unwrap();
    let (code, value) = manager.finished(ticket).unwrap();
    (code, value.clone())
}

fn give_block(manager: &mut Harness<PrecommitManager>, id: &str) {
    manager.event("new_block", block(id));
    give(manager, "c003", id, json!([[60, 11], [61, 11]]));
}

#[test]
fn pause_holds_across_reload_and_restart() {
    let mut manager = manager(1, knapsack());
    give_block(&mut manager, "b1");
    assert_eq!(precommits(&mut manager).len(), 1);
    assert_eq!(command(&mut manager, "pause", json!({})).0, 0);
    for number in 2..5 {
        give_block(&mut manager, &format!("b{number}"));
        manager.update();
        assert_eq!(code_of(&manager, "")[0], "paused");
        match number {
            2 => manager.reload(),
            3 => manager.restart(),
            _ => {}
        }
    }
    assert_eq!(precommits(&mut manager), [] as [Value; 0]);
    assert_eq!(view(&mut manager)["reason_code"]["kind"], "paused");
    let shown = panel(&mut manager, "");
    let action = &table(&shown, "New work").rows[0].actions[0];
    assert_eq!(action.command, "resume");

    command(&mut manager, "resume", json!({}));
    assert_eq!(precommits(&mut manager).len(), 1, "at once");
    assert!(!code_of(&manager, "").contains(&"paused".to_owned()));
    manager.restart();
    give_block(&mut manager, "b5");
    assert_eq!(precommits(&mut manager).len(), 1);
}

#[test]
fn pause_calls_back_what_was_not_sent() {
    let mut manager = manager(1, knapsack());
    give_block(&mut manager, "b1");
    let settings = precommits(&mut manager).remove(0);
    command(&mut manager, "pause", json!({}));
    let events = manager.emitted();
    assert_eq!(events, [("precommits_paused".to_owned(), json!({}))]);
    manager.event("precommit_dropped", json!({ "settings": settings }));
    manager.update();
    let spent = manager.metric("fees_of_the_last_day_tig", &[]);
    assert_eq!(spent, Some(0.0), "its fee comes back");
}

#[test]
fn damaged_record_of_a_pause_is_a_pause() {
    for record in ["", "{\"torn", "null", "\"yesterday\"", "1700000000000"] {
        let mut manager = manager(1, knapsack());
        manager.store("paused", record);
        for _ in 0..2 {
            manager.restart();
            give_block(&mut manager, "b1");
            assert_eq!(precommits(&mut manager), [] as [Value; 0], "{record}");
        }
        command(&mut manager, "resume", json!({}));
        assert_eq!(precommits(&mut manager).len(), 1, "{record}");
        manager.restart();
        assert!(!manager.stored().contains_key("paused"), "{record}");
    }
}

#[test]
fn conditions_name_each_reason_and_clear() {
    let selection = json!({
        "knapsack": select("greedy_swop", 1.0), "satisfiability": select("walk_sat", 0.0),
        "knapsak": select("greedy_swap", 1.0),
    });
    let mut manager = manager(1, selection);
    manager.update();
    assert_eq!(code_of(&manager, ""), ["no_block"]);
    manager.event("new_block", block("b1"));
    manager.update();
    assert_eq!(code_of(&manager, "knapsack"), ["unknown_algorithm"]);
    assert_eq!(code_of(&manager, "knapsak"), ["unknown_challenge"]);
    assert_eq!(code_of(&manager, "satisfiability"), ["no_weight"]);
    let first: &Condition = &manager.conditions()[0];
    assert_eq!(first.severity, Severity::Warning, "the most severe first");
    assert!(first.text.contains("greedy_swap") && !first.remedy.is_empty());

    let mut listed = block("b2");
    listed["algorithms"]["c003_a002"] = algorithm("c003_a002", "c003", "greedy_swop");
    listed["wasms"]["c003_a002"] = wasm("c003_a002");
    manager.event("new_block", listed);
    manager.update();
    assert_eq!(code_of(&manager, "knapsack"), ["no_samples"]);
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    manager.update();
    assert_eq!(code_of(&manager, "knapsack"), [] as [&str; 0]);
    assert_eq!(code_of(&manager, ""), ["block_is_full"]);
}

#[test]
fn zero_precommits_per_block_is_named_as_the_cause() {
    let mut manager = manager(0, knapsack());
    give_block(&mut manager, "b1");
    let condition = &manager.conditions()[0];
    assert_eq!(condition.code, "block_is_full");
    assert!(condition.text.contains("is 0") && condition.remedy.contains("raise"));
}

/// Between a block and its samples nothing is missing yet.
#[test]
fn conditions_do_not_flicker_with_each_block() {
    let mut manager = manager(1, knapsack());
    give_block(&mut manager, "b1");
    manager.update();
    let before = manager.conditions().to_vec();
    manager.event("new_block", block("b2"));
    assert_eq!(manager.conditions(), before);
    give(&mut manager, "c003", "b2", json!([[60, 11]]));
    manager.update();
    assert_eq!(manager.conditions(), before);
}

/// Blocks take 60 s, and the slaves have work for `open_nonces` seconds: 1500 s are what a benchmark has.
fn at_pace(max: u32, open_nonces: u64) -> Harness<PrecommitManager> {
    let mut manager = manager(max, knapsack());
    for height in 100..103 {
        let mut block = block("b1");
        block["block"]["details"]["height"] = json!(height);
        manager.event("new_block", block);
        manager.advance_ms(60_000);
    }
    let measured = json!({ "nonces_per_second": 1.0, "open_nonces": open_nonces });
    manager.event("throughput", json!({ "challenges": { "c003": measured } }));
    give(&mut manager, "c003", "b1", json!([[60, 11], [61, 11]]));
    manager.update();
    manager
}

/// A benchmark of 20 nonces takes 20 s.
#[test]
fn full_block_does_not_call_the_slaves_too_slow() {
    let mut manager = at_pace(1, 1_470);
    assert_eq!(precommits(&mut manager).len(), 1);
    assert_eq!(code_of(&manager, "knapsack"), [] as [String; 0]);
}

#[test]
fn slaves_too_slow_for_one_more_are_no_alert() {
    let severity = |open_nonces: u64, made: usize| {
        let mut manager = at_pace(2, open_nonces);
        assert_eq!(precommits(&mut manager).len(), made);
        let conditions = manager.conditions().iter();
        let slow = conditions
            .clone()
            .find(|it| it.code == "cannot_finish_in_time");
        slow.unwrap().severity
    };
    assert_eq!(severity(1_470, 1), Severity::Info);
    assert_eq!(severity(1_490, 0), Severity::Warning);
}

fn refuse_one(manager: &mut Harness<PrecommitManager>, id: &str, text: &str) {
    give_block(manager, id);
    let made = precommits(manager);
    let request = json!({ "settings": made[0], "num_nonces": 20 });
    let error = json!({ "text": text, "status": 400, "request": request });
    manager.event("submit_precommit_error", error);
    manager.update();
    precommits(manager);
}

#[test]
fn refusals_in_a_row_are_a_condition_across_blocks() {
    let mut manager = manager(1, knapsack());
    for id in ["b1", "b2"] {
        refuse_one(&mut manager, id, "no");
    }
    assert!(!code_of(&manager, "").contains(&"precommits_refused".to_owned()));
    refuse_one(&mut manager, "b3", "no more");
    let condition = manager.conditions()[0].clone();
    assert_eq!(condition.code, "precommits_refused");
    assert!(condition.text.contains("last 3 precommits: no more"));
    let settings = json!({ "player_id": PLAYER, "block_id": "b4", "challenge_id": "c003",
        "algorithm_id": "c003_a001", "difficulty": [60, 11] });
    let accepted = json!({ "text": "", "settings": settings, "num_nonces": 20 });
    manager.event("submit_precommit_success", accepted);
    manager.update();
    assert!(!code_of(&manager, "").contains(&"precommits_refused".to_owned()));
}

/// The API does not list the balance of a new player.
#[test]
fn refusal_for_the_balance_is_a_condition_at_once() {
    let mut manager = manager(1, knapsack());
    refuse_one(&mut manager, "b1", "Insufficient fee balance: the fee is 3");
    let condition = &manager.conditions()[0];
    assert_eq!(condition.code, "fee_balance_low");
    assert_eq!(condition.severity, Severity::Critical);
}

/// A precommit costs 3 TIG.
#[test]
fn refusal_for_the_balance_ends_with_a_top_up() {
    let mut manager = manager(1, knapsack());
    let give_balance = |manager: &mut Harness<PrecommitManager>, id: &str, balance: &str| {
        let mut block = block(id);
        block["player"] = player_with(&format!("{balance}00000000000000000"));
        manager.event("new_block", block);
        manager.update();
        code_of(manager, "").contains(&"fee_balance_low".to_owned())
    };
    give_balance(&mut manager, "b0", "50");
    refuse_one(&mut manager, "b1", "Insufficient fee balance: the fee is 3");
    command(&mut manager, "pause", json!({}));
    manager.reload();
    manager.update();
    assert!(code_of(&manager, "").contains(&"fee_balance_low".to_owned()));
    assert!(give_balance(&mut manager, "b2", "20"));
    assert!(!give_balance(&mut manager, "b3", "9000"), "topped up");
}

#[test]
fn refusal_for_the_balance_outlives_a_stale_listing() {
    let mut manager = manager(1, knapsack());
    let mut give_balance = |id: &str, balance: &str| {
        let mut block = block(id);
        block["player"] = player_with(&format!("{balance}00000000000000000"));
        manager.event("new_block", block);
        give(&mut manager, "c003", id, json!([[60, 11]]));
        for settings in precommits(&mut manager) {
            let request = json!({ "settings": settings, "num_nonces": 20 });
            let error = json!({ "text": "fee balance", "status": 400, "request": request });
            manager.event("submit_precommit_error", error);
        }
        manager.update();
        code_of(&manager, "").contains(&"fee_balance_low".to_owned())
    };
    assert!(give_balance("b1", "50"));
    assert!(give_balance("b2", "50"));
}

#[test]
fn runway_is_long_again_when_nothing_is_spent() {
    let mut manager = manager(1, knapsack());
    let give_balance = |manager: &mut Harness<PrecommitManager>, id: &str| {
        let mut block = block(id);
        block["player"] = player_with("100000000000000000000");
        manager.event("new_block", block);
        give(manager, "c003", id, json!([[60, 11]]));
        manager.update();
        manager.metric("fee_runway_days", &[]).unwrap()
    };
    assert!(give_balance(&mut manager, "b1") < 2.0);
    command(&mut manager, "pause", json!({}));
    manager.advance_ms(25 * 3_600_000);
    assert_eq!(give_balance(&mut manager, "b2"), 36_500.0);
}

#[test]
fn low_balance_is_a_condition_until_it_is_enough() {
    let mut manager = manager(1, knapsack());
    let mut at_balance = |number: u32, balance: u64| {
        let id = format!("b{number}");
        let mut block = block(&id);
        block["player"] = player_with(&format!("{balance}000000000000000000"));
        manager.event("new_block", block);
        give(&mut manager, "c003", &id, json!([[60, 11]]));
        manager.update();
        let is_low = code_of(&manager, "").contains(&"fee_balance_low".to_owned());
        let critical = code_of(&manager, "knapsack");
        manager.advance_ms(3_600_000);
        (is_low, critical.contains(&"fee_balance_low".to_owned()))
    };
    // 3 TIG an hour are 72 a day.
    assert_eq!(at_balance(0, 1_000), (false, false));
    assert_eq!(at_balance(1, 140), (true, false));
    assert_eq!(at_balance(2, 160), (true, false), "2.2 days");
    assert_eq!(at_balance(3, 200), (false, false));
    assert_eq!(at_balance(4, 2), (true, true));
}

#[test]
fn why_names_the_reasons_of_one_challenge() {
    let mut manager = manager(1, json!({ "knapsack": select("nothing", 1.0) }));
    manager.event("new_block", block("b1"));
    manager.update();
    let (code, all) = command(&mut manager, "why", json!({}));
    assert_eq!(code, 0);
    let codes = |why: &Value| -> Vec<String> {
        let reasons = why["reasons"].as_array().unwrap().iter();
        let code = |reason: &Value| reason["code"].as_str().unwrap().to_owned();
        reasons.map(code).collect()
    };
    assert_eq!(
        codes(&all),
        ["no_candidate", "unknown_algorithm", "no_selection"]
    );
    let (_, one) = command(&mut manager, "why", json!({ "challenge": "knapsack" }));
    assert_eq!(codes(&one), ["no_candidate", "unknown_algorithm"]);
    let (code, text) = command(&mut manager, "why", json!({ "challenge": "knapsock" }));
    assert_eq!(code, 20);
    assert!(text.as_str().unwrap().contains("knapsock"), "{text}");
}

/// Four benchmarks of knapsack: one with its precommit alone, one without proof, one that is active and qualifies, and one
/// whose delay is not over.
fn block_with_benchmarks() -> Value {
    let mut block = block("b1");
    block["player"] = player_with("8000000000000000000");
    block["player"]["block_data"] = json!({ "num_qualifiers_by_challenge": { "c003": 7 } });
    block["challenges"]["c003"]["block_data"]["qualifier_difficulties"] = json!([[60, 11]]);
    for (id, started) in [("p0", 95), ("p1", 90), ("p2", 70), ("p3", 70)] {
        block["precommits"][id] = json!({
            "details": { "block_started": started, "fee_paid": "1000000000000000000" },
            "settings": { "challenge_id": "c003", "algorithm_id": "c003_a001", "difficulty": [60, 11] } });
    }
    block["benchmarks"] = json!({});
    for id in ["p1", "p2", "p3"] {
        block["benchmarks"][id] = json!({ "details": { "num_solutions": 3 } });
    }
    let proof = |height: u32| json!({ "state": { "block_confirmed": height, "submission_delay": height - 70 } });
    // 75 + 3 * 5 is not above 100, and 80 + 3 * 10 is.
    block["proofs"] = json!({ "p2": proof(75), "p3": proof(80) });
    block
}

#[test]
fn funnel_counts_what_became_of_the_window() {
    let mut manager = manager(1, knapsack());
    let measured = json!({ "nonces_per_second": 1.0, "open_nonces": 0, "computed_jobs": 0 });
    manager.event("throughput", json!({ "challenges": { "c003": measured } }));
    manager.event("new_block", block_with_benchmarks());
    let panel = panel(&mut manager, "");
    let group = &funnel(&panel)[0];
    assert_eq!(group.name, "knapsack");
    let counts: Vec<Option<u64>> = group.stages.iter().map(|stage| stage.count).collect();
    assert_eq!(counts, [4, 3, 3, 2, 1, 1].map(Some));
    assert!(group.note.contains("fees 4.0") && group.note.contains("7 solutions"));
    assert_eq!(figure(&panel, "fee per proof"), 2.0);
    assert_eq!(figure(&panel, "fee balance"), 8.0);
}

#[test]
fn funnel_stages_that_nothing_shows_are_null() {
    let mut manager = manager(1, knapsack());
    let mut block = block_with_benchmarks();
    block["proofs"]["p2"] = json!({});
    block["precommits"]["odd"] = json!({ "settings": 7 });
    manager.event("new_block", block);
    let panel = panel(&mut manager, "");
    let stages = funnel(&panel)[0].stages.iter();
    let counts: Vec<Option<u64>> = stages.map(|stage| stage.count).collect();
    assert_eq!(counts, [Some(4), None, Some(3), Some(2), None, None]);
}

#[test]
fn panel_is_bounded_and_passes_hostile_names_as_text() {
    const HOSTILE: &str = "<script>\u{1b}[2J\u{202e}";
    let mut manager = manager(1, knapsack());
    let mut block = block("b1");
    for number in 0..3_000 {
        let id = format!("c1{number:04}");
        block["challenges"][&id] = challenge(&id, &format!("{HOSTILE}{number:04}"));
    }
    manager.event("new_block", block);
    manager.update();
    assert!(manager.conditions().len() <= tig_plugin_api::CONDITIONS_COUNT_MAX);
    let shown = panel(&mut manager, "?limit=100000&offset=1");
    let challenges = table(&shown, "Challenges");
    assert_eq!(challenges.rows.len(), ROWS_COUNT_MAX);
    assert_eq!(challenges.rows_total, 3_002);
    let found = panel(&mut manager, "?find=%3CSCRIPT%3E&limit=2");
    let rows = &table(&found, "Challenges").rows;
    assert_eq!(rows[1].cells["challenge"], format!("{HOSTILE}0001"));
    let bad = manager.request("GET", "/operator/panel/precommits?limit=x", &[], "");
    assert_eq!(bad.unwrap().status, 400);
}

#[test]
fn each_block_is_one_line_of_the_log() {
    check_lines(true, "14 (98% busy)");
    check_lines(false, "13");
}

fn check_lines(has_fleet: bool, slaves: &str) {
    let mut manager = manager(1, knapsack());
    give_block(&mut manager, "b1");
    let made = precommits(&mut manager);
    let accepted = json!({ "text": "", "settings": made[0], "num_nonces": 20 });
    manager.event("submit_precommit_success", accepted);
    manager.event("submit_proof_success", json!({ "merkle_proofs": [] }));
    manager.event("submit_proof_error", json!({ "will_retry": true }));
    let throughput =
        json!({ "challenges": {}, "jobs": 9, "slaves": 13, "batches_per_minute": 41.3 });
    manager.event("throughput", throughput);
    if has_fleet {
        manager.event("fleet", json!({ "slaves": 14, "busy_share": 0.979 }));
    }
    manager.logs();
    let line_at = |manager: &mut Harness<PrecommitManager>, id: &str| {
        let mut next = block(id);
        next["block"]["details"]["height"] = json!(1_270_245);
        manager.event("new_block", next.clone());
        manager.event("new_block", next);
        let mut lines = manager.logs();
        lines.retain(|(level, text)| level == "info" && text.starts_with("block "));
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0).1
    };
    assert_eq!(
        line_at(&mut manager, "b2"),
        format!(
            "block 1270245  jobs 9  slaves {slaves}  batches/min 41  submitted ok 2 retry 1  fee 3  why idle: -"
        )
    );
    manager.update();
    let line = line_at(&mut manager, "b3");
    assert!(
        line.ends_with("fee 0  why idle: knapsack no_samples, satisfiability no_selection"),
        "{line}"
    );
    command(&mut manager, "pause", json!({}));
    let line = line_at(&mut manager, "b4");
    assert!(line.ends_with("why idle: paused"), "{line}");
}

#[test]
fn reasons_and_balance_are_metrics() {
    let mut manager = manager(1, json!({ "knapsack": select("nothing", 1.0) }));
    manager.event("new_block", block_with_benchmarks());
    manager.update();
    let on_hold = |manager: &Harness<PrecommitManager>, reason| {
        manager.metric("challenges_on_hold", &[("reason", reason)])
    };
    assert_eq!(on_hold(&manager, "unknown_algorithm"), Some(1.0));
    assert_eq!(manager.metric("fee_balance_tig", &[]), Some(8.0));
    let mut listed = block("b2");
    listed["algorithms"]["c003_a001"] = algorithm("c003_a001", "c003", "nothing");
    manager.event("new_block", listed);
    manager.update();
    assert_eq!(on_hold(&manager, "unknown_algorithm"), Some(0.0));
}
