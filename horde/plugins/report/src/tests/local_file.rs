//! A file of this machine, which the host puts into the section. The rules of section 10.9 hold for it as for those of the network.

use super::*;

const WEIGHTS: &str = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";

fn section(content: &str) -> Value {
    let content: Value = serde_json::from_str(content).unwrap();
    json!({ "source": "file", "file": content })
}

/// The extension as it goes on with another content of its file, with what was in force and the operator's values stored.
fn changed(before: &Report, content: &str) -> Result<Report> {
    let mut report = try_start(section(content))?;
    for key in ["dynamic/in_force", "dynamic/local"] {
        if let Some(stored) = before.stored().get(key) {
            report.store(key, stored.to_string());
        }
    }
    report.logs();
    report.restart();
    Ok(report)
}

fn refusal(content: &str) -> String {
    let refused = try_start(section(content)).map(drop);
    refused.unwrap_err().to_string()
}

#[test]
fn file_counts_without_a_request() {
    let mut report = start_with(section(&file(VERSION, json!(3))));
    report.advance_ms(INTERVAL_MS);
    assert_eq!(version(&mut report), 3);
    assert!(report.http_calls().is_empty());
    let row = call(&mut report, "constance_get", &json!({ "key": VERSION })).unwrap();
    assert_eq!(
        (&row["source"], &row["reason"]),
        (&json!("file"), &json!("because"))
    );
}

#[test]
fn empty_file_is_normal() {
    assert_eq!(version(&mut start_with(section("{}"))), 1);
}

#[test]
fn file_is_ignored_with_another_source() {
    let mut other = section(&file(VERSION, json!(9)));
    other["source"] = json!("off");
    assert_eq!(version(&mut start_with(other)), 1);
}

#[test]
fn changed_file_is_logged_counted_and_emitted() {
    let before = start_with(section(&file(VERSION, json!(2))));
    let mut report = changed(&before, &file(VERSION, json!(3))).unwrap();
    let lines = logs(&mut report, "info").join("\n");
    let expected =
        "key=\"DYNAMIC_WEIGHTS_VERSION\" from=\"2\" to=\"3\" source=\"file\" reason=\"because\"";
    assert!(lines.contains(expected), "{lines}");
    let labels = [("key", VERSION)];
    // The first start has changed the value of the profile already.
    assert_eq!(report.metric("dynamic_config_changes", &labels), Some(2.0));
    let last = emitted(&mut report).pop().unwrap();
    assert_eq!(last.weights_version, 3);
}

#[test]
fn value_that_is_dropped_falls_back_to_the_profile() {
    let before = start_with(section(&file(VERSION, json!(2))));
    assert_eq!(version(&mut changed(&before, "{}").unwrap()), 1);
}

#[test]
fn value_of_the_operator_wins_over_the_file() {
    let mut before = start_with(section("{}"));
    set(&mut before, VERSION, "4").unwrap();
    let mut report = changed(&before, &file(VERSION, json!(2))).unwrap();
    assert_eq!(version(&mut report), 4);
}

#[test]
fn whole_number_counts_as_a_decimal() {
    let key = "DYNAMIC_MANIFEST_SCORE_MULTIPLIER";
    let mut report = start_with(section(&file(key, json!(2))));
    let row = call(&mut report, "constance_get", &json!({ "key": key })).unwrap();
    assert_eq!(row["value"].as_str().unwrap().parse(), Ok(2.0));
}

#[test]
fn items_count_by_their_time_and_not_by_their_place() {
    let items = json!([
        { "value": 4, "effective_from": "2023-11-14T22:14:10Z" },
        { "value": 2, "effective_from": "2023-11-14T22:00:00Z" },
    ]);
    let mut report = start_with(section(&file_of(VERSION, items)));
    assert_eq!(version(&mut report), 2);
    report.advance_ms(50_000);
    assert_eq!(version(&mut report), 4);
}

/// The host keeps the version that runs if the new one is refused.
#[test]
fn each_fault_refuses_the_whole_file() {
    let time = json!([{ "value": 2, "effective_from": "tomorrow" }]);
    let key = json!([{ "value": 2, "efective_from": "2023-11-14T22:14:10Z" }]);
    for (content, expected) in [
        (
            file(VERSION, json!(9)),
            "DYNAMIC_WEIGHTS_VERSION: item 1: 9 is not from 0 to 4",
        ),
        (
            file(VERSION, json!("two")),
            "DYNAMIC_WEIGHTS_VERSION: item 1: ",
        ),
        (
            file(WEIGHTS, json!(format!("{CLASS}=x"))),
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS: item 1: ",
        ),
        (
            file(WEIGHTS, json!("no.such.class=1")),
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS: item 1: ",
        ),
        (
            file_of(VERSION, time),
            "\"DYNAMIC_WEIGHTS_VERSION\": item 1: effective_from: \"tomorrow\"",
        ),
        (
            file_of(VERSION, key),
            "\"DYNAMIC_WEIGHTS_VERSION\": unknown field `efective_from`",
        ),
        (
            json!({ VERSION: 2 }).to_string(),
            "\"DYNAMIC_WEIGHTS_VERSION\": invalid type",
        ),
    ] {
        let text = refusal(&content);
        let expected = format!("config.horde_report.file: {expected}");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn unknown_key_is_logged_and_the_rest_counts() {
    let mut content: Value = serde_json::from_str(&file(VERSION, json!(3))).unwrap();
    content["DYNAMIC_NEW"] = json!({ "description": "d", "items": [{ "value": 0 }] });
    let mut report = start_with(section(&content.to_string()));
    assert_eq!(version(&mut report), 3);
    let warnings = logs(&mut report, "warn");
    let expected = "unknown keys, which change nothing file=\"file\" keys=\"DYNAMIC_NEW\"";
    assert!(warnings[0].contains(expected), "{warnings:?}");
}

#[test]
fn file_that_turns_every_class_off_is_refused() {
    let expected = "config.horde_report.file: every executor class is off";
    for content in [
        file(WEIGHTS, json!("")),
        file(WEIGHTS, json!(format!("{CLASS}=0"))),
        // At a later time only.
        file_of(
            WEIGHTS,
            json!([{ "value": "", "effective_from": "2024-01-01T00:00:00Z" }]),
        ),
    ] {
        let text = refusal(&content);
        assert!(text.starts_with(expected), "{text}");
    }
}
