//! The example configs and the config references in `docs/` say what this host and its extensions take.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tig_system_tests::{Artifacts, config_reference, horde_config_reference};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tig_host(arguments: &[&str], folder: &Path) -> Output {
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut command = Command::new(artifacts.program("tig-host"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn example_config_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        root().join("config.example.json"),
        folder.path().join("config.json"),
    )
    .unwrap();
    let checked = tig_host(&["check", "config.json"], folder.path());
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn config_references_are_up_to_date() {
    let printed = tig_host(&["schema"], &root());
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let example = |name: &str| serde_json::from_str::<Value>(&read(name)).unwrap();
    let master = config_reference(&schema, &example("config.example.json"));
    let horde = horde_config_reference(&schema, &example("config.computehorde.example.json"));
    for (file, reference) in [
        ("docs/config.md", master.unwrap()),
        ("docs/config-computehorde.md", horde.unwrap()),
    ] {
        assert!(
            read(file) == reference,
            "{file} is old: run `cargo xtask config-reference`"
        );
    }
}
