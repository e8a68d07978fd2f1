//! The pool of prompts in virtual time: the host with the real `horde_crossval` is killed at any transaction and started again on
//! the same disk, while its buckets and its trusted miner fail now and then.

mod buckets;
mod run;
mod site;

use self::run::Run;

/// Seeds that are played.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

/// No station jams, no sample is used twice, no workload is lost, what is used up or expired is deleted, and no object is left that
/// nobody knows, at more than a hundred random moments.
#[test]
fn pool_survives_kills_at_random_transactions() {
    let (mut kills, mut given) = (0, 0);
    for seed in SEEDS {
        let mut run = Run::new(seed).unwrap();
        run.play()
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        kills += run.kills;
        given += run.given;
    }
    assert!(
        kills >= 100 && given >= 100,
        "{kills} kills, {given} samples used"
    );
}
