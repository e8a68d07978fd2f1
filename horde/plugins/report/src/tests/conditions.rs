//! Conditions: each begins when something lasts, and ends with its cause.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{HttpFailureKind, Severity};

use super::*;

fn codes(report: &Report) -> Vec<(&str, &str)> {
    let conditions = report.conditions().iter();
    conditions
        .map(|condition| (condition.code.as_str(), condition.subject.as_str()))
        .collect()
}

/// Text and remedy of the only condition, which is a warning.
fn only_text(report: &Report) -> (String, String) {
    let [condition] = report.conditions() else {
        panic!("{:?}", report.conditions());
    };
    assert_eq!(condition.severity, Severity::Warning);
    (condition.text.clone(), condition.remedy.clone())
}

#[test]
fn unfetched_file_is_reported_from_second_failure() {
    let mut report = start_fetching();
    answer(&mut report, (500, ""), (200, "{}"));
    assert_eq!(codes(&report), [], "one failure is normal");
    next_round(&mut report, (500, ""), (200, "{}"));
    assert_eq!(codes(&report), [("dynamic_config_failing", "validator")]);
    let (text, remedy) = only_text(&report);
    assert!(text.contains("`validator` cannot be fetched") && text.ends_with("status 500"));
    assert!(remedy.contains("url_validator"), "{remedy}");
    next_round(&mut report, (200, "{}"), (200, "{}"));
    assert_eq!(codes(&report), []);
}

#[test]
fn faulty_file_is_reported_at_once_until_corrected() {
    let mut report = start_fetching();
    let fault = file(VERSION, json!(9));
    answer(&mut report, (200, "{}"), (200, &fault));
    assert_eq!(codes(&report), [("dynamic_config_failing", "common")]);
    let (text, remedy) = only_text(&report);
    assert!(text.contains("`common` has a fault"), "{text}");
    assert!(text.ends_with("9 is not from 0 to 4"), "{text}");
    assert!(remedy.contains("constance_set"), "{remedy}");
    next_round(&mut report, (200, "{}"), (500, ""));
    assert_eq!(only_text(&report), (text, remedy), "not corrected by that");
    next_round(&mut report, (200, "{}"), (200, &file(VERSION, json!(2))));
    assert_eq!(codes(&report), []);
}

#[test]
fn control_character_of_a_file_is_escaped() {
    let mut report = start_fetching();
    let fault = file("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", json!("\u{1b}[1m=x"));
    answer(&mut report, (200, "{}"), (200, &fault));
    let (text, _) = only_text(&report);
    assert!(!text.chars().any(char::is_control), "{text}");
}

#[test]
fn contradiction_is_reported_until_value_is_dropped() {
    let key = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    let mut report = start_with(json!({}));
    let local = json!({ key: { "text": "", "since_ms": 1 } });
    report.store("dynamic/local", local.to_string());
    report.restart();
    report.advance_ms(100);
    assert_eq!(codes(&report), [("dynamic_config_failing", "")]);
    let (text, remedy) = only_text(&report);
    assert!(text.contains("every executor class is off"), "{text}");
    assert!(remedy.contains("constance_list"), "{remedy}");
    call(&mut report, "constance_set", &json!({ "key": key })).unwrap();
    assert_eq!(codes(&report), []);
}

#[test]
fn collector_is_reported_from_second_failure() {
    let mut report = start_sending();
    applied(&mut report, 722);
    report.advance_ms(INTERVAL_MS);
    collector_answers(&mut report, 500);
    assert_eq!(codes(&report), [], "one failure is normal");
    report.advance_ms(INTERVAL_MS);
    let tag = open_tag(&report, "send/").unwrap();
    report.fail(&tag, HttpFailureKind::Connect);
    assert_eq!(codes(&report), [("collector_failing", "")]);
    let (_, remedy) = only_text(&report);
    assert!(remedy.contains("stats_collector_url"), "{remedy}");
    report.advance_ms(INTERVAL_MS);
    assert_eq!(codes(&report).len(), 1, "it is only on its way");
    collector_answers(&mut report, 201);
    assert_eq!(codes(&report), []);
    // Earlier failures count no more.
    applied(&mut report, 1444);
    report.advance_ms(INTERVAL_MS);
    collector_answers(&mut report, 500);
    assert_eq!(codes(&report), []);
}

/// The profile is `reference` unless it is set, which few networks use: a mistyped URL must be seen.
#[test]
fn profile_in_force_without_any_file_is_reported() {
    let mut section = urls();
    section["profile"] = json!("mainnet-2024-11");
    let mut report = start_with(section);
    report.advance_ms(100);
    assert_eq!(codes(&report), [], "nothing has been answered");
    answer(&mut report, (404, ""), (404, ""));
    assert_eq!(codes(&report), [("no_dynamic_config", "")]);
    let condition = report.conditions()[0].clone();
    assert_eq!(condition.severity, Severity::Info);
    assert!(condition.text.contains("profile `mainnet-2024-11` are in"));
    // The failing file says the same.
    report.logs();
    for _ in 0..2 {
        next_round(&mut report, (404, ""), (500, ""));
    }
    assert_eq!(codes(&report), [("dynamic_config_failing", "common")]);
    let (text, _) = only_text(&report);
    assert!(text.contains("profile `mainnet-2024-11` are in"), "{text}");
    assert!(!text.contains("last values"), "{text}");
    let warnings = logs(&mut report, "warn");
    assert!(warnings[0].contains("the profile counts"), "{warnings:?}");
    // One of the two may be missing.
    next_round(&mut report, (404, ""), (200, "{}"));
    assert_eq!(codes(&report), []);
    for _ in 0..2 {
        next_round(&mut report, (404, ""), (500, ""));
    }
    let (text, _) = only_text(&report);
    assert!(text.contains("the last values stay in force"), "{text}");
    assert!(logs(&mut report, "warn")[0].contains("the last values stay"));
}

/// The first report is lost in the host: a repetition would be seen.
#[test]
fn same_conditions_are_not_reported_again() {
    let mut report = start_fetching();
    answer(&mut report, (200, "{}"), (200, "{}"));
    report.fail_next(CallKind::Conditions, "");
    for _ in 0..3 {
        next_round(&mut report, (500, ""), (500, ""));
        assert_eq!(codes(&report), []);
    }
    next_round(&mut report, (200, "{}"), (500, ""));
    assert_eq!(codes(&report), [("dynamic_config_failing", "common")]);
}
