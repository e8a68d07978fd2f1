//! Blocks with proofs are rolled back, so that all is computed again, and most slaves lie then.

use tig_simulator::scenario::{Scenario, SlaveProfile, Timed, Trouble, Vice};
use tig_simulator::site::Site;

use crate::{plugins, run};

/// Between two disasters.
const INTERVAL_MS: u64 = 300_000;

/// Benchmarks whose precommit is in no block any more after the last disaster.
const PRECOMMITS_LOST: usize = 2;

/// Two blocks are rolled back while the network makes none.
fn disaster(at_ms: u64) -> [Timed; 3] {
    let timed = |after_ms, trouble| Timed {
        at_ms: at_ms + after_ms,
        trouble,
    };
    [
        timed(0, Trouble::Pause { for_ms: 200_000 }),
        timed(20_000, Trouble::Rollback),
        timed(100_000, Trouble::Rollback),
    ]
}

fn slave(nonce_ms: u64, vice: Vice) -> SlaveProfile {
    SlaveProfile {
        nonce_ms,
        waits: true,
        vice,
    }
}

fn scenario(seed: u64, slaves: Vec<SlaveProfile>) -> Scenario {
    let mut scenario = Scenario::calm(seed, 1);
    scenario.audit_percent = 0;
    scenario.slaves = slaves;
    let disasters = (1..12).flat_map(|number| disaster(number * INTERVAL_MS + 20_000));
    scenario.troubles = disasters.collect();
    scenario
}

#[test]
fn rolled_back_proofs_are_proved_despite_liars() {
    let site = Site::new(&plugins()).unwrap();
    for (seed, honest) in [(1, 2), (4, 2), (1, 1)] {
        let mut slaves = vec![slave(200, Vice::None); honest];
        slaves.resize(honest + 6, slave(50, Vice::LiesInProofs));
        let run = run(&site, &scenario(seed, slaves));
        assert_eq!(run.violation, None, "seed {seed}, {honest} honest");
        assert!(run.proved > 0);
    }
}

/// Another slave that could decide between the two is not there.
#[test]
fn one_liar_of_two_slaves_loses_no_proof() {
    let site = Site::new(&plugins()).unwrap();
    let slaves = vec![slave(800, Vice::None), slave(200, Vice::LiesInProofs)];
    let run = run(&site, &scenario(8, slaves));
    assert_eq!(run.violation, None);
    let lost = run.paid - run.proved;
    assert_eq!(lost, PRECOMMITS_LOST, "{} paid", run.paid);
}
