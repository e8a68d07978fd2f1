//! The plugin that the README shows, built as a stranger builds it: copied into an empty folder beside the repository.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tig_system_tests::Artifacts;

const NAME: &str = "fair_sampler";
/// As the README's dependency has it.
const CLONE: &str = "tig-host";

/// The first block of this language in the chapter about plugins.
fn block(readme: &str, language: &str) -> String {
    let (_, chapter) = readme.split_once("\n## Write a plugin\n").unwrap();
    let (_, block) = chapter.split_once(&format!("\n```{language}")).unwrap();
    // The rest of the first line is for documentation tests.
    let (_, block) = block.split_once('\n').unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

fn repository() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    repository.canonicalize().unwrap()
}

/// Builds the package in `folder`; returns the file that it makes.
fn build(folder: &Path) -> PathBuf {
    let target = repository().join("target/readme-plugin");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target)
        // Symbols would only cost time.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    target.join("debug").join(format!("lib{NAME}.so"))
}

#[test]
fn the_readmes_plugin_builds_as_printed_and_loads() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let place = tempfile::tempdir().unwrap();
    symlink(repository(), place.path().join(CLONE)).unwrap();
    let package = place.path().join("plugin");
    fs::create_dir_all(package.join("src")).unwrap();
    fs::write(package.join("Cargo.toml"), block(&readme, "toml")).unwrap();
    fs::write(package.join("src/lib.rs"), block(&readme, "rust")).unwrap();
    // The versions that are here, since nothing is fetched.
    fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let file = build(&package);

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
