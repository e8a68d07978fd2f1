//! Blocks with proofs are rolled back, so that all is computed again, and most slaves lie then.

use tig_simulator::scenario::{Scenario, SlaveProfile, Timed, Trouble, Vice};
use tig_simulator::site::Site;

use crate::{plugins, run};

/// Between two disasters.
const INTERVAL_MS: u64 = 300_000;

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

#[test]
fn rolled_back_proofs_are_proved_despite_liars() {
    let site = Site::new(&plugins()).unwrap();
    let slave = |nonce_ms, vice| SlaveProfile {
        nonce_ms,
        waits: true,
        vice,
    };
    for (seed, honest) in [(1, 2), (4, 2), (1, 1)] {
        let mut scenario = Scenario::calm(seed, 1);
        scenario.audit_percent = 0;
        scenario.slaves = vec![slave(200, Vice::None); honest];
        scenario
            .slaves
            .resize(honest + 6, slave(50, Vice::LiesInProofs));
        let disasters = (1..12).flat_map(|number| disaster(number * INTERVAL_MS + 20_000));
        scenario.troubles = disasters.collect();
        let run = run(&site, &scenario);
        assert_eq!(run.violation, None, "seed {seed}, {honest} honest");
        assert!(run.proved > 0);
    }
}
