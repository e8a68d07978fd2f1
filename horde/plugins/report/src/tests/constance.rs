//! The operator's own values.

use super::*;

#[test]
fn value_is_shown_with_its_origin() {
    let mut report = start_fetching();
    let items = json!([{ "value": 4, "reason": "why", "effective_from": "2023-01-01T00:00:00Z" }]);
    answer(&mut report, (200, "{}"), (200, &file_of(VERSION, items)));
    let row = call(&mut report, "constance_get", &json!({ "key": VERSION })).unwrap();
    let expected = json!({
        "key": VERSION, "value": "4", "profile": "1", "source": "common", "reason": "why",
        "since_ms": 1_672_531_200_000_u64,
    });
    assert_eq!(row, expected);
    let all = call(&mut report, "constance_list", &json!({})).unwrap();
    assert_eq!(all.as_array().unwrap().len(), DynamicConfig::keys().count());
    assert!(all.as_array().unwrap().contains(&expected));
}

#[test]
fn set_value_wins_over_files_and_outlives_a_kill() {
    let mut report = start_fetching();
    emitted(&mut report);
    let changes = set(&mut report, VERSION, "0").unwrap();
    assert_eq!(changes[0]["to"], "0");
    assert_eq!(emitted(&mut report)[0].weights_version, 0);
    answer(&mut report, (200, "{}"), (200, &file(VERSION, json!(3))));
    assert_eq!(version(&mut report), 0);
    report.kill();
    assert_eq!(version(&mut report), 0);
    // Without a value the operator's is dropped, and the file's counts.
    call(&mut report, "constance_set", &json!({ "key": VERSION })).unwrap();
    assert_eq!(version(&mut report), 3);
}

#[test]
fn serving_is_the_operators_alone() {
    let mut report = start_fetching();
    answer(
        &mut report,
        (200, &file("SERVING", json!(false))),
        (404, ""),
    );
    let serving = |report: &mut Report| {
        let status = status(report);
        status["dynamic_config"]["values"]["serving"].clone()
    };
    assert_eq!(serving(&mut report), true);
    set(&mut report, "SERVING", "false").unwrap();
    assert_eq!(serving(&mut report), false);
}

#[test]
fn value_with_a_fault_is_refused() {
    let mut report = start_with(json!({}));
    for (key, value, expected) in [
        (
            VERSION,
            "5",
            "DYNAMIC_WEIGHTS_VERSION: 5 is not from 0 to 4",
        ),
        ("WEIGHTS", "5", "key \"WEIGHTS\" is unknown"),
        ("DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION", "2", "is not used"),
        (
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
            "",
            "every executor class is off",
        ),
        (
            "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL",
            "100",
            "no block is left to commit",
        ),
    ] {
        let text = set(&mut report, key, value).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
    let unset = report.command("constance_set", &json!({ "key": VERSION }));
    assert!(unset.unwrap_err().to_string().contains("nothing to drop"));
    let unknown = report.command("constance_get", &json!({ "key": "a\nb" }));
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("\"a\\nb\" is unknown")
    );
    assert!(!report.stored().contains_key("dynamic/local"));
}

/// A file that comes later cannot break what an operator has set, and the other way round.
#[test]
fn conflict_with_a_later_file_refuses_the_file() {
    let mut report = start_fetching();
    set(
        &mut report,
        "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS",
        "spin_up-4min.gpu-24gb=0",
    )
    .unwrap();
    let only = file(
        "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
        json!(format!("{CLASS}=1")),
    );
    answer(&mut report, (200, "{}"), (200, &only));
    let result = &status(&mut report)["dynamic_config"]["fetches"]["common"]["result"];
    assert_eq!(result, "refused");
}

/// The conflict is years ahead, and nobody would be there then.
#[test]
fn conflict_with_an_item_of_tomorrow_is_refused() {
    let mut report = start_fetching();
    let items =
        json!([{ "value": format!("{CLASS}=1"), "effective_from": "2999-01-01T00:00:00Z" }]);
    let file = file_of("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", items);
    answer(&mut report, (200, "{}"), (200, &file));
    let key = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";
    let text = set(&mut report, key, &format!("{CLASS}=0")).unwrap_err();
    assert!(text.to_string().contains("every executor class is off"));
}

#[test]
fn stored_value_that_is_not_allowed_is_dropped() {
    let mut report = start_with(json!({}));
    let local = json!({ VERSION: { "text": "9", "since_ms": 1 }, "SERVING": { "text": "false", "since_ms": 1 } });
    report.store("dynamic/local", local.to_string());
    report.restart();
    assert_eq!(version(&mut report), 1);
    assert_eq!(status(&mut report)["dynamic_config"]["local"], 1);
    let warnings = logs(&mut report, "warn");
    assert!(warnings[0].contains("9 is not from 0 to 4"), "{warnings:?}");
}

/// Values that fitted together under another profile: those in force stay.
#[test]
fn conflict_at_a_start_keeps_what_was_in_force() {
    let mut report = start_with(json!({}));
    set(&mut report, VERSION, "3").unwrap();
    let local = json!({ "DYNAMIC_EXECUTOR_CLASS_WEIGHTS": { "text": "", "since_ms": 1 } });
    report.store("dynamic/local", local.to_string());
    emitted(&mut report);
    report.kill();
    assert_eq!(emitted(&mut report)[0].weights_version, 3);
    let errors = logs(&mut report, "error");
    assert!(errors[0].contains("contradictory"), "{errors:?}");
}
