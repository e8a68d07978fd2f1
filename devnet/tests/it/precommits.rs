//! Precommits and benchmarks: each rule of tig-protocol.md sections 5.1 and 5.2, and their order.

use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{Network, ProtocolError};
use tig_protocol::api::{SubmitBenchmarkRequest, SubmitPrecommitRequest};
use tig_protocol::{BenchmarkSettings, MerkleHash};

use crate::support::{self, NUM_NONCES, PLAYER_ID};

const OTHER_PLAYER_ID: &str = "0x3333333333333333333333333333333333333333";

/// Spoils good settings and names the error.
#[track_caller]
fn check(break_rule: impl Fn(&mut BenchmarkSettings), name: fn(&ProtocolError) -> bool) {
    let mut network = support::network(1);
    let mut settings = support::settings(&network, Satisfiability);
    break_rule(&mut settings);
    let error = support::submit_precommit(&mut network, settings).unwrap_err();
    assert!(name(&error), "{error:?}");
    assert!(
        network.status().benchmarks.is_empty(),
        "a refused precommit is not stored"
    );
}

#[test]
fn each_broken_rule_of_a_precommit_is_named() {
    check(
        |settings| settings.player_id = OTHER_PLAYER_ID.to_owned(),
        |error| matches!(error, ProtocolError::InvalidSubmittingPlayer { .. }),
    );
    check(
        |settings| settings.block_id = "ab".repeat(16),
        |error| matches!(error, ProtocolError::InvalidBlock { .. }),
    );
    check(
        |settings| settings.challenge_id = "c005".to_owned(),
        |error| matches!(error, ProtocolError::InvalidChallenge { .. }),
    );
    check(
        |settings| settings.algorithm_id = "c001_a002".to_owned(),
        |error| matches!(error, ProtocolError::InvalidAlgorithm { .. }),
    );
    // Upstream accepts an algorithm of another challenge; its nonces could never be verified.
    check(
        |settings| settings.algorithm_id = "c003_a001".to_owned(),
        |error| matches!(error, ProtocolError::InvalidAlgorithm { .. }),
    );
    for difficulty in [vec![50], vec![50, 300, 1], vec![49, 300], vec![50, 299]] {
        check(
            |settings| settings.difficulty = difficulty.clone(),
            |error| matches!(error, ProtocolError::InvalidDifficulty { .. }),
        );
    }
    for difficulty in [
        vec![61, 320],
        vec![50, 322],
        vec![62, 300],
        vec![i32::MAX, i32::MAX],
    ] {
        check(
            |settings| settings.difficulty = difficulty.clone(),
            |error| matches!(error, ProtocolError::DifficultyAboveHardestFrontier { .. }),
        );
    }
}

#[test]
fn rules_of_a_precommit_are_checked_in_order() {
    let mut network = support::network(1);
    let good = support::settings(&network, Satisfiability);
    let mut settings = BenchmarkSettings {
        player_id: OTHER_PLAYER_ID.to_owned(),
        block_id: "ab".repeat(16),
        challenge_id: "c005".to_owned(),
        algorithm_id: "c009_a001".to_owned(),
        difficulty: vec![1],
    };
    let mut num_nonces = 0;
    let mut submit = |settings: &BenchmarkSettings, num_nonces| {
        network.submit_precommit(
            PLAYER_ID,
            SubmitPrecommitRequest {
                settings: settings.clone(),
                num_nonces,
            },
        )
    };
    // Each step mends the rule that was named, and the next one is named.
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidSubmittingPlayer { .. })
    ));
    settings.player_id = good.player_id;
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidNumNonces { num_nonces: 0 })
    ));
    num_nonces = u32::MAX;
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidBlock { .. })
    ));
    settings.block_id = good.block_id;
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidChallenge { .. })
    ));
    settings.challenge_id = good.challenge_id;
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidAlgorithm { .. })
    ));
    settings.algorithm_id = good.algorithm_id;
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::InvalidDifficulty { .. })
    ));
    settings.difficulty = vec![70, 330];
    assert!(matches!(
        submit(&settings, num_nonces),
        Err(ProtocolError::DifficultyAboveHardestFrontier { .. })
    ));
    settings.difficulty = good.difficulty;
    submit(&settings, num_nonces).unwrap();
    assert!(matches!(
        submit(&settings, 1),
        Err(ProtocolError::DuplicateBenchmarkSettings { .. })
    ));
}

#[test]
fn several_difficulties_are_admissible_at_one_block() {
    let mut network = support::network(1);
    for (kind, difficulties) in [
        (
            Satisfiability,
            [[50, 300], [60, 320], [55, 310], [61, 300], [50, 321]],
        ),
        (Knapsack, [[50, 10], [60, 12], [55, 11], [61, 10], [50, 13]]),
    ] {
        for difficulty in difficulties {
            let mut settings = support::settings(&network, kind);
            settings.difficulty = difficulty.to_vec();
            support::submit_precommit(&mut network, settings).unwrap();
        }
    }
}

#[test]
fn a_precommit_on_an_old_block_is_refused() {
    let mut network = support::network(1);
    let settings = support::settings(&network, Knapsack);
    // (age + 1) * (3 + 1) < 120 holds up to an age of 28.
    for _ in 0..28 {
        network.produce_block();
    }
    let mut newer = settings.clone();
    newer.difficulty = vec![51, 10];
    support::submit_precommit(&mut network, newer).unwrap();
    network.produce_block();
    assert_eq!(
        support::submit_precommit(&mut network, settings.clone()),
        Err(ProtocolError::InsufficientLifespan)
    );
    for _ in 0..120 {
        network.produce_block();
    }
    assert!(matches!(
        support::submit_precommit(&mut network, settings),
        Err(ProtocolError::InvalidBlock { .. })
    ));
}

fn benchmark(benchmark_id: &str, solution_nonces: Vec<u64>) -> SubmitBenchmarkRequest {
    SubmitBenchmarkRequest {
        benchmark_id: benchmark_id.to_owned(),
        merkle_root: MerkleHash([0; 32]),
        solution_nonces,
    }
}

fn precommitted(network: &mut Network) -> String {
    let settings = support::settings(network, Knapsack);
    support::submit_precommit(network, settings).unwrap()
}

#[test]
fn rules_of_a_benchmark_are_checked_in_order() {
    let mut network = support::network(1);
    let id = precommitted(&mut network);
    let too_large = benchmark(&id, vec![3, u64::from(NUM_NONCES), u64::MAX]);
    let submit = |network: &mut Network, player_id: &str, request: &SubmitBenchmarkRequest| {
        network.submit_benchmark(player_id, request.clone())
    };
    assert!(matches!(
        submit(&mut network, OTHER_PLAYER_ID, &too_large),
        Err(ProtocolError::InvalidPrecommit { .. })
    ));
    assert!(matches!(
        submit(&mut network, PLAYER_ID, &benchmark("unknown", vec![])),
        Err(ProtocolError::InvalidPrecommit { .. })
    ));
    network.produce_block();
    assert!(matches!(
        submit(&mut network, OTHER_PLAYER_ID, &too_large),
        Err(ProtocolError::InvalidSubmittingPlayer { .. })
    ));
    assert_eq!(
        submit(&mut network, PLAYER_ID, &too_large),
        Err(ProtocolError::InvalidBenchmarkNonce {
            nonce: u64::from(NUM_NONCES),
            num_nonces: NUM_NONCES
        })
    );
    submit(&mut network, PLAYER_ID, &benchmark(&id, vec![1, 1, 2])).unwrap();
    assert_eq!(
        network.status().benchmarks[0].num_solutions,
        2,
        "repeated nonces collapse"
    );
    assert!(matches!(
        submit(&mut network, OTHER_PLAYER_ID, &too_large),
        Err(ProtocolError::DuplicateBenchmark { .. })
    ));
}
