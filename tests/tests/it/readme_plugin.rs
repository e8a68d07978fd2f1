//! The plugin that the README shows, built as a stranger builds it: copied into an empty folder beside the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tig_system_tests::{Artifacts, PrintedPackage, printed_block};

const NAME: &str = "fair_sampler";

#[test]
fn the_readmes_plugin_builds_as_printed_and_loads() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, chapter) = readme.split_once("\n## Write a plugin\n").unwrap();
    let package = PrintedPackage {
        name: NAME,
        manifest: printed_block(chapter, "toml", 0).unwrap(),
        code: printed_block(chapter, "rust", 0).unwrap(),
        tests: None,
        target: "readme-plugin",
    };
    let place = tempfile::tempdir().unwrap();
    let file = package.build(place.path()).unwrap();

    fs::copy(&file, place.path().join(file.file_name().unwrap())).unwrap();
    let config = json!({
        "extensions": [NAME],
        "plugin_folder": ".",
        "config": { NAME: { "challenge_id": "c003", "difficulty": [50, 300] } },
    });
    fs::write(place.path().join("config.json"), config.to_string()).unwrap();
    let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
    let check = Command::new(artifacts.program("tig-host"))
        .args(["check", "config.json"])
        .current_dir(place.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(0), "{output}");
}
