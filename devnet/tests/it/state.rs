//! The state that is kept of a network.

use std::sync::Arc;

use proptest::prelude::*;
use tig_devnet::{
    Api, Network,
    network::{Surroundings, Verdict},
    state::Entries,
};

use crate::{
    digest::digest,
    pretend,
    properties::{Run, keys, step},
};

fn keep(api: &mut Api, entries: &mut Entries) {
    api.take_edits().unwrap().apply(entries);
}

fn restore(entries: &Entries) -> Api {
    let surroundings = Surroundings {
        download_base_url: String::new(),
        solution_check: Arc::new(pretend::Gullible),
    };
    Api::new(Network::restore(entries, surroundings).unwrap(), keys())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_network_is_the_same(
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        let mut run = Run::new();
        run.api.track_changes();
        let mut entries = Entries::new();
        for (player, step) in steps {
            run.step(player, step);
            keep(&mut run.api, &mut entries);
        }
        // What runs is lost with the process, and due again.
        for reexecution in std::mem::take(&mut run.running) {
            let verdict = Verdict::Inconclusive("the process ended".to_owned());
            run.api.record_reexecution(reexecution.benchmark_id(), &verdict);
        }
        prop_assert_eq!(digest(&restore(&entries)), digest(&run.api));
    }
}
