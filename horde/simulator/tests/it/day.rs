//! Days of the whole validator.

use horde_simulator::day::scenario::Day;
use horde_simulator::day::{DayRun, play, site};
use horde_simulator::site::Site;

use crate::plugins;

/// Short days that are played here; `cargo xtask horde simulate --day` plays whole ones.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

/// Cycles of a day that is played here.
const CYCLES: u32 = 1;

fn run(site: &Site, seed: u64) -> DayRun {
    let day = Day::with_cycles(seed, CYCLES).unwrap();
    play(site, &day, true).unwrap()
}

#[test]
fn same_seed_gives_the_same_day() {
    let (one, another) = (site(&plugins()).unwrap(), site(&plugins()).unwrap());
    let seed = *SEEDS.start();
    let (first, second) = (run(&one, seed), run(&another, seed));
    assert_eq!(first.transcript.kept(), second.transcript.kept());
    assert_ne!(
        first.transcript.hash(),
        run(&one, seed + 1).transcript.hash()
    );
}

#[test]
fn everything_of_a_day_comes_to_its_end() {
    let site = site(&plugins()).unwrap();
    let (mut kills, mut weights, mut completed) = (0, 0, 0);
    for seed in SEEDS {
        let run = run(&site, seed);
        assert_eq!(run.violation, None, "seed {seed}");
        kills += run.kills;
        weights += run.weights;
        completed += run.completed;
    }
    assert!(
        kills > 0 && weights > 0 && completed > 0,
        "{kills} kills, {weights} cycles with weights, {completed} jobs completed"
    );
}
