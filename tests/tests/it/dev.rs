//! `tig-host dev`: crates outside of the repository, with the real cargo, are built, run, reloaded and tested at each save.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tig_scaffold::KINDS;
use tig_system_tests::{BuildFolder, Process, wait_for};

use crate::support::processes_with;

/// Folder in the repository's `target` for what is built, so that dependencies are built once.
const TARGET: &str = "scaffold";
/// For a build beside other tests, which may be the first one of all dependencies.
const BUILD_TIMEOUT: Duration = Duration::from_secs(180);
/// Time to end everything.
const END_TIMEOUT: Duration = Duration::from_secs(20);
/// Lines that are shown when a test fails.
const SHOWN_LINES: usize = 40;

const MANIFEST: &str = r#"
[package]
name = "NAME"
version = "0.1.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
tig-plugin-api = { path = "API" }
[workspace]
"#;

/// Emits `ticked` with the number 1 again and again.
const CODE: &str = r#"
use tig_plugin_api::prelude::*;

struct Ticker;

#[extension(emits("ticked"))]
impl Ticker {
    fn new(_config: std::collections::BTreeMap<String, u8>, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.emit_json("ticked", &1)
    }
}

#[test]
fn one_is_one() {
    // As a snapshot that a test renews: it is not a source.
    let now = format!("{:?}", std::time::SystemTime::now());
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/left.snap.new"), now).unwrap();
    assert_eq!(1, 1);
}
"#;

fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap()
}

fn host() -> PathBuf {
    BuildFolder::of_running_test().unwrap().program("tig-host")
}

/// `tig-host dev` for the crate in `package`.
fn command(package: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(host());
    command
        .arg("dev")
        .arg(package)
        .args(words)
        .env("CARGO_TARGET_DIR", repository().join("target").join(TARGET))
        // Nothing is fetched; symbols would only cost time.
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    command
}

/// Runs it to its end; code, and everything that it has written.
fn run(package: &Path, words: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(package, words).output().unwrap();
    let text = [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (status.code(), text.concat())
}

/// Writes the crate of a plugin that is alone.
fn write_ticker(place: &Path, name: &str) -> PathBuf {
    let package = place.join(name);
    fs::create_dir_all(package.join("src")).unwrap();
    let api = repository().join("plugin-api").display().to_string();
    let manifest = MANIFEST.replace("NAME", name).replace("API", &api);
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The versions that are here, since nothing is fetched.
    fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    write_code(&package, CODE);
    package
}

fn write_code(package: &Path, code: &str) {
    fs::write(package.join("src/lib.rs"), code).unwrap();
}

/// A running `tig-host dev`.
struct Dev {
    process: Process,
    output: PathBuf,
    /// Bytes of the output that were looked at.
    seen: usize,
}

impl Dev {
    fn start(place: &Path, package: &Path, words: &[&str]) -> Self {
        let mut command = command(package, words);
        command.arg("--exit-with-parent");
        Self {
            process: Process::spawn("dev", &mut command, place).unwrap(),
            output: place.join("dev.out"),
            seen: 0,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap()).into_owned()
    }

    /// Waits for the next line with all of `words`, after the one that was found last.
    fn line(&mut self, words: &[&str]) -> String {
        let found = wait_for(&format!("a line with {words:?}"), BUILD_TIMEOUT, || {
            let text = self.text();
            let mut at = self.seen;
            // A line without its end may be half of one.
            for line in text[at..].split_inclusive('\n') {
                at += line.len();
                if line.ends_with('\n') && words.iter().all(|word| line.contains(word)) {
                    self.seen = at;
                    return Some(line.to_owned());
                }
            }
            self.process.check_running().unwrap();
            None
        });
        found.unwrap_or_else(|timed_out| {
            let text = self.text();
            let lines: Vec<&str> = text.lines().collect();
            let end = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            panic!("{timed_out}\n{}", end.join("\n"));
        })
    }

    /// Waits for a line each, in any order.
    fn lines(&mut self, all: &[&[&str]]) {
        let start = self.seen;
        let ends = all.iter().map(|words| {
            self.seen = start;
            self.line(words);
            self.seen
        });
        self.seen = ends.max().unwrap_or(start);
    }

    /// The folder of the run, which all command lines of its programs hold.
    fn run_folder(&mut self) -> String {
        let line = self.line(&["tig-host top --backup"]);
        let folder = line.split("tig-dev-").nth(1).unwrap();
        format!("tig-dev-{}", folder.split('/').next().unwrap())
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    fn end_code(&mut self) -> Option<i32> {
        let ended = wait_for("the end", END_TIMEOUT, || self.process.exit_status());
        ended.unwrap().code()
    }
}

fn wait_for_none(word: &str) {
    let gone = wait_for("the end of all programs", END_TIMEOUT, || {
        processes_with(word).is_empty().then_some(())
    });
    gone.unwrap_or_else(|error| panic!("{error}: {:?}", processes_with(word)));
}

#[test]
fn each_save_is_built_reloaded_and_tested() {
    let place = tempfile::tempdir().unwrap();
    let package = write_ticker(place.path(), "dev_ticker");
    write_code(&package, "broken(");
    let mut dev = Dev::start(place.path(), &package, &["--events", "ticked"]);
    // What cannot be built at first waits for a save that can.
    dev.line(&["error: could not compile"]);
    dev.line(&["waiting for the next save"]);
    write_code(&package, CODE);
    dev.line(&["src/lib.rs changed"]);
    dev.line(&["dev_ticker 0.1.0", "is running after"]);
    let folder = dev.run_folder();
    dev.line(&["event", "ticked  dev_ticker > (no handler)  1"]);

    write_code(&package, &CODE.replace("&1", "&2"));
    dev.line(&["reload", "dev_ticker 0.1.0", "is running after"]);
    dev.lines(&[&["ticked", "  2"], &["tests", "1 passed"]]);

    write_code(&package, &CODE.replace("&1", "&nothing"));
    dev.line(&["error[E0425]", "nothing"]);
    dev.line(&["build", "failed; the earlier build runs on"]);
    dev.line(&["ticked", "  2"]);
    assert!(package.join("left.snap.new").exists());
    assert!(!dev.text().contains("left.snap.new changed"));

    // A test that fails keeps nothing from running.
    let failing = CODE.replace("&1", "&3").replace("(1, 1)", "(1, 2)");
    write_code(&package, &failing);
    dev.line(&["reload", "is running after"]);
    dev.lines(&[
        &["assertion", "left == right"],
        &["tests", "1 failed, 0 passed"],
        &["ticked", "  3"],
    ]);

    assert_ne!(processes_with(&folder), Vec::<String>::new());
    dev.signal(Signal::INT);
    assert_eq!(dev.end_code(), Some(0), "{}", dev.process.log());
    wait_for_none(&folder);
    let target = repository().join("target").join(TARGET);
    assert!(!target.join(folder).exists());

    let (code, text) = run(&package, &["--once"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("1 failed, 0 passed"), "{text}");
    let (code, text) = run(&package, &["--once", "--no-test"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn nothing_outlives_a_killed_run() {
    let place = tempfile::tempdir().unwrap();
    let package = write_ticker(place.path(), "dev_killed");
    // A test that never ends is at work then.
    write_code(
        &package,
        &CODE.replace("assert_eq!(1, 1)", "loop { std::thread::park() }"),
    );
    let mut dev = Dev::start(place.path(), &package, &[]);
    let folder = dev.run_folder();
    let test_program = "/deps/dev_killed-";
    wait_for("the test", BUILD_TIMEOUT, || {
        (!processes_with(test_program).is_empty()).then_some(())
    })
    .unwrap();
    dev.process.kill();
    wait_for_none(&folder);
    wait_for_none(test_program);
    let folder = repository().join("target").join(TARGET).join(folder);
    assert!(folder.join("config.json").exists());
    let (code, text) = run(&package, &["--once", "--no-test"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!folder.exists());
}

#[test]
fn program_that_ends_is_named_with_its_log() {
    let place = tempfile::tempdir().unwrap();
    let package = write_ticker(place.path(), "dev_companion");
    let description = r#"{
        "companions": [{
            "name": "short", "program": "sh",
            "arguments": ["-c", "echo at {{folder}}; sleep 1; echo the reason >&2; exit 3"],
            "ready": { "line": "at " }
        }],
        "config": { "extensions": ["{{plugin}}"] }
    }"#;
    fs::write(package.join("dev.json"), description).unwrap();
    let mut dev = Dev::start(place.path(), &package, &["--no-test"]);
    dev.line(&["short", "runs at /"]);
    dev.line(&["short has ended (exit status: 3)"]);
    dev.line(&["the reason"]);
    dev.line(&["the next save starts everything again"]);
    let missing = description.replace("\"sh\"", "\"no-such-program\"");
    fs::write(package.join("dev.json"), missing).unwrap();
    dev.line(&["error", "short needs no-such-program, which is missing"]);
    dev.line(&["waiting for the next save"]);
    dev.signal(Signal::TERM);
    assert_eq!(dev.end_code(), Some(0), "{}", dev.process.log());

    // One that is ready at once may fail right after.
    let at_once = description.replace(r#""ready": { "line": "at " }"#, r#""hint": """#);
    fs::write(package.join("dev.json"), at_once).unwrap();
    let (code, text) = run(&package, &["--once", "--no-test"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("the reason"), "{text}");
}

#[test]
fn wrong_folders_and_descriptions_are_named() {
    let place = tempfile::tempdir().unwrap();
    let (code, text) = run(place.path(), &["--once"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("there is no Cargo.toml in"), "{text}");

    let package = write_ticker(place.path(), "dev_wrong");
    let cases = [
        (
            r#"{"companions": [{"name": "a"}]}"#,
            "companions[0]: missing field `program`",
        ),
        ("{", "dev.json is not JSON"),
        (
            r#"{"config": {"extensions": ["dev_wrongs"]}}"#,
            "did you mean `dev_wrongs`",
        ),
        // The host finds these.
        (
            r#"{"config": {"extensions": ["{{plugin}}"], "port": "x"}}"#,
            "host has ended (exit status: 3)",
        ),
        (
            r#"{"config": {"extensions": ["{{plugin}}"], "config": 7}}"#,
            "host has ended (exit status: 3)",
        ),
    ];
    for (description, fault) in cases {
        fs::write(package.join("dev.json"), description).unwrap();
        let (code, text) = run(&package, &["--once"]);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains(fault), "{text}");
    }

    let manifest = package.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("cdylib", "rlib")).unwrap();
    let (code, text) = run(&package, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("the crate `dev_wrong` is not a plugin"),
        "{text}"
    );
    fs::write(&manifest, "no manifest").unwrap();
    let (code, text) = run(&package, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cargo cannot use"), "{text}");

    let mut without_cargo = command(&package, &[]);
    without_cargo.env("CARGO", "/no/cargo");
    let output = without_cargo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("cannot start cargo"), "{text}");
}

#[test]
fn every_kind_runs_in_its_world() {
    let programs = ["tig-host", "tig-devnet", "tig-slave", "horde-devnet"];
    let build = BuildFolder::of_running_test().unwrap();
    let missing = build.first_missing(&programs, &["horde_score"]);
    assert_eq!(missing, None, "run `cargo build --workspace` first");
    let place = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let name = format!("new_{}", kind.name.replace('-', "_"));
        let api = repository().join("plugin-api");
        let new = Command::new(host())
            .args(["plugin", "new", &name, "--kind", kind.name, "--api-path"])
            .arg(api)
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(new.status.success(), "{new:?}");
        let package = place.path().join(&name);
        fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
        let (code, text) = run(&package, &["--once"]);
        assert_eq!(code, Some(0), "{}: {text}", kind.name);
        for part in ["network   runs", " passed in ", &format!("{name} 0.1.0")] {
            assert!(text.contains(part), "{}: {text}", kind.name);
        }
    }
}
