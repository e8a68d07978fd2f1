//! What the operator sees: the panel, conditions and metrics.

use tig_plugin_api::Severity;
use tig_plugin_api::panel::{HeatMap, Panel, Table, Widget};

use super::*;

fn panel(sampler: &mut Harness<Sampler>, query: &str) -> Panel {
    let path = format!("/operator/panel/thompson{query}");
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

fn table(panel: &Panel) -> &Table {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.next().unwrap()
}

fn codes(sampler: &Harness<Sampler>) -> Vec<(&str, &str)> {
    let conditions = sampler.conditions().iter();
    conditions
        .map(|it| (it.code.as_str(), it.subject.as_str()))
        .collect()
}

#[test]
fn panel_shows_draws_frontiers_and_beliefs() {
    let mut sampler = sampler();
    assert!(table(&panel(&mut sampler, "")).rows.is_empty());
    let block = new_block("b1", &[good("c001"), good("c002")], &[("p", 30)]);
    sampler.event("new_block", block);
    let shown = panel(&mut sampler, "");
    let map = maps(&shown)[0];
    let total: f64 = map.cells.iter().map(|(_, _, value)| value).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    assert_eq!(map.lines[0].points, [(50, 310), (55, 305), (60, 300)]);
    let row = &table(&shown).rows[0];
    assert_eq!(
        (&row.cells["state"], &row.cells["outcomes"]),
        (&json!("drawn"), &json!(1))
    );

    let details = panel(&mut sampler, "?id=c001");
    let rows = &table(&details).rows;
    let learned = rows.iter().filter(|row| row.cells["benchmarks"] == 1.0);
    assert_eq!(learned.count(), 1);
    let value = |row: &tig_plugin_api::panel::Row| row.cells["value"].as_f64().unwrap();
    assert!(rows.is_sorted_by(|a, b| value(a) >= value(b)));
    assert_eq!(table(&panel(&mut sampler, "?find=C002")).rows_total, 1);
    for (query, status) in [("?id=c009", 404), ("?offset=-1", 400)] {
        let path = format!("/operator/panel/thompson{query}");
        let reply = sampler.request("GET", &path, &[], "").unwrap();
        assert_eq!(reply.status, status);
    }
}

#[test]
fn panel_survives_a_reload() {
    let mut sampler = sampler();
    sampler.event("new_block", new_block("b1", &[good("c001")], &[("p", 3)]));
    let before = panel(&mut sampler, "");
    assert_eq!(maps(&before).len(), 1);
    sampler.reload();
    assert_eq!(panel(&mut sampler, ""), before);
    let other = sampler.succeed_to(2, &json!({}));
    assert!(other.unwrap_err().to_string().contains("version 2"));
}

#[test]
fn challenge_without_samples_is_a_condition() {
    let mut sampler = sampler();
    let empty = challenge("c001", json!([]), json!([[51, 316]]));
    sampler.event("new_block", new_block("b1", &[empty, good("c002")], &[]));
    assert_eq!(codes(&sampler), [("no_region", "c001")]);
    assert_eq!(sampler.conditions()[0].severity, Severity::Warning);
    let row = table(&panel(&mut sampler, "")).rows[0].clone();
    assert_eq!(row.cells["state"], "no_region");
    sampler.reload();
    assert_eq!(codes(&sampler), [("no_region", "c001")]);
    sampler.event("new_block", new_block("b2", &[good("c001")], &[]));
    assert_eq!(codes(&sampler), []);
}

#[test]
fn metrics_show_how_decided_it_is() {
    let mut sampler = sampler();
    let one = new_block("b1", &[good("c001")], &[("p", 3)]);
    sampler.event("new_block", one);
    let metric = |name: &str| sampler.metric(name, &[("challenge", "c001")]);
    assert_eq!(metric("outcomes"), Some(1.0));
    assert!(metric("cells") > Some(3.0));
    let share = metric("favourite_share").unwrap();
    assert!((1.0 / 7.0..=1.0).contains(&share), "{share}");
}
