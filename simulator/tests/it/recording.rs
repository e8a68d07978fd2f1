//! Recordings of seeds, replayed by the host's own program.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tig_simulator::disk::End;
use tig_simulator::scenario::{Boundary, Scenario, Timed, Trouble};
use tig_simulator::site::Site;
use tig_simulator::world::{play, play_recorded};
use tig_system_tests::PLUGINS;

use crate::plugins;

/// Calls of an hour of the simplest seed; fewer would be no test of a replay.
const CALLS_COUNT_MIN: u64 = 1_000;

const MINUTE_MS: u64 = 60_000;

/// The report of a replay of `file`.
fn replay(file: &Path) -> (Option<i32>, Value) {
    let program = plugins().join("tig-host");
    assert!(program.exists(), "run `cargo build -p tig-host` first");
    let mut command = Command::new(program);
    command
        .args(["replay", "--json", "--plugins"])
        .arg(plugins());
    let output = command.arg(file).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), report)
}

/// A kill at each boundary, a power cut, a restart, and a reload of each extension.
fn troubles() -> Vec<Timed> {
    let crash = |boundary, end| Trouble::Crash {
        transactions: 3,
        boundary,
        end,
        down_ms: 7_000,
    };
    let mut troubles = vec![
        crash(Boundary::Handled, End::Kill),
        crash(Boundary::Written, End::PowerCut),
        crash(Boundary::Done, End::Kill),
        Trouble::Restart,
    ];
    let reloads = 0..PLUGINS.len();
    troubles.extend(reloads.map(|extension| Trouble::Reload { extension }));
    let times = (5..).map(|minute| minute * MINUTE_MS);
    let timed = times.zip(troubles);
    timed
        .map(|(at_ms, trouble)| Timed { at_ms, trouble })
        .collect()
}

/// An hour with all troubles of a host.
fn troubled(seed: u64) -> Scenario {
    let mut scenario = Scenario::of(seed, 1);
    scenario.troubles.extend(troubles());
    scenario.troubles.sort_by_key(|timed| timed.at_ms);
    scenario
}

#[test]
fn recorded_seeds_replay_without_a_difference() {
    let site = Site::new(&plugins()).unwrap();
    for seed in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("seed.rec");
        let run = play_recorded(&site, &troubled(seed), false, &file).unwrap();
        assert_eq!(run.violation, None, "seed {seed}");
        // One for each start of the master.
        assert!(folder.path().join("seed.rec.4").exists(), "seed {seed}");
        let (code, report) = replay(&file);
        assert_eq!(code, Some(0), "seed {seed}: {report:#}");
        assert_eq!(report["has_differences"], false, "seed {seed}");
        for list in ["skipped", "damage"] {
            assert_eq!(report[list]["texts"], serde_json::json!([]), "seed {seed}");
        }
        let calls = report["calls"]["all"].as_u64().unwrap();
        assert!(calls > CALLS_COUNT_MIN, "seed {seed}: {calls} calls");
        let extensions = report["extensions"].as_array().unwrap();
        assert_eq!(extensions.len(), PLUGINS.len(), "seed {seed}");
    }
}

#[test]
fn recording_changes_nothing_of_a_run() {
    let site = Site::new(&plugins()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.rec");
    let scenario = troubled(1);
    let recorded = play_recorded(&site, &scenario, false, &file).unwrap();
    let plain = play(&site, &scenario, false).unwrap();
    assert_eq!(recorded.transcript.hash(), plain.transcript.hash());
}
