//! Replacing a plugin's file while the host runs.

use std::fs;
use std::path::PathBuf;

use tig_system_tests::Stage;

use crate::support::{Running, one_challenge};

const EXTENSION: &str = "precommit_manager";
const FILE: &str = "libprecommit_manager.so";
/// How the manifest begins.
const MANIFEST: &[u8] = br#"{"name":"precommit_manager""#;
/// At least the bytes of the manifest.
const MANIFEST_MAX: usize = 1_024;
/// At least the bytes of the ELF header and the program headers.
const HEADERS: usize = 4_096;

/// The host's copy of the file, and its bytes.
fn plugin_file(running: &Running) -> (PathBuf, Vec<u8>) {
    let path = running.stack.site.plugin(EXTENSION);
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// The same code as another version: only its manifest differs.
fn other_version(bytes: &[u8]) -> Vec<u8> {
    let (old, new) = (br#""version":"0.1.0""#, br#""version":"0.1.1""#);
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.expect("the manifest names the version");
    let mut other = bytes.to_vec();
    other[at..at + new.len()].copy_from_slice(new);
    other
}

/// A file of the right shape with an intact manifest and no code: whoever maps it and calls it dies.
fn hollow(bytes: &[u8]) -> Vec<u8> {
    let manifest = bytes
        .windows(MANIFEST.len())
        .position(|window| window == MANIFEST);
    let manifest = manifest.expect("the manifest is a JSON object");
    let mut hollow = bytes.to_vec();
    hollow[HEADERS..bytes.len() * 3 / 4].fill(0);
    let manifest = manifest..manifest + MANIFEST_MAX;
    hollow[manifest.clone()].copy_from_slice(&bytes[manifest]);
    hollow
}

/// Waits for a benchmark that was not there before, until its precommit is confirmed.
fn wait_for_new_precommit(running: &mut Running) {
    let before = running.benchmark_ids();
    running.wait_for_benchmark("a new precommit", |benchmark| {
        benchmark.stage >= Stage::Precommit && !before.contains(&benchmark.benchmark_id)
    });
}

#[test]
fn another_build_takes_over_and_benchmarks_go_on() {
    let mut running = Running::start(&one_challenge());
    wait_for_new_precommit(&mut running);
    let (path, bytes) = plugin_file(&running);
    // In place, as `cp` does.
    fs::write(path, other_version(&bytes)).unwrap();
    running.wait_for_host_log(&["extension reloaded", EXTENSION, "0.1.0", "0.1.1"]);
    wait_for_new_precommit(&mut running);
}

#[test]
fn file_that_is_not_a_plugin_keeps_the_running_one() {
    let mut running = Running::start(&one_challenge());
    let (path, bytes) = plugin_file(&running);
    let bad: [(&str, &[u8]); 3] = [
        ("text", b"not a plugin"),
        ("truncated", &bytes[..bytes.len() / 2]),
        ("hollow", &hollow(&bytes)),
    ];
    for (kind, content) in bad {
        let refusals = |log: &str| {
            let lines = log
                .lines()
                .filter(|line| line.contains("rejected") && line.contains(FILE));
            lines.count()
        };
        let before = refusals(&running.stack.host.log());
        fs::write(&path, content).unwrap();
        running.wait_for(kind, |stack| {
            (refusals(&stack.host.log()) > before).then_some(())
        });
        wait_for_new_precommit(&mut running);
    }
}
