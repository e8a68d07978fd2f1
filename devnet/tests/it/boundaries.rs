//! The blocks at which something is still, or no longer, so (tig-protocol.md sections 3, 5.1 and 8).

use tig_challenges::ChallengeKind::Satisfiability;
use tig_devnet::{Network, ProtocolError, Stage, devnet_config};
use tig_protocol::{BenchmarkSettings, PreciseNumber};

use crate::pretend;
use crate::support::{self, PLAYER_ID};

fn network(lifespan_period: u32, multiplier: f64) -> Network {
    let mut config = devnet_config();
    config.benchmark_submissions.lifespan_period = lifespan_period;
    config.benchmark_submissions.submission_delay_multiplier = multiplier;
    pretend::network(config)
}

fn settings(network: &Network) -> BenchmarkSettings {
    pretend::settings(network, Satisfiability, PLAYER_ID)
}

/// Heights at which a benchmark that starts at height 1 and is proved at height 4 is active.
fn active_at(lifespan_period: u32, multiplier: f64) -> Vec<u32> {
    let mut network = network(lifespan_period, multiplier);
    let settings = settings(&network);
    let id = pretend::prove(&mut network, vec![(settings, 5)]).remove(0);
    assert_eq!(network.height(), 4);
    assert_eq!(support::stage(&network, &id), Stage::Proof);
    let mut active = Vec::new();
    for height in 4..40 {
        if network.view().blocks[0].num_active == 1 {
            active.push(height);
        }
        network.produce_block();
    }
    active
}

#[test]
fn penalty_rounds_down_and_the_last_block_counts() {
    // A delay of 3 blocks, times 2.5, is 7.
    assert_eq!(active_at(20, 2.5), (11..=21).collect::<Vec<_>>());
    assert_eq!(active_at(20, 2.66), (11..=21).collect::<Vec<_>>());
    assert_eq!(active_at(20, 2.67), (12..=21).collect::<Vec<_>>());
    // Never in the block that confirms the proof, even without penalty.
    assert_eq!(active_at(20, 0.0), (5..=21).collect::<Vec<_>>());
    // Confirmed in the last block of its lifespan but two: too late to count.
    assert_eq!(active_at(6, 3.0), Vec::<u32>::new());
}

#[test]
fn a_block_without_remaining_lifespan_is_too_old() {
    // The age and one, times 2.5 + 1, is below 20 up to an age of 4; 17.5 and 21 are around it.
    let mut network = network(20, 2.5);
    let settings = settings(&network);
    for _ in 0..4 {
        network.produce_block();
    }
    let mut other = settings.clone();
    other.difficulty[0] += 1;
    support::submit_precommit(&mut network, other).unwrap();
    network.produce_block();
    assert_eq!(
        support::submit_precommit(&mut network, settings),
        Err(ProtocolError::InsufficientLifespan)
    );
}

#[test]
fn waiting_items_expire_after_their_last_block() {
    let started_and_waited = |blocks: u32| {
        let mut network = network(5, 0.0);
        let settings = settings(&network);
        let id = support::submit_precommit(&mut network, settings).unwrap();
        for _ in 0..blocks {
            network.produce_block();
        }
        let benchmark = pretend::claim(5).benchmark(&id);
        network.submit_benchmark(PLAYER_ID, benchmark).unwrap();
        network.produce_block();
        network
    };
    // Started at height 1: the window of height 6 begins there.
    let network = started_and_waited(4);
    assert_eq!(network.height(), 6);
    assert_eq!(network.view().stages[&Stage::Benchmark], 1);
    let network = started_and_waited(5);
    assert!(network.status().benchmarks.is_empty());
    assert_eq!(network.view().num_expired, 1);
}

#[test]
fn a_rollback_reserves_a_charged_fee() {
    let mut config = devnet_config();
    let fees = config.precommit_submissions.as_mut().unwrap();
    fees.min_base_fee = PreciseNumber::from_u64(600_000);
    let mut network = pretend::network(config);
    let first = settings(&network);
    let mut second = first.clone();
    second.difficulty[0] += 1;
    support::submit_precommit(&mut network, first).unwrap();
    for taken_back in [false, true, true] {
        if taken_back {
            network.produce_block();
            assert!(network.rollback());
        }
        let balance = network.get_fee_balance(network.latest_block_id(), PLAYER_ID);
        let available = balance.unwrap().state.available_fee_balance;
        assert_eq!(available, Some(PreciseNumber::from_u64(1_000_000)));
        assert_eq!(network.view().stages[&Stage::PrecommitPending], 1);
        assert!(matches!(
            support::submit_precommit(&mut network, second.clone()),
            Err(ProtocolError::InsufficientFeeBalance { .. })
        ));
    }
}
