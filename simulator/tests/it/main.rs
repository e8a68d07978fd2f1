//! Runs of the simulation with the real plugin files.

#![cfg(test)]

mod recording;
mod rolled_back_proof;
mod stale_node;

use std::path::{Path, PathBuf};

use tig_simulator::scenario::Scenario;
use tig_simulator::site::Site;
use tig_simulator::world::{Run, play};

/// Seeds that are played here; `cargo xtask simulate` plays more.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

/// Where the plugins are: beside the program.
fn plugins() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_tig-simulate"));
    let folder = program.parent().expect("a program lies in a folder");
    let file = folder.join("libjob_manager.so");
    assert!(
        file.exists(),
        "{} is missing: build it with `cargo build --workspace`",
        file.display()
    );
    folder.to_owned()
}

fn run(site: &Site, scenario: &Scenario) -> Run {
    play(site, scenario, true).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_transcript() {
    let site = Site::new(&plugins()).unwrap();
    let scenario = Scenario::of(1, 1);
    let (first, second) = (run(&site, &scenario), run(&site, &scenario));
    assert_eq!(first.transcript.kept(), second.transcript.kept());
    let other = run(&site, &Scenario::of(2, 1));
    assert_ne!(first.transcript.hash(), other.transcript.hash());
}

#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    let site = Site::new(&plugins()).unwrap();
    for seed in SEEDS {
        let run = run(&site, &Scenario::of(seed, 1));
        assert_eq!(run.violation, None, "seed {seed}");
        assert!(
            run.paid > 0 && run.proved > 0,
            "seed {seed}: nothing was done"
        );
    }
}
