//! `docs/writing-algorithms.md`: the module that it prints is built as its reader builds it, and computes.

use std::fs;
use std::path::Path;
use std::process::Command;

use tig_system_tests::{Artifacts, PrintedPackage, printed_block};

/// Target of a module.
const WASM: &str = "wasm32-unknown-unknown";

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
        target: "printed-algorithm",
    };
    let folder = package.write(place.path()).unwrap();
    let tested = package.cargo(&folder, &["test"]).unwrap();
    assert!(tested.contains("1 passed"), "{tested}");
    let build = ["build", "--release", "--target", WASM];
    package.cargo(&folder, &build).unwrap();

    let settings = folder.join("settings.json");
    fs::write(&settings, printed("json")).unwrap();
    let built = package.target().unwrap().join(WASM).join("release");
    let artifacts = Artifacts::of_running_test().unwrap();
    let output = Command::new(artifacts.program("tig-worker"))
        .arg("compute_solution")
        .arg(&settings)
        .args(["rand_hash", "0"])
        .arg(built.join("by_density.wasm"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let solution = String::from_utf8(output.stdout).unwrap();
    assert!(solution.contains("\"items\""), "{solution}");
}
