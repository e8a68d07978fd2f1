//! A host that records, and what a replay of it finds.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Home, HostProcess, Ran, fixture, with_version};

/// The recording.
pub(super) const FILE: &str = "night.rec";

/// Exit code of a replay that has found differences.
pub(super) const DIFFERENT: i32 = 12;

/// A folder whose config has the counter and the recorder recorded. The folder `first` keeps their first versions.
pub(super) fn home() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("first")).unwrap();
    for name in ["counter", "recorder"] {
        let file = home.path("first").join(format!("lib{name}.so"));
        fs::copy(fixture(name), file).unwrap();
    }
    let mut config = home.config();
    config["record"] = json!({ "file": FILE });
    home.write_config(&config);
    home
}

/// Installs the counter as another version, which the folder `version` keeps.
pub(super) fn install(home: &Home, version: &str) {
    let bytes = with_version("counter", version);
    fs::create_dir_all(home.path(version)).unwrap();
    fs::write(home.path(version).join("libcounter.so"), &bytes).unwrap();
    home.install("counter", &bytes);
}

/// Ends the host, so that all is in its file.
pub(super) fn stop(mut host: HostProcess) {
    host.signal(Signal::TERM);
    host.wait();
}

/// Reads the config again.
pub(super) fn reload(home: &Home) {
    let ran = home.tig_host(&["reload", "--config", "config.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// The exit code and the report of a replay with the plugin files of all versions.
pub(super) fn replay(home: &Home, words: &[&str]) -> (Option<i32>, Value) {
    let mut arguments = vec!["replay", "--json"];
    for folder in ["first", "0.1.1", "0.1.2", "plugins"] {
        if home.path(folder).exists() {
            arguments.extend(["--plugins", folder]);
        }
    }
    arguments.extend(words);
    if !words.iter().any(|word| word.contains(".rec")) {
        arguments.push(FILE);
    }
    let ran = home.tig_host(&arguments);
    (ran.code, ran.json())
}

/// Replays, and checks that nothing differs and nothing was left out.
pub(super) fn replay_same(home: &Home, words: &[&str]) -> Value {
    let (code, report) = replay(home, words);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(texts(&report, "skipped"), [""; 0], "{report:#}");
    assert_eq!(texts(&report, "damage"), [""; 0], "{report:#}");
    report
}

/// What a report says of what it has left out, or could not read.
pub(super) fn texts(report: &Value, key: &str) -> Vec<String> {
    serde_json::from_value(report[key]["texts"].clone()).unwrap()
}

/// Number of compared calls of an extension.
pub(super) fn calls(report: &Value, extension: &str) -> u64 {
    let extensions = report["extensions"].as_array().unwrap();
    let found = extensions.iter().find(|it| it["name"] == extension);
    found.map_or(0, |it| it["calls"]["all"].as_u64().unwrap())
}

/// The uncompressed content of all blocks, the head's included.
pub(super) fn contents(path: &Path) -> Vec<u8> {
    let mut reader = tig_recording::Reader::open(path).unwrap();
    let mut contents = serde_json::to_vec(reader.head()).unwrap();
    while let Some(read) = reader.next_block().unwrap() {
        let block = read.unwrap();
        contents.extend(block.extension.as_bytes());
        contents.extend(block.content);
    }
    contents
}

/// The uncompressed content of the blocks of a file that is still written, up to one that is not whole.
pub(super) fn readable(path: &Path) -> Vec<u8> {
    let mut contents = Vec::new();
    if let Ok(mut reader) = tig_recording::Reader::open(path) {
        while let Ok(Some(Ok(block))) = reader.next_block() {
            contents.extend(block.content);
        }
    }
    contents
}

pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Runs a command that fails, and returns what it says.
pub(super) fn error(home: &Home, words: &[&str]) -> String {
    let Ran {
        code,
        stdout,
        stderr,
    } = home.tig_host(words);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    stderr
}
