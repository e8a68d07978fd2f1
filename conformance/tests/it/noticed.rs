//! Files from elsewhere: other ids and kinds run the same way, and every kind of fault shows.

use std::fs;

use serde_json::{Value, json};
use tig_conformance::{Conformance, FAILURES_SHOWN_MAX, FileOutcome, FileReport, SetupError};

/// Runs one file of this content.
#[track_caller]
fn run(name: &str, content: &Value) -> FileOutcome {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join(name).with_extension("json"),
        content.to_string(),
    )
    .unwrap();
    let conformance = Conformance::new(folder.path()).unwrap();
    assert_eq!(conformance.names().unwrap(), [name]);
    conformance.run(name)
}

#[track_caller]
fn report(name: &str, content: &Value) -> FileReport {
    match run(name, content) {
        FileOutcome::Ran(report) => report,
        other => panic!("{name}: {other}"),
    }
}

fn add(id: &str, result: &Value) -> Value {
    json!({"id": id, "kind": "new", "op": "add", "input": ["2", "3"], "result": result})
}

#[test]
fn a_wrong_value_is_named_with_id_and_difference() {
    let right = add("a", &json!({"status": "ok", "value": "5"}));
    let wrong = add("b", &json!({"status": "ok", "value": "6"}));
    let report = report("precise_number", &json!({"cases": [right, wrong]}));
    assert_eq!((report.tally.passed, report.tally.failed), (1, 1));
    let text = report.to_string();
    assert!(
        text.contains(r#"b (new): result is "5", expected "6""#),
        "{text}"
    );
}

#[test]
fn an_answer_in_place_of_a_panic_breaks_the_law() {
    let panicked = add("p", &json!({"status": "panic", "panic": "overflow"}));
    let refused = add("e", &json!({"status": "err", "error": "no"}));
    let report = report("precise_number", &json!({"cases": [panicked, refused]}));
    assert_eq!((report.tally.passed, report.tally.failed), (0, 2));
    assert!(
        report.failures[0].difference.contains("Error is broken"),
        "{report}"
    );
}

#[test]
fn an_error_in_place_of_a_panic_is_a_deviation() {
    let case = json!({"id": "x", "kind": "k", "op": "sub", "input": ["2", "3"], "result": {"status": "panic"}});
    let report = report("precise_number", &json!({"cases": [case]}));
    assert_eq!((report.tally.passed, report.tally.deviations), (1, 1));
}

#[test]
fn many_failures_are_not_all_shown() {
    let wrong: Vec<Value> = (0..FAILURES_SHOWN_MAX + 3)
        .map(|i| add(&format!("w{i}"), &json!({"status": "ok", "value": "6"})))
        .collect();
    let text = report("precise_number", &json!({"cases": wrong})).to_string();
    assert!(text.ends_with("and 3 more"), "{text}");
    assert_eq!(text.lines().count(), FAILURES_SHOWN_MAX + 2);
}

#[test]
fn cases_that_cannot_be_read_fail() {
    let cases = json!([{"id": "n"}, add("u", &json!({"status": "ok"})), {"id": "o", "op": "what", "result": {"status": "ok"}}]);
    let report = report("precise_number", &json!({"cases": cases}));
    assert_eq!(report.tally.failed, 3);
}

#[test]
fn a_known_file_without_cases_fails() {
    let outcome = run("seeds", &json!({"what": "nothing"}));
    assert_eq!(outcome.tally().failed, 1, "{outcome}");
}

#[test]
fn other_files_are_skipped() {
    let outcome = run("something_else", &json!({}));
    assert_eq!(outcome, FileOutcome::Skipped("not known, skipped"));
}

/// A changed byte in any of the values that describe an instance.
#[test]
fn a_changed_instance_is_noticed() {
    let path = Conformance::default_folder().join("instances_knapsack.json");
    let mut content: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let full = content["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["kind"] == "tiny_full");
    let full = full.unwrap().clone();
    let mut cases = vec![full.clone()];
    for pointer in [
        "/result/bincode_hex",
        "/result/bincode_blake3",
        "/result/parts/weights/blake3",
        "/seed_hex",
    ] {
        let mut case = full.clone();
        let digits = case.pointer_mut(pointer).unwrap();
        let text = digits.as_str().unwrap();
        let last = if text.ends_with('0') { '1' } else { '0' };
        *digits = format!("{}{last}", &text[..text.len() - 1]).into();
        cases.push(case);
    }
    content["cases"] = cases.into();
    let report = report("instances_knapsack", &content);
    assert_eq!(
        (report.tally.passed, report.tally.failed),
        (1, 4),
        "{report}"
    );
}

/// A Merkle root of two leaves by this rule, as the text of its case expects it.
fn root_by(rule: &Value, root: &str) -> FileReport {
    let input = json!({"num_leaves": 2, "n": 2, "leaf_rule": rule});
    let result = json!({"status": "ok", "value": root});
    let case = json!({"id": "r", "kind": "root", "op": "root", "input": input, "result": result});
    report("merkle", &json!({"ops": [case]}))
}

#[test]
fn a_leaf_rule_of_an_operation_is_used() {
    let leaf = |i| blake3::hash(format!("leaf {i} of 2").as_bytes());
    let both = [*leaf(0).as_bytes(), *leaf(1).as_bytes()].concat();
    let root = blake3::hash(&both).to_string();
    let rule = "leaf i = blake3(utf8 'leaf {i} of {num_leaves}')";
    let report = root_by(&json!(rule), &root);
    assert_eq!(
        (report.tally.passed, report.tally.failed),
        (1, 0),
        "{report}"
    );
    let other = root_by(&json!("leaf i = blake3(i as u32 big endian)"), &root);
    assert_eq!(other.tally.failed, 1, "{other}");
}

#[test]
fn an_unknown_leaf_rule_fails() {
    for rule in [
        json!("leaf i = blake3(i as u32 little endian)"),
        json!("leaf i = sha256(utf8 'leaf {i}')"),
        json!("leaf i = blake3(utf8 'leaf')"),
        json!("leaf i = blake3(utf8 'leaf {i} {seed}')"),
        Value::Null,
    ] {
        let report = root_by(&rule, "");
        assert_eq!(report.tally.failed, 1, "{rule}: {report}");
        let difference = &report.failures[0].difference;
        assert!(difference.contains("rule"), "{difference}");
    }
}

#[test]
fn missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = Conformance::new(&missing).unwrap().names().unwrap_err();
    assert!(matches!(error, SetupError::Folder { .. }), "{error:?}");
    let text = error.to_string();
    assert_eq!(
        text,
        format!("cannot list the folder {}", missing.display())
    );
}

#[test]
fn broken_file_of_modules_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wasms.json");
    fs::write(&path, r#"{"mini": [{"name": "one", "wasm_hex": 7}]}"#).unwrap();
    let error = Conformance::new(folder.path()).unwrap_err();
    assert!(matches!(error, SetupError::Modules(_)), "{error:?}");
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
}

/// The formula vectors of the repository with one number changed.
fn changed_formula(pointer: &str, changed: Value) -> FileReport {
    let path = Conformance::default_folder().join("horde/formula_vectors.json");
    let mut content: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    *content.pointer_mut(pointer).unwrap() = changed;
    // The reader of this test may be off by a bit in other lists.
    let list = pointer.split('/').nth(1).unwrap();
    report("formula_vectors", &json!({ list: content[list] }))
}

#[test]
fn a_changed_formula_is_noticed() {
    for (pointer, changed) in [
        ("/commit_hash/1/salt/0", json!(1)),
        ("/cycle/3/start", json!(-2)),
        ("/shuffle/3/order/0", json!("hk10")),
        ("/normalize/0/out/a", json!(24.750000000000004)),
        ("/commit_reveal/2/in_reveal", json!(true)),
    ] {
        let report = changed_formula(pointer, changed);
        assert_eq!(report.tally.failed, 1, "{pointer}: {report}");
    }
}

/// Only a range that ends right before the block is that of the earlier validator.
#[test]
fn another_epoch_than_the_one_before_fails() {
    let report = changed_formula("/epoch/0/stop", json!(357));
    assert_eq!(report.tally.failed, 1, "{report}");
    assert!(
        report.to_string().contains("NextEpoch is broken"),
        "{report}"
    );
}
