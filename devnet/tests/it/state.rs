//! The state that is kept of a network.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tig_challenges::ChallengeKind::Knapsack;
use tig_devnet::{
    Api, Entries, Network, PublishedAlgorithm, Request, Surroundings, Transaction, Verdict,
    devnet_config,
};
use tig_protocol::PreciseNumber;

use crate::digest::digest;
use crate::properties::{Run, keys, step};
use crate::{pretend, support};

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

/// A reader of JSON goes only so deep, and an entry must not be deeper than the request that made it.
#[test]
fn the_deepest_accepted_proof_can_be_restored() {
    const DEEPER_THAN_ANY_READER: usize = 1_000;
    let mut network = pretend::network(devnet_config());
    let settings = pretend::settings(&network, Knapsack, support::PLAYER_ID);
    let id = support::submit_precommit(&mut network, settings).unwrap();
    network.produce_block();
    let claim = pretend::claim(1);
    network
        .submit_benchmark(support::PLAYER_ID, claim.benchmark(&id))
        .unwrap();
    network.produce_block();
    let benchmark = network.get_benchmark_data(&id).unwrap().benchmark.unwrap();
    let sampled = benchmark.state.unwrap().sampled_nonces.unwrap();
    let mut api = Api::new(network, keys());
    api.track_changes();
    let mut entries = Entries::new();
    keep(&mut api, &mut entries);

    let proof = json!(claim.proof(&id, &sampled)).to_string();
    let accepted = (0..DEEPER_THAN_ANY_READER).rev().find(|&depth| {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = proof.replace(
            "\"solution\":{}",
            &format!("\"solution\":{{\"x\":{nested}}}"),
        );
        let request = Request::post("/submit-proof", support::API_KEY, body.as_bytes());
        api.answer(&request).status == 200
    });
    assert!(accepted.is_some_and(|depth| depth > 0), "{accepted:?}");
    keep(&mut api, &mut entries);
    assert_eq!(digest(&restore(&entries)), digest(&api));
}
