//! Dynamic config in a file of the operator, which is changed while the validator runs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::network::{Validator, chain, network, section};

const VERSION: &str = "DYNAMIC_WEIGHTS_VERSION";
const WEIGHTS: &str = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";

fn write(path: &Path, key: &str, value: Value) {
    let item = json!({ "value": value, "reason": "a test" });
    let content = json!({ key: { "description": "", "items": [item] } });
    fs::write(path, content.to_string()).unwrap();
}

fn version(validator: &Validator) -> Value {
    validator.ask("/horde/status")["dynamic_config"]["values"]["weights_version"].clone()
}

fn wait_for_version(validator: &Validator, expected: u64) {
    validator.wait("the version", |it| (version(it) == expected).then_some(()));
}

/// Waits until the log has a line with all of these parts.
fn wait_for_log(validator: &Validator, parts: &[&str]) {
    validator.wait(&parts.join(", "), |it| {
        let log = it.host.log();
        let mut lines = log.lines();
        let found = lines.any(|line| parts.iter().all(|part| line.contains(part)));
        found.then_some(())
    });
}

#[test]
fn changed_file_counts_and_a_faulty_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamic.json");
    write(&path, VERSION, json!(2));
    let miners = network(2, &[], chain("pylon"));
    let mut validator = Validator::start_with("pylon", &miners, |options| {
        let file = json!({ "$file": path });
        *section(options, "horde_report") = json!({ "source": "file", "file": file });
    });
    wait_for_version(&validator, 2);

    write(&path, VERSION, json!(3));
    wait_for_version(&validator, 3);
    let change = r#"key="DYNAMIC_WEIGHTS_VERSION" from="2" to="3" source="file" reason="a test""#;
    wait_for_log(&validator, &["dynamic config has changed", change]);

    fs::write(&path, "{ \"DYNAMIC").unwrap();
    wait_for_log(
        &validator,
        &["nothing was changed", "dynamic.json is not JSON"],
    );
    write(&path, VERSION, json!(9));
    wait_for_log(
        &validator,
        &["horde_report", "item 1: 9 is not from 0 to 4"],
    );
    write(&path, WEIGHTS, json!(""));
    wait_for_log(&validator, &["horde_report", "every executor class is off"]);
    assert_eq!(version(&validator), 3);

    write(&path, VERSION, json!(4));
    wait_for_version(&validator, 4);
    validator.kill();
    assert_eq!(version(&validator), 4);
}
