//! What the operator sees: the panel and conditions.

use tig_plugin_api::panel::{HeatMap, Panel, Table, Widget};
use tig_plugin_api::{ROWS_COUNT_MAX, Severity};

use super::*;

fn panel(sampler: &mut Harness<Sampler>, query: &str) -> Panel {
    let path = format!("/operator/panel/difficulty{query}");
    let reply = sampler.request("GET", &path, &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

fn maps(panel: &Panel) -> Vec<&HeatMap> {
    let maps = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::HeatMap(map) => Some(map),
        _ => None,
    });
    maps.collect()
}

fn table<'a>(panel: &'a Panel, title: &str) -> &'a Table {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.find(|table| table.title == title).unwrap()
}

fn codes(sampler: &Harness<Sampler>) -> Vec<(String, String)> {
    let conditions = sampler.conditions().iter();
    conditions
        .map(|condition| (condition.code.clone(), condition.subject.clone()))
        .collect()
}

fn precommit(difficulty: Value) -> Value {
    json!({ "settings": { "challenge_id": "c001", "difficulty": difficulty } })
}

#[test]
fn heat_map_shows_draws_frontiers_and_our_benchmarks() {
    let mut sampler = sampler();
    assert!(maps(&panel(&mut sampler, "")).is_empty());
    let mut block = new_block("b1", &[good("c001"), good("c002")], &["odd"]);
    block["block"]["details"] = json!({ "height": 77 });
    block["precommits"]["p1"] = precommit(json!([55, 306]));
    block["precommits"]["p2"] = precommit(json!([56, 306]));
    block["benchmarks"] = json!({ "p2": {} });
    sampler.event("new_block", block);
    let shown = panel(&mut sampler, "");
    let map = maps(&shown)[0];
    let total: f64 = map.cells.iter().map(|(_, _, value)| value).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    assert_eq!(map.lines[0].points, [(50, 310), (55, 305), (60, 300)]);
    assert_eq!(map.lines[1].points, [(51, 316), (57, 309), (63, 301)]);
    assert_eq!(map.marks[0].points, [(56, 306)]);
    assert_eq!(map.marks[1].points, [(55, 306)]);
    let row = &table(&shown, "Challenges").rows[0];
    assert_eq!(row.cells["height"], 77);
    assert_eq!(row.cells["state"], "drawn");
    let drawn = table(&shown, "Last samples").rows.iter();
    let of_c001 = drawn.filter(|row| row.cells["challenge"] == "c001");
    let counts = of_c001.map(|row| row.cells["count"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 7);

    let details = panel(&mut sampler, "?id=c001");
    assert_eq!(maps(&details)[1].value_label, "weight");
    assert!(maps(&details)[1].cells.iter().all(|cell| cell.2 == 500.0));
    for (query, status) in [("?id=c009", 404), ("?offset=-1", 400)] {
        let path = format!("/operator/panel/difficulty{query}");
        let reply = sampler.request("GET", &path, &[], "").unwrap();
        assert_eq!(reply.status, status);
    }
}

#[test]
fn challenge_without_a_grid_is_a_condition() {
    let mut sampler = sampler();
    let empty = challenge("c001", json!([]), json!([[51, 316]]));
    let huge = challenge(
        "c002",
        json!([[50, 2_000_000], [2_000_000, 300]]),
        json!([[2_000_001, 2_000_001]]),
    );
    sampler.event("new_block", new_block("b1", &[empty, huge], &[]));
    let named = |code: &str, subject: &str| (code.to_owned(), subject.to_owned());
    assert_eq!(
        codes(&sampler),
        [named("no_grid", "c001"), named("grid_too_large", "c002")]
    );
    assert_eq!(sampler.conditions()[0].severity, Severity::Warning);
    sampler.event("new_block", new_block("b2", &[good("c001")], &[]));
    assert_eq!(codes(&sampler), []);
    let broken = json!({ "id": "c001", "details": 7 });
    sampler.event("new_block", new_block("b3", &[broken], &[]));
    assert_eq!(codes(&sampler), [named("no_grid", "c001")]);
    let row = &table(&panel(&mut sampler, ""), "Challenges").rows[0].clone();
    assert_eq!(
        (&row.cells["state"], row.has_details),
        (&json!("no_grid"), false)
    );
}

/// What was drawn for an earlier block may not be admissible any more.
#[test]
fn unusable_challenge_is_not_drawn_from_its_last_grid() {
    let mut sampler = sampler();
    sampler.event("new_block", new_block("b1", &[good("c001")], &[]));
    assert_eq!(sampler.emitted().len(), 1);
    let mut unscaled = good("c001");
    unscaled["block_data"]["scaling_factor"] = Value::Null;
    sampler.event("new_block", new_block("b2", &[unscaled], &[]));
    assert_eq!(sampler.emitted(), []);
}

#[test]
fn panel_is_bounded_and_passes_hostile_names_as_text() {
    const HOSTILE: &str = "<b onclick=x>\u{1b}[31m\u{202e}";
    let mut sampler: Harness<Sampler> = Harness::start(settings(json!({ "num_samples": 10_000 })));
    let wide = |id: &str| {
        let mut wide = challenge(
            id,
            json!([[50, 600], [350, 300]]),
            json!([[50, 900], [400, 800], [700, 300]]),
        );
        wide["details"]["name"] = json!(HOSTILE);
        wide
    };
    let challenges = ["c001", "c002", "c003"].map(wide);
    let mut block = new_block("b1", &challenges, &[]);
    for number in 0..5_000 {
        block["precommits"][format!("p{number}")] = precommit(json!([50 + number, 300]));
    }
    sampler.event("new_block", block);
    let shown = panel(&mut sampler, "?limit=1000000");
    let map = maps(&shown)[0];
    assert!(map.title.starts_with(HOSTILE) && map.title.contains("square"));
    assert!(
        (500..=2_500).contains(&map.cells.len()),
        "{}",
        map.cells.len()
    );
    assert_eq!(map.marks[1].points.len(), 1_000);
    let samples = table(&shown, "Last samples");
    assert_eq!(samples.rows.len(), ROWS_COUNT_MAX);
    assert!(samples.rows_total > 10_000);
    assert_eq!(samples.rows[0].cells["challenge"], HOSTILE);
    let shown = panel(&mut sampler, "?find=C002");
    assert_eq!(table(&shown, "Challenges").rows_total, 1);
}
