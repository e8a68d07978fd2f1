//! Files of the network, by each rule of section 10.9.

use tig_plugin_api::HttpFailureKind;

use super::*;

#[test]
fn profile_is_emitted_at_each_start() {
    let mut report = start_with(json!({ "profile": "mainnet-2024-11" }));
    assert_eq!(emitted(&mut report)[0].weights_version, 4);
    report.kill();
    assert_eq!(emitted(&mut report)[0].weights_version, 4);
    assert!(report.http_calls().is_empty(), "the source is off");
}

#[test]
fn both_files_are_fetched_with_a_bound() {
    let report = start_fetching();
    let calls = report.http_calls();
    let urls: Vec<_> = calls.iter().map(|call| call.url.as_str()).collect();
    assert_eq!(urls, ["http://files/v.json", "http://files/c.json"]);
    for call in calls {
        assert_eq!((call.timeout_ms, call.max_body_bytes), (30_000, 1 << 20));
        assert_eq!(call.headers[0].0, "User-Agent");
    }
}

#[test]
fn change_is_emitted_logged_and_counted() {
    let mut report = start_fetching();
    emitted(&mut report);
    report.logs();
    answer(&mut report, (200, &file(VERSION, json!(3))), (200, "{}"));
    assert_eq!(emitted(&mut report)[0].weights_version, 3);
    let expected = format!(
        "dynamic config has changed key=\"{VERSION}\" from=\"1\" to=\"3\" source=\"validator\" reason=\"because\""
    );
    assert_eq!(logs(&mut report, "info"), [expected]);
    let changes = report.metric("dynamic_config_changes", &[("key", VERSION)]);
    assert_eq!(changes, Some(1.0));

    // The same once more is not news.
    next_round(&mut report, (200, &file(VERSION, json!(3))), (200, "{}"));
    assert!(emitted(&mut report).is_empty() && report.logs().is_empty());
}

#[test]
fn common_file_wins() {
    let mut report = start_fetching();
    let (validator, common) = (file(VERSION, json!(2)), file(VERSION, json!(3)));
    answer(&mut report, (200, &validator), (200, &common));
    assert_eq!(version(&mut report), 3);
    next_round(&mut report, (200, &validator), (200, "{}"));
    assert_eq!(version(&mut report), 2);
}

/// Nothing of the first file counts before the second one is there.
#[test]
fn files_of_a_round_count_together() {
    let mut report = start_fetching();
    let tag = open_tag(&report, "fetch/validator/").unwrap();
    report.respond(&tag, 200, file(VERSION, json!(2)));
    assert_eq!(version(&mut report), 1);
    let tag = open_tag(&report, "fetch/common/").unwrap();
    report.respond(&tag, 404, "");
    assert_eq!(version(&mut report), 2);
}

#[test]
fn missing_and_empty_files_are_normal() {
    let mut report = start_fetching();
    report.logs();
    answer(&mut report, (404, "not found"), (200, "{}"));
    for _ in 0..3 {
        next_round(&mut report, (404, "not found"), (200, "{}"));
    }
    assert!(logs(&mut report, "warn").is_empty() && logs(&mut report, "error").is_empty());
    assert_eq!(version(&mut report), 1);
}

/// A server that has lost a file does not take its values away; an empty file does.
#[test]
fn file_that_is_gone_keeps_its_values() {
    let mut report = start_fetching();
    answer(&mut report, (200, &file(VERSION, json!(2))), (404, ""));
    next_round(&mut report, (404, ""), (404, ""));
    assert_eq!(version(&mut report), 2);
    next_round(&mut report, (200, "{}"), (404, ""));
    assert_eq!(version(&mut report), 1);
}

#[test]
fn file_with_a_fault_changes_nothing() {
    let sound = file(VERSION, json!(2));
    let mut faulty: Value = serde_json::from_str(&sound).unwrap();
    faulty[VERSION]["items"][0]["value"] = json!(3);
    faulty["DYNAMIC_MAX_WEIGHT"] = json!({ "description": "d", "items": [{ "value": 0 }] });
    let mut report = start_fetching();
    answer(&mut report, (200, &sound), (200, "{}"));
    report.logs();
    emitted(&mut report);
    for _ in 0..2 {
        next_round(&mut report, (200, &faulty.to_string()), (200, "{}"));
    }
    assert!(emitted(&mut report).is_empty());
    assert_eq!(version(&mut report), 2);
    let errors = logs(&mut report, "error");
    let expected = "dynamic config has a fault and changes nothing file=\"validator\" reason=\"DYNAMIC_MAX_WEIGHT: item 1: 0 is not from 1 to 65535\"";
    assert_eq!(errors, [expected], "once, not each five minutes");
    let labels = [("file", "validator"), ("result", "refused")];
    assert_eq!(report.metric("dynamic_config_fetches", &labels), Some(2.0));
}

/// The other file has nothing to do with the fault.
#[test]
fn fault_of_one_file_spares_the_other() {
    let mut report = start_fetching();
    answer(
        &mut report,
        (200, "<html>"),
        (200, &file(VERSION, json!(3))),
    );
    assert_eq!(version(&mut report), 3);
}

#[test]
fn unknown_key_is_named_and_the_rest_counts() {
    let mut report = start_fetching();
    report.logs();
    let mut text: Value = serde_json::from_str(&file(VERSION, json!(3))).unwrap();
    text["DYNAMIC_\u{1b}[1m"] = json!({ "description": "d", "items": [{ "value": 0 }] });
    answer(&mut report, (200, "{}"), (200, &text.to_string()));
    assert_eq!(version(&mut report), 3);
    let warnings = logs(&mut report, "warn");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("unknown keys") && !warnings[0].contains('\u{1b}'));
}

#[test]
fn file_that_turns_every_class_off_is_refused() {
    let mut report = start_fetching();
    let off = file(
        "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
        json!(format!("{CLASS}=0")),
    );
    answer(&mut report, (200, "{}"), (200, &off));
    let errors = logs(&mut report, "error");
    assert!(
        errors[0].contains("every executor class is off"),
        "{errors:?}"
    );
    assert_eq!(emitted(&mut report), [DynamicConfig::default()]);
    assert!(!report.stored().contains_key("dynamic/file/common"));
}

/// One file that does not fit does not hold the other up, however often it comes.
#[test]
fn conflict_of_one_file_spares_the_other() {
    let mut report = start_fetching();
    let off = file("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", json!(""));
    for version_set in [2, 3] {
        let validator = file(VERSION, json!(version_set));
        answer(&mut report, (200, &validator), (200, &off));
        assert_eq!(version(&mut report), version_set);
        report.advance_ms(INTERVAL_MS);
    }
    answer(&mut report, (404, ""), (200, &file(VERSION, json!(4))));
    assert_eq!(version(&mut report), 4);
}

/// Each of them alone would turn every class off.
#[test]
fn files_that_fit_only_together_count() {
    let mut report = start_fetching();
    let key = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    let limits = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";
    answer(
        &mut report,
        (200, &file(key, json!("always_on.gpu-24gb=1"))),
        (404, ""),
    );
    let validator = file(limits, json!("always_on.gpu-24gb=0"));
    let common = file(key, json!(format!("{CLASS}=1")));
    next_round(&mut report, (200, &validator), (200, &common));
    let status = status(&mut report);
    let fetches = &status["dynamic_config"]["fetches"];
    assert_eq!(fetches["validator"]["result"], "changed");
    assert_eq!(fetches["common"]["result"], "changed");
}

#[test]
fn item_counts_from_its_time_on() {
    let mut report = start_fetching();
    // 50 s after the harness's clock begins.
    let items = json!([
        { "value": 4, "effective_from": "2023-11-14T22:14:10Z", "reason": "now" },
        { "value": 2 },
    ]);
    answer(&mut report, (200, &file_of(VERSION, items)), (404, ""));
    assert_eq!(version(&mut report), 2);
    let start_ms = 1_700_000_000_000;
    report.advance_ms(start_ms + 49_999 - report.now_ms());
    assert_eq!(version(&mut report), 2);
    emitted(&mut report);
    report.advance_ms(1);
    assert_eq!(version(&mut report), 4);
    assert_eq!(emitted(&mut report).len(), 1);
    assert!(!report.timers().contains_key("apply"), "nothing lies ahead");
}

#[test]
fn time_that_came_while_the_host_was_off_counts() {
    let mut killed = start_fetching();
    let items = json!([{ "value": 2 }, { "value": 4, "effective_from": "2023-11-14T22:14:10Z" }]);
    answer(&mut killed, (200, &file_of(VERSION, items)), (404, ""));
    assert_eq!(version(&mut killed), 2);
    // Another host with the same store, a minute later.
    let mut report = start_with(urls());
    report.advance_ms(60_000);
    for (key, value) in killed.stored() {
        report.store(&key, value.to_string());
    }
    report.logs();
    emitted(&mut report);
    report.kill();
    assert_eq!(emitted(&mut report)[0].weights_version, 4);
    let found = logs(&mut report, "info").join("\n");
    assert!(
        found.contains("from=\"2\" to=\"4\" source=\"validator\""),
        "{found}"
    );
}

#[test]
fn first_failure_is_quiet_and_the_second_is_not() {
    let mut report = start_fetching();
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    report.logs();
    for (round, warnings) in [(1, 0), (2, 1), (3, 0)] {
        next_round(&mut report, (500, "oh"), (200, "{}"));
        let found = logs(&mut report, "warn");
        assert_eq!(found.len(), warnings, "round {round}: {found:?}");
    }
    assert_eq!(version(&mut report), 2);
    let fetch = &status(&mut report)["dynamic_config"]["fetches"]["validator"];
    assert_eq!(
        (&fetch["failures"], &fetch["reason"]),
        (&json!(3), &json!("status 500"))
    );
    next_round(&mut report, (200, "{}"), (200, "{}"));
    let found = logs(&mut report, "info");
    assert!(found[0].contains("can be fetched again"), "{found:?}");
}

#[test]
fn request_that_fails_is_a_failed_fetch() {
    let mut report = start_fetching();
    for kind in [HttpFailureKind::Timeout, HttpFailureKind::TooLarge] {
        for prefix in ["fetch/validator/", "fetch/common/"] {
            let tag = open_tag(&report, prefix).unwrap();
            report.fail(&tag, kind);
        }
        report.advance_ms(INTERVAL_MS);
    }
    assert_eq!(logs(&mut report, "warn").len(), 2, "one for each file");
}

/// However short the interval, a server that is slow is asked once at a time.
#[test]
fn slow_server_is_asked_once_at_a_time() {
    let mut section = urls();
    section["interval_ms"] = json!(1_000);
    let mut report = start_with(section);
    report.advance_ms(30_000);
    assert_eq!(report.http_calls().len(), 2);
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    assert_eq!(version(&mut report), 2);
    report.advance_ms(1_000);
    assert_eq!(report.http_calls().len(), 2, "the next round");
}

/// An answer of the round before changes nothing.
#[test]
fn late_answer_is_ignored() {
    let mut report = start_fetching();
    let late = open_tag(&report, "fetch/validator/").unwrap();
    report.advance_ms(INTERVAL_MS);
    report.respond(&late, 200, file(VERSION, json!(2)));
    let late = open_tag(&report, "fetch/common/").unwrap();
    report.respond(&late, 200, "{}");
    assert_eq!(version(&mut report), 1);
    answer(&mut report, (200, &file(VERSION, json!(3))), (200, "{}"));
    assert_eq!(version(&mut report), 3);
}

#[test]
fn restart_keeps_the_last_files() {
    let mut report = start_fetching();
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    report.logs();
    report.kill();
    assert_eq!(version(&mut report), 2);
    assert!(logs(&mut report, "info").is_empty(), "nothing has changed");
    report.advance_ms(100);
    assert_eq!(report.http_calls().len(), 2, "they are fetched at once");
}

/// What other URLs have brought is another network's, perhaps.
#[test]
fn file_of_another_url_does_not_count() {
    let mut report = start_fetching();
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    let stored = report.stored()["dynamic/file/validator"].clone();
    let mut other = urls();
    other["url_validator"] = json!("http://other/v.json");
    let mut report = start_with(other);
    report.store("dynamic/file/validator", stored.to_string());
    report.restart();
    assert_eq!(version(&mut report), 1);
    assert!(!report.stored().contains_key("dynamic/file/validator"));
}

#[test]
fn damaged_records_are_set_aside() {
    let mut report = start_fetching();
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    for key in ["file/validator", "in_force", "local", "tickets"] {
        report.store(&format!("dynamic/{key}"), "{");
    }
    report.kill();
    assert_eq!(version(&mut report), 1);
    report.advance_ms(100);
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    assert_eq!(version(&mut report), 2);
}

#[test]
fn command_ends_with_its_round() {
    let mut report = start_fetching();
    let first = report.command("fetch_dynamic_config", &json!({})).unwrap();
    assert_eq!(report.http_calls().len(), 2, "the round that is under way");
    assert_eq!(report.finished(first), None);
    answer(&mut report, (200, &file(VERSION, json!(2))), (200, "{}"));
    let (code, value) = report.finished(first).unwrap();
    assert_eq!((code, &value["changes"][0]["to"]), (0, &json!("2")));
    assert_eq!(value["files"]["validator"]["result"], "changed");

    let second = report.command("fetch_dynamic_config", &json!({})).unwrap();
    answer(&mut report, (200, "[]"), (200, "{}"));
    let (code, value) = report.finished(second).unwrap();
    assert_eq!(
        (code, &value["files"]["validator"]["result"]),
        (20, &json!("refused"))
    );
}

/// The caller is still there after a panic of the extension.
#[test]
fn rebuilt_instance_ends_the_command() {
    let mut report = start_fetching();
    let ticket = report.command("fetch_dynamic_config", &json!({})).unwrap();
    report.restart();
    for prefix in ["fetch/validator/", "fetch/common/"] {
        let tag = open_tag(&report, prefix).unwrap();
        report.respond(&tag, 200, "{}");
    }
    assert_eq!(
        report.finished(ticket),
        None,
        "of a round that is forgotten"
    );
    report.advance_ms(100);
    answer(&mut report, (200, "{}"), (200, "{}"));
    assert_eq!(report.finished(ticket).unwrap().0, 0);
    assert!(!report.stored().contains_key("dynamic/tickets"));
}

/// The config was changed while the command waited.
#[test]
fn command_ends_if_the_source_is_off() {
    let mut report = start_with(json!({}));
    let ticket = Ticket::from_number(7);
    report.store("dynamic/tickets", json!([ticket]).to_string());
    report.restart();
    assert_eq!(report.finished(ticket).unwrap().0, 20);
    assert!(!report.stored().contains_key("dynamic/tickets"));
}

#[test]
fn command_without_urls_is_refused() {
    let mut report = start_with(json!({}));
    let error = report.command("fetch_dynamic_config", &json!({}));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("is not `url`"), "{text}");
}

#[test]
fn callers_that_wait_are_bounded() {
    let mut report = start_fetching();
    for _ in 0..16 {
        report.command("fetch_dynamic_config", &json!({})).unwrap();
    }
    assert!(report.command("fetch_dynamic_config", &json!({})).is_err());
}
