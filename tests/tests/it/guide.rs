//! `docs/writing-extensions.md`, followed to the letter in an empty folder outside of the repository: the selector that it leads to
//! runs and decides, and the plugin that it prints passes its tests.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tig_system_tests::{Artifacts, PrintedPackage, Process, get, printed_block, wait_for};

use crate::support::{Running, one_challenge, patch_config};

/// Folder in the repository's `target` for what is built, so that dependencies are built once.
const TARGET: &str = "scaffold";
/// The one command that does not end by itself.
const DEV: &str = "tig-host dev .";
/// For a build beside other tests, which may be the first one of all dependencies.
const BUILD_TIMEOUT: Duration = Duration::from_secs(240);

fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap()
}

/// A part of the guide, by its heading.
fn part(heading: &str) -> String {
    let page = fs::read_to_string(repository().join("docs/writing-extensions.md")).unwrap();
    let (_, part) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let end = part.find("\n## ").unwrap_or(part.len());
    part[..end].to_owned()
}

/// The commands of each block with a `$`, without what they print.
fn command_blocks(part: &str) -> Vec<String> {
    let blocks = (0..).map_while(|number| printed_block(part, "console", number));
    let commands = |block: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix("$ "));
        lines.collect::<Vec<_>>().join("\n")
    };
    blocks.map(commands).collect()
}

/// A reader with terminals in the same folder, who goes from block to block.
struct Reader {
    folder: PathBuf,
    master: PathBuf,
    dev: Option<Process>,
    place: TempDir,
}

impl Reader {
    fn start() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("empty");
        fs::create_dir(&folder).unwrap();
        Self {
            folder,
            master: PathBuf::new(),
            dev: None,
            place,
        }
    }

    /// A shell in which the programs of this build are found, and nothing is fetched.
    fn shell(&self, script: &str) -> Command {
        let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
        let programs = artifacts.program("tig-host");
        let programs = programs.parent().unwrap().to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [programs].into_iter().chain(env::split_paths(&path));
        let path: OsString = env::join_paths(folders).unwrap();
        let mut command = Command::new("bash");
        command
            .args(["-euc", script])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("MASTER", &self.master)
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            // Dependencies are those of other tests; what is built for the reader is in the reader's folder.
            .env(
                "CARGO_BUILD_BUILD_DIR",
                repository().join("target").join(TARGET),
            )
            // Symbols and optimisations would only cost time.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        command
    }

    fn follow(&mut self, commands: &str) {
        if commands == DEV {
            let mut command = self.shell(&format!("exec {DEV}"));
            self.dev = Some(Process::spawn("dev", &mut command, self.place.path()).unwrap());
            self.wait_for_dev_line("is running after");
            return;
        }
        let end = self.place.path().join("end");
        let script = format!("{commands}\npwd > '{}'", end.display());
        let output = self.shell(&script).output().unwrap();
        assert!(output.status.success(), "{commands}: {output:?}");
        self.folder = fs::read_to_string(end).unwrap().trim_end().into();
        // The versions that are here, since nothing is fetched.
        let lock = self.folder.join("Cargo.lock");
        if self.folder.join("Cargo.toml").exists() && !lock.exists() {
            fs::copy(repository().join("Cargo.lock"), lock).unwrap();
        }
    }

    /// Waits for a line of `tig-host dev` with this text; returns what follows the text.
    fn wait_for_dev_line(&mut self, text: &str) -> String {
        let file = self.place.path().join("dev.out");
        let dev = self.dev.as_mut().unwrap();
        let found = wait_for(&format!("a line with {text:?}"), BUILD_TIMEOUT, || {
            dev.check_running().unwrap();
            let output = fs::read_to_string(&file).ok()?;
            let rest = output.split_once(text)?.1;
            let (rest, _) = rest.split_once('\n')?;
            Some(rest.trim().to_owned())
        });
        found.unwrap_or_else(|timed_out| {
            let output = fs::read_to_string(self.place.path().join("dev.out"));
            panic!("{timed_out}\n{}", output.unwrap_or_default())
        })
    }
}

/// The weight of a challenge, if the selector has chosen it.
fn selected_weight(address: &str, challenge: &str) -> Option<f64> {
    let precommits: Value = get(address, "/precommits").ok()?.json().ok()?;
    let challenge = &precommits["challenges"][challenge];
    challenge["weight"]
        .as_f64()
        .filter(|_| challenge["chosen_by"] == "selector")
}

/// Adds what the guide says to the config of a running system.
fn edit_config(running: &Running, addition: &str) {
    let addition: Value = serde_json::from_str(addition).unwrap();
    patch_config(&running.stack.site, |config| {
        let name = addition["extensions"].as_array().unwrap().last().unwrap();
        config["extensions"]
            .as_array_mut()
            .unwrap()
            .push(name.clone());
        let sections = addition["config"].as_object().unwrap().clone();
        config["config"].as_object_mut().unwrap().extend(sections);
    });
}

#[test]
fn guide_leads_to_a_custom_selector_that_decides() {
    let mut reader = Reader::start();
    let ten_minutes = command_blocks(&part("Ten minutes"));
    assert!(ten_minutes.iter().any(|block| block == DEV));
    for commands in &ten_minutes {
        reader.follow(commands);
    }
    let address = reader.wait_for_dev_line("host      runs at http://");
    // The generated policy gives 1 at most.
    let custom = || selected_weight(&address, "knapsack").filter(|weight| *weight > 1.0);
    let weight = wait_for("the changed policy", BUILD_TIMEOUT, custom).unwrap();
    assert!(weight <= 2.0, "{weight}");
    drop(reader.dev.take());

    let into_a_host = part("Into a host that runs");
    let [build, control] = &command_blocks(&into_a_host)[..] else {
        panic!("two blocks: the file, and the config");
    };
    let mut running = Running::start(&one_challenge());
    reader.master = running.stack.site.folder().to_owned();
    reader.follow(build);
    assert_eq!(reader.folder, reader.master.canonicalize().unwrap());
    edit_config(&running, printed_block(&into_a_host, "json", 0).unwrap());
    reader.follow(control);
    let weight = running.wait_for("a choice of the loaded plugin", |stack| {
        selected_weight(&stack.host_address, "satisfiability")
    });
    assert!(weight > 0.0 && weight <= 4.0, "{weight}");
}

#[test]
fn printed_plugin_passes_its_tests_and_loads() {
    let (package, tests) = (part("A whole plugin"), part("Tests"));
    let package = PrintedPackage {
        name: "price_watch",
        manifest: printed_block(&package, "toml", 0).unwrap(),
        code: printed_block(&package, "rust", 0).unwrap(),
        tests: printed_block(&tests, "rust", 0),
        target: TARGET,
    };
    assert!(package.tests.is_some());
    let place = tempfile::tempdir().unwrap();
    let file = package.build(place.path()).unwrap();
    let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
    let mut info = Command::new(artifacts.program("tig-host"));
    let output = info.args(["plugin", "info"]).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("GET /price"),
        "{output:?}"
    );
}
