//! Runs of the simulation with the real extensions.

#![cfg(test)]

mod day;
mod pool;

use std::path::{Path, PathBuf};

use horde_simulator::scenario::Scenario;
use horde_simulator::site::Site;
use horde_simulator::world::{Run, play};
use tig_simulator::site::SiteError;

/// Seeds that are played here; `cargo xtask horde simulate` plays more.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

/// Where the extensions are: beside the program.
fn plugins() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_horde-simulate"));
    let folder = program.parent().expect("a program lies in a folder");
    let file = folder.join("libhorde_miners.so");
    assert!(
        file.exists(),
        "{} is missing: build it with `cargo build --workspace`",
        file.display()
    );
    folder.to_owned()
}

fn run(site: &Site, seed: u64) -> Run {
    play(site, &Scenario::of(seed).unwrap(), true).unwrap()
}

#[test]
fn missing_extensions_are_named() {
    let error = |folder: &Path| Site::new(folder).err().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let SiteError::Host(cause) = error(empty.path()) else {
        panic!("an empty folder has no extensions");
    };
    assert!(cause.to_string().contains("horde_miners"), "{cause}");
    let missing = error(&empty.path().join("missing"));
    assert!(matches!(missing, SiteError::File(_)), "{missing}");
}

#[test]
fn same_seed_gives_the_same_transcript() {
    let (one, another) = (
        Site::new(&plugins()).unwrap(),
        Site::new(&plugins()).unwrap(),
    );
    let killed = SEEDS
        .map(|seed| (seed, run(&one, seed)))
        .find(|(_, run)| run.kills > 0);
    let (seed, first) = killed.expect("a seed with a kill");
    let second = run(&another, seed);
    assert_eq!(first.transcript.kept(), second.transcript.kept());
    let other = run(&one, seed + 1);
    assert_ne!(first.transcript.hash(), other.transcript.hash());
}

#[test]
fn every_job_has_one_outcome_whatever_goes_wrong() {
    let site = Site::new(&plugins()).unwrap();
    let (mut kills, mut reloads, mut right) = (0, 0, 0);
    for seed in SEEDS {
        let run = run(&site, seed);
        assert_eq!(run.violation, None, "seed {seed}");
        (kills, reloads, right) = (kills + run.kills, reloads + run.reloads, right + run.right);
    }
    assert!(
        kills > 0 && reloads > 0 && right > 0,
        "{kills} kills, {reloads} reloads, {right} right answers"
    );
}
