//! A file that stands in the config section.

use super::*;

fn section(key: &str, items: Value) -> Value {
    let inline: Value = serde_json::from_str(&file_of(key, items)).unwrap();
    json!({ "source": "inline", "inline": inline })
}

#[test]
fn inline_file_counts_without_a_request() {
    let mut report = start_with(section(VERSION, json!([{ "value": 3 }])));
    report.advance_ms(INTERVAL_MS);
    assert_eq!(version(&mut report), 3);
    assert!(report.http_calls().is_empty());
}

#[test]
fn inline_file_is_ignored_with_another_source() {
    let mut other = section(VERSION, json!([{ "value": 3 }]));
    other["source"] = json!("off");
    assert_eq!(version(&mut start_with(other)), 1);
}

#[test]
fn inline_items_count_from_their_time_on() {
    let items = json!([{ "value": 4, "effective_from": "2023-11-14T22:14:10Z" }]);
    let mut report = start_with(section(VERSION, items));
    assert_eq!(version(&mut report), 1);
    report.advance_ms(50_000);
    assert_eq!(version(&mut report), 4);
}

#[test]
fn inline_file_that_turns_every_class_off_is_refused() {
    let key = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    let error = try_start(section(key, json!([{ "value": "" }])));
    let text = error.map(drop).unwrap_err().to_string();
    let expected = "config.horde_report.inline: every executor class is off";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn section_that_changes_is_a_change() {
    let mut report = start_with(json!({}));
    let stored = report.stored()["dynamic/in_force"].to_string();
    report = start_with(json!({ "profile": "mainnet-2024-11" }));
    report.store("dynamic/in_force", stored);
    report.logs();
    report.restart();
    let found = logs(&mut report, "info").join("\n");
    assert!(
        found.contains("from=\"1\" to=\"4\" source=\"profile\""),
        "{found}"
    );
}
