//! A restart while the API node that answers lags behind.

use tig_devnet::Fault;
use tig_simulator::scenario::{Scenario, Timed, Trouble};
use tig_simulator::site::Site;

use crate::{plugins, run};

/// Half a minute after a block: its precommits are made.
const RESTART_MS: u64 = 630_000;

/// Until another node answers.
const LAG_MS: u64 = 12_000;

#[test]
fn a_restart_with_a_stale_node_pays_no_height_twice() {
    let site = Site::new(&plugins()).unwrap();
    for blocks in [1, 3] {
        let mut scenario = Scenario::calm(1, 1);
        let lag = Trouble::Network {
            fault: Fault::StaleBlock { blocks },
            for_ms: LAG_MS,
            percent: 100,
        };
        let troubles = [lag, Trouble::Restart].into_iter();
        let timed = troubles.map(|trouble| Timed {
            at_ms: RESTART_MS,
            trouble,
        });
        scenario.troubles = timed.collect();
        let run = run(&site, &scenario);
        assert_eq!(run.violation, None, "{blocks} blocks behind");
        assert!(run.proved > 0);
    }
}
