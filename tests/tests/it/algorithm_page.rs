//! `docs/writing-algorithms.md`: the module that it prints is built as its reader builds it, and computes.

use std::fs;
use std::path::Path;
use std::process::Command;

use tig_system_tests::{Artifacts, PrintedPackage, printed_block};

/// Folder in the repository's `target` for what is built.
const TARGET: &str = "printed-algorithm";

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{command:?}: {errors}");
    out
}

#[test]
fn printed_algorithm_is_built_and_computes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/writing-algorithms.md")).unwrap();
    let printed = |language: &str| printed_block(&page, language, 0).unwrap();
    let place = tempfile::tempdir().unwrap();
    let package = PrintedPackage {
        name: "by_density",
        manifest: printed("toml"),
        code: printed("rust"),
        tests: None,
        target: TARGET,
    };
    package.build(place.path()).unwrap();
    let folder = place.path().join("package");
    let target = root.join("target").join(TARGET);
    let cargo = |words: &[&str]| {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.args(words).arg("--offline").current_dir(&folder);
        run(command.env("CARGO_TARGET_DIR", &target))
    };
    let tested = cargo(&["test"]);
    assert!(tested.contains("1 passed"), "{tested}");
    cargo(&["build", "--release", "--target", "wasm32-unknown-unknown"]);

    let settings = folder.join("settings.json");
    fs::write(&settings, printed("json")).unwrap();
    let module = target.join("wasm32-unknown-unknown/release/by_density.wasm");
    let mut worker = Command::new(Artifacts::of_running_test().unwrap().program("tig-worker"));
    worker.arg("compute_solution").arg(&settings);
    let output = run(worker.args(["rand_hash", "0"]).arg(&module));
    assert!(output.contains("\"items\""), "{output}");
}
