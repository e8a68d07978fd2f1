//! `tig-host plugin new`: what it writes builds, passes its tests and is loaded, outside of the repository; what it cannot
//! write it names.

mod git_source;
mod in_a_system;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_scaffold::KINDS;
use tig_system_tests::{BuildFolder, plugin_file_name};

/// Folder in the repository's `target` for what is built, so that dependencies are built once.
const TARGET: &str = "scaffold";

fn host() -> PathBuf {
    let build = BuildFolder::of_running_test().unwrap();
    let missing = build.first_missing(&["tig-host"], &[]);
    assert_eq!(missing, None, "run `cargo build -p tig-host` first");
    build.program("tig-host")
}

fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap()
}

/// Runs `tig-host plugin new WORDS` in `folder`.
fn new_plugin(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(host());
    command.args(["plugin", "new"]).args(words);
    command.current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn run_cargo(words: &[&str], package: &Path) {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(words)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", repository().join("target").join(TARGET))
        // Symbols would only cost time.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{words:?}: {stderr}{stdout}");
    assert!(!stderr.contains("warning"), "{words:?}: {stderr}");
    // `cargo test` without a test would pass, too.
    if words[0] == "test" {
        assert!(!stdout.contains("running 0 tests"), "{stdout}");
    }
}

/// Checks a config that lists the plugin in `file` with the section that its crate proposes.
fn check_config(name: &str, package: &Path, file: &Path) {
    let place = tempfile::tempdir().unwrap();
    fs::copy(file, place.path().join(plugin_file_name(name))).unwrap();
    let sections = json!({ name: section(name, package) });
    let config = json!({ "extensions": [name], "plugin_folder": ".", "config": sections });
    fs::write(place.path().join("config.json"), config.to_string()).unwrap();
    let mut check = Command::new(host());
    check
        .args(["check", "config.json"])
        .current_dir(place.path());
    let output = check.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{name}: {said}");
}

/// Generates a plugin of this kind in `place`; its name, and its folder.
fn generate(place: &Path, kind: &str) -> (String, PathBuf) {
    let api = repository().join("plugin-api");
    let name = format!("new_{}", kind.replace('-', "_"));
    let words = [&name, "--kind", kind, "--api-path", api.to_str().unwrap()];
    let output = new_plugin(place, &words);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let next = format!("next:\n  cd ./{name}\n  cargo test\n  tig-host dev .\n");
    assert!(said.ends_with(&next), "{said}");
    let package = place.join(&name);
    // The versions that are here, since nothing is fetched.
    fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    (name, package)
}

/// Builds the plugin in `package`; its file.
fn build(name: &str, package: &Path) -> PathBuf {
    run_cargo(&["build", "--offline"], package);
    let target = repository().join("target").join(TARGET);
    target.join("debug").join(plugin_file_name(name))
}

/// The section that the crate proposes for its plugin.
fn section(name: &str, package: &Path) -> Value {
    let sections = fs::read_to_string(package.join("config.section.json")).unwrap();
    let sections: Value = serde_json::from_str(&sections).unwrap();
    sections[name].clone()
}

#[test]
fn every_kind_builds_passes_its_tests_and_loads() {
    let place = tempfile::tempdir().unwrap();
    // A workspace around them, which they must not join.
    fs::write(place.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    for kind in KINDS {
        let (name, package) = generate(place.path(), kind.name);
        run_cargo(&["test", "--offline"], &package);
        let file = build(&name, &package);
        check_config(&name, &package, &file);
    }
    assert_eq!(entries(place.path()).len(), KINDS.len() + 1);
}

fn manifest(folder: &Path) -> String {
    fs::read_to_string(folder.join("zebra/Cargo.toml")).unwrap()
}

#[test]
fn clone_of_the_running_host_is_the_default_api() {
    let place = tempfile::tempdir().unwrap();
    let output = new_plugin(place.path(), &["zebra"]);
    let said = text(&output.stdout);
    assert!(
        said.contains("the clone that this program was built in"),
        "{said}"
    );
    let api = repository().join("plugin-api").display().to_string();
    let line = format!("\ntig-plugin-api = {{ path = \"{api}\" }}\n");
    assert!(manifest(place.path()).contains(&line));
}

#[test]
fn host_outside_of_a_clone_asks_for_a_source() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("tig-host");
    fs::copy(host(), &program).unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["plugin", "new", "zebra"]).args(words);
        command.current_dir(place.path()).output().unwrap()
    };
    let refused = run(&[]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    for option in ["--api-path", "--api-git", "--api-version"] {
        assert!(said.contains(option), "{said}");
    }
    assert_eq!(text(&refused.stdout), "");
    assert_eq!(entries(place.path()), ["tig-host"], "nothing is written");

    let by_version = run(&["--api-version", "0.1"]);
    let said = text(&by_version.stdout);
    assert!(
        said.contains("the registry that cargo asks must have it"),
        "{said}"
    );
    assert!(manifest(place.path()).contains("\ntig-plugin-api = \"0.1\"\n"));
}

/// Two revisions of one source.
const BRANCH_AND_TAG: [&str; 7] = [
    "zebra",
    "--api-git",
    "file:///a",
    "--api-tag",
    "a",
    "--api-branch",
    "b",
];

#[test]
fn bad_words_are_refused_with_their_remedy() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("taken")).unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let root = repository().display().to_string();
    let cases: [(&[&str], &str); 16] = [
        (
            &["my-sampler"],
            "only a-z, 0-9 and _ are allowed; try `my_sampler`",
        ),
        (&["match"], "it is a keyword of Rust; try `match_plugin`"),
        (
            &["host"],
            "it is the name of the host itself; try `host_plugin`",
        ),
        (&["../up"], "try `up`"),
        (
            &["taken"],
            "taken exists; give another name, another --folder, or remove it",
        ),
        (
            &["zebra", "--folder", "nowhere"],
            "there is no folder nowhere; make it, or give another --folder",
        ),
        (&["zebra", "--folder", "file"], "there is no folder file"),
        (&["zebra", "--api-path", &root], "/plugin-api"),
        (
            &["zebra", "--api-version", "latest"],
            "give a version, such as 0.1",
        ),
        (&["zebra", "--api-version", "1,,,"], "give a version"),
        (
            &["zebra", "--api-git", "https://user:t0ken@example.com/a"],
            "--api-git: the URL holds a user or a password",
        ),
        (
            &["zebra", "--api-git", "file:///a", "--api-rev", "main"],
            "a branch by --api-branch, a tag by --api-tag",
        ),
        (&BRANCH_AND_TAG, "cannot be used with"),
        (
            &["precommit_manager"],
            "has this name; try `precommit_manager_plugin`",
        ),
        (
            &["zebra", "--api-version", "1", "--api-path", "."],
            "cannot be used with",
        ),
        (
            &["zebra", "--kind", "notifier"],
            "possible values: empty, observer, sampler",
        ),
    ];
    for (words, remedy) in cases {
        let output = new_plugin(place.path(), words);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(remedy), "{words:?}: {said}");
        assert!(!said.contains("t0ken"), "{words:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{words:?}");
        assert_eq!(entries(place.path()), ["file", "taken"], "{words:?}");
    }
    assert!(entries(&place.path().join("taken")).is_empty());
}

#[test]
fn sampler_may_have_the_name_of_the_stock_one() {
    let place = tempfile::tempdir().unwrap();
    let output = new_plugin(place.path(), &["difficulty_sampler", "--kind", "sampler"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn refusing_system_is_named() {
    let place = tempfile::tempdir().unwrap();
    // Not even root makes folders there.
    let output = new_plugin(place.path(), &["zebra", "--folder", "/proc"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write into /proc: "), "{said}");
    assert!(said.contains("; give another --folder"), "{said}");
}

/// Programs with their versions, and what is warned of.
struct Toolchain {
    versions: &'static [(&'static str, &'static str)],
    warnings: &'static [&'static str],
}

const TOOLCHAINS: [Toolchain; 3] = [
    Toolchain {
        versions: &[],
        warnings: &["warning: cannot run cargo: ", "warning: cannot run rustc: "],
    },
    Toolchain {
        versions: &[("cargo", "1.70.0"), ("rustc", "1.70.0")],
        warnings: &[
            "warning: cargo is 1.70.0, the plugin needs ",
            "warning: rustc is 1.70.0, the plugin needs ",
            "run `rustup update`",
        ],
    },
    Toolchain {
        versions: &[("cargo", "9.0.0"), ("rustc", "9.0.0")],
        warnings: &[],
    },
];

/// A folder of programs that print these versions.
fn programs(versions: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (program, version) in versions {
        let path = folder.path().join(program);
        let script = format!("#!/bin/sh\necho '{program} {version} (x)'\n");
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[test]
fn missing_and_old_toolchains_are_warned_of() {
    for Toolchain { versions, warnings } in TOOLCHAINS {
        let place = tempfile::tempdir().unwrap();
        let programs = programs(versions);
        let output = Command::new(host())
            .args(["plugin", "new", "zebra"])
            .current_dir(place.path())
            .env("PATH", programs.path())
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.is_empty(), warnings.is_empty(), "{said}");
        for warning in warnings {
            assert!(said.contains(warning), "{said}");
        }
        assert!(place.path().join("zebra/src/lib.rs").exists());
    }
}
