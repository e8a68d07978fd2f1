//! Fees and balances (tig-protocol.md section 9).

use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{Network, ProtocolError, devnet_config};
use tig_protocol::api::{PrecommitSubmissionsConfig, ProtocolConfig, SubmitPrecommitRequest};
use tig_protocol::{BenchmarkSettings, PreciseNumber};

use crate::support::{self, PLAYER_ID};

fn with_rules(change: impl FnOnce(&mut PrecommitSubmissionsConfig)) -> ProtocolConfig {
    let mut config = devnet_config();
    change(config.precommit_submissions.as_mut().unwrap());
    config
}

fn balance(network: &Network) -> (String, String) {
    let block_id = network.status().block_id;
    let state = network.get_fee_balance(&block_id, PLAYER_ID).unwrap().state;
    (
        state.total_fees_paid.unwrap().to_string(),
        state.available_fee_balance.unwrap().to_string(),
    )
}

/// The `index`th of several admissible settings at the latest block.
fn settings(network: &Network, index: i32) -> BenchmarkSettings {
    let mut settings = support::settings(network, Satisfiability);
    settings.difficulty = vec![50 + index, 300];
    settings
}

#[test]
fn the_fee_is_charged_when_the_precommit_is_confirmed() {
    let mut network = support::network(1);
    let full = balance(&network);
    assert_eq!(
        full,
        ("0".to_owned(), "1000000000000000000000000".to_owned())
    );
    let settings = support::settings(&network, Knapsack);
    let id = support::submit_precommit(&mut network, settings).unwrap();
    assert_eq!(balance(&network), full);
    network.produce_block();
    // 10^15 and 20 nonces of 10^12.
    assert_eq!(
        balance(&network),
        (
            "1020000000000000".to_owned(),
            "999999998980000000000000".to_owned()
        )
    );
    let details = network.get_block(None, false).block.unwrap().details;
    assert_eq!(details.fees_paid.unwrap().to_string(), "1020000000000000");
    let precommit = network.get_benchmark_data(&id).unwrap().precommit.unwrap();
    assert_eq!(
        precommit.details.fee_paid.unwrap().to_string(),
        "1020000000000000"
    );
    network.produce_block();
    assert_eq!(
        balance(&network).0,
        "1020000000000000",
        "nothing is charged twice"
    );
}

#[test]
fn precommits_in_the_mempool_reserve_their_fees() {
    // 400 000 TIG each, of a million.
    let config = with_rules(|rules| rules.min_base_fee = PreciseNumber::from_u64(400_000));
    let mut network = support::network_with(1, config);
    for index in 0..2 {
        let settings = settings(&network, index);
        support::submit_precommit(&mut network, settings).unwrap();
    }
    let settings = settings(&network, 2);
    let error = support::submit_precommit(&mut network, settings).unwrap_err();
    let ProtocolError::InsufficientFeeBalance { fee, available } = error else {
        panic!("{error:?}")
    };
    assert_eq!(fee.to_string(), "400000000020000000000000");
    assert_eq!(available.to_string(), "199999999960000000000000");
    network.produce_block();
    assert_eq!(balance(&network).1, "199999999960000000000000");
}

#[test]
fn the_base_fee_follows_the_number_of_precommits() {
    // The series of tig-protocol.md section 24.
    let config = with_rules(|rules| rules.target_num_precommits = 2);
    let mut network = support::network_with(1, config);
    let mut base_fees = Vec::new();
    for num_precommits in [0, 1, 2, 3, 5, 5, 1, 0] {
        for index in 0..num_precommits {
            let settings = settings(&network, index);
            support::submit_precommit(&mut network, settings).unwrap();
        }
        let block_id = network.produce_block().to_owned();
        let challenges = network.get_challenges(&block_id).unwrap().challenges;
        let fee = |index: usize| {
            challenges[index]
                .block_data
                .as_ref()
                .unwrap()
                .base_fee
                .unwrap()
                .to_string()
        };
        base_fees.push(fee(0));
        assert_eq!(fee(1), "1000000000000000", "each challenge has its own");
    }
    let expected = [
        "1000000000000000",
        "1000000000000000",
        "1000000000000000",
        "1100000000000000",
        "1210000000000000",
        "1331000000000000",
        "1197900000000000",
        "1078110000000000",
    ];
    assert_eq!(base_fees, expected);
}

#[test]
fn a_free_precommit_without_account_is_refused() {
    let mut config = devnet_config();
    config.precommit_submissions = None;
    let mut network = support::network_with(1, config);
    let stranger = "0x4444444444444444444444444444444444444444";
    let settings = BenchmarkSettings {
        player_id: stranger.to_owned(),
        ..support::settings(&network, Knapsack)
    };
    let request = SubmitPrecommitRequest {
        settings,
        num_nonces: 1,
    };
    let refused = network.submit_precommit(stranger, request);
    assert!(matches!(
        refused,
        Err(ProtocolError::InsufficientFeeBalance { .. })
    ));
    let settings = support::settings(&network, Knapsack);
    support::submit_precommit(&mut network, settings).unwrap();
}
