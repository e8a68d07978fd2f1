//! The state that is kept of a network.

use std::sync::Arc;

use proptest::prelude::*;
use tig_challenges::ChallengeKind::Knapsack;
use tig_devnet::{
    Api, Network, PublishedAlgorithm,
    network::{Surroundings, Transaction, Verdict, devnet_config},
    state::Entries,
};
use tig_protocol::PreciseNumber;

use crate::{
    digest::digest,
    pretend,
    properties::{Run, keys, step},
    support,
};

fn keep(api: &mut Api, entries: &mut Entries) {
    api.take_edits().unwrap().apply(entries);
}

fn surroundings() -> Surroundings {
    Surroundings {
        download_base_url: String::new(),
        solution_check: Arc::new(pretend::Gullible),
    }
}

fn restore(entries: &Entries) -> Api {
    Api::new(Network::restore(entries, surroundings()).unwrap(), keys())
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

#[test]
fn what_only_an_operator_does_is_kept_too() {
    let mut network = pretend::network(devnet_config());
    network.track_changes();
    let mut entries = Entries::new();
    let check = |network: &mut Network, entries: &mut Entries| {
        network.take_edits().unwrap().apply(entries);
        let restored = Network::restore(entries, surroundings()).unwrap();
        assert_eq!(digest(&restored), digest(network));
    };
    check(&mut network, &mut entries);
    let other = "0x9999999999999999999999999999999999999999";
    network.open_account(other, PreciseNumber::ONE).unwrap();
    check(&mut network, &mut entries);
    network.grant_key(other);
    check(&mut network, &mut entries);
    let transaction = Transaction {
        sender: other.to_owned(),
        receiver: String::new(),
        amount: PreciseNumber::ONE,
    };
    network.record_transaction("hash", transaction);
    check(&mut network, &mut entries);
    let algorithm = PublishedAlgorithm::pretended(Knapsack, 1, "late");
    network.publish(algorithm).unwrap();
    check(&mut network, &mut entries);
    network.produce_block();
    check(&mut network, &mut entries);
}

#[test]
fn entries_that_are_not_all_that_was_kept_are_refused() {
    let mut network = pretend::network(devnet_config());
    network.track_changes();
    network
        .open_account(support::PLAYER_ID, PreciseNumber::ONE)
        .unwrap();
    for _ in 0..3 {
        network.produce_block();
    }
    let mut entries = Entries::new();
    network.take_edits().unwrap().apply(&mut entries);
    for key in entries.keys() {
        let mut fewer = entries.clone();
        fewer.remove(key);
        assert!(Network::restore(&fewer, surroundings()).is_err(), "{key}");
        let mut torn = entries.clone();
        torn.get_mut(key).unwrap().push(b'}');
        assert!(Network::restore(&torn, surroundings()).is_err(), "{key}");
    }
}
