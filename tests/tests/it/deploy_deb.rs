//! The Debian packages in an overlay of this system: installed, upgraded, removed and purged, and as services of a systemd that
//! runs in namespaces of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tig_system_tests::{BuildFolder, skip};

/// An earlier version than any.
const OLD_VERSION: &str = "0.0.9-1";
const PACKAGES: [&str; 3] = ["tig-host", "tig-slave", "compute-horde"];

/// Builds the packages of what the tests are built of; `None` where cargo-deb was not installed.
fn packages(version: Option<&str>, folder: &Path) -> Option<Vec<PathBuf>> {
    let build = BuildFolder::of_running_test().unwrap();
    let tool = build.path().with_file_name("tools/bin/cargo-deb");
    if !tool.exists() {
        skip("cargo-deb is not installed: `cargo xtask deb` or `cargo xtask test` build it");
        return None;
    }
    let profile = match build.path().file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        other => other.unwrap(),
    };
    // All tests lay files at the same place.
    let lock = File::create(build.path().join("deb.lock")).unwrap();
    lock.lock().unwrap();
    let mut command = Command::new(build.program("xtask"));
    command
        .args(["deb", "--no-build", "--fast", "--profile", profile])
        .arg("--output")
        .arg(folder);
    if let Some(version) = version {
        command.args(["--deb-version", version]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let built = lines.lines().filter(|line| line.ends_with(".deb"));
    let built: Vec<PathBuf> = built.map(PathBuf::from).collect();
    assert_eq!(built.len(), PACKAGES.len(), "{lines}");
    Some(built)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

#[test]
fn packages_install_upgrade_and_purge() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name| folder.path().join(name);
    fs::create_dir(at("root")).unwrap();
    let (old, new) = (
        packages(Some(OLD_VERSION), &at("old")),
        packages(None, &at("new")),
    );
    let (Some(old), Some(new)) = (old, new) else {
        return;
    };
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "bash"])
        .arg(fixture("packages.sh"))
        .arg(at("root"));
    let output = command.args(old).args(new).output().unwrap();
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if said.contains("unshare: ") || said.contains("mount: ") || said.contains("chroot: ") {
        return skip(&format!(
            "an overlay of this system cannot be mounted here: {said}"
        ));
    }
    assert!(output.status.success(), "{said}");
    assert!(said.contains("== all is well"), "{said}");
}

/// Runs a scenario of the fixtures as the only service of a systemd, with these programs beside it.
fn run_under_systemd(scenario: &str, programs: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name| folder.path().join(name);
    fs::create_dir(at("root")).unwrap();
    fs::write(at("output"), "").unwrap();
    let Some(packages) = packages(None, &at("packages")) else {
        return;
    };
    let build = BuildFolder::of_running_test().unwrap();
    assert_eq!(build.first_missing(programs, &[]), None);
    // A systemd that does not come up says nothing and does not end.
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=5", "450", "unshare", "--fork", "--kill-child"])
        .args(["--pid", "--mount", "--uts", "--ipc", "--cgroup", "--net"])
        .arg("bash")
        .arg(fixture("systemd.sh"))
        .args([at("root"), at("output"), fixture(scenario)])
        .args(packages)
        .args(programs.iter().map(|name| build.program(name)));
    let output = command.output().unwrap();
    let said = fs::read_to_string(at("output")).unwrap();
    if said.is_empty() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return skip(&format!(
            "systemd cannot be started in namespaces here: {errors}"
        ));
    }
    assert!(said.contains("== all is well"), "{said}");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn packages_run_as_services_of_systemd() {
    run_under_systemd("units.sh", &[]);
}

#[test]
fn validator_runs_as_a_service_of_systemd() {
    run_under_systemd("validator_unit.sh", &["horde-devnet"]);
}
