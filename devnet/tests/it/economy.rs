//! Qualifiers, frontiers, influence, adoption and rewards, as blocks publish them.

use tig_challenges::ChallengeKind::{self, Knapsack, Satisfiability};
use tig_devnet::{
    AddAlgorithmError, Network, PlayerType, ProtocolError, PublishedAlgorithm, devnet_config,
};
use tig_protocol::PreciseNumber;
use tig_protocol::api::{AlgorithmBlockData, ChallengeBlockData, PlayerBlockData, ProtocolConfig};
use tig_protocol::difficulty::Point;

use crate::pretend::{self, prove, settings};
use crate::support::{self, PLAYER_ID};

const OTHER_ID: &str = "0x3333333333333333333333333333333333333333";

/// Thresholds that a few benchmarks of 20 nonces reach.
fn small_config() -> ProtocolConfig {
    let mut config = devnet_config();
    config.qualifiers.total_qualifiers_threshold = 20;
    config.qualifiers.min_cutoff = Some(25);
    config
}

fn network() -> Network {
    let mut network = pretend::network(small_config());
    let balance = PreciseNumber::from_u64(100);
    network.open_account(OTHER_ID, balance).unwrap();
    network
}

fn block_id(network: &Network) -> String {
    network.status().block_id
}

fn challenge(network: &Network, kind: ChallengeKind) -> ChallengeBlockData {
    let answer = network.get_challenges(&block_id(network)).unwrap();
    let found = answer.challenges.into_iter().find(|it| it.id == kind.id());
    found.unwrap().block_data.unwrap()
}

fn player(network: &Network, id: &str) -> Option<PlayerBlockData> {
    let players = network.get_players(&block_id(network), PlayerType::Benchmarker);
    let found = players.unwrap().players.into_iter().find(|it| it.id == id);
    found?.block_data
}

fn algorithm(network: &Network, id: &str) -> AlgorithmBlockData {
    let answer = network.get_algorithms(&block_id(network)).unwrap();
    let found = answer.algorithms.into_iter().find(|it| it.id == id);
    found.unwrap().block_data.unwrap()
}

/// Blocks until solutions whose proofs were confirmed as early as possible are active: 3 blocks times 3.
fn wait_for_activity(network: &mut Network) {
    for _ in 0..9 {
        network.produce_block();
    }
}

fn difficulties(found: Option<Vec<Point>>) -> Vec<Point> {
    found.unwrap()
}

/// Up to what rounding down takes.
fn is_about(number: Option<PreciseNumber>, expected: f64) -> bool {
    number.is_some_and(|number| (number.to_f64() - expected).abs() < 1e-12)
}

#[test]
fn the_frontier_follows_the_qualifiers() {
    let mut network = network();
    let starting = challenge(&network, Satisfiability);
    let benchmark = |network: &Network, difficulty: [i32; 2]| {
        let mut settings = settings(network, Satisfiability, PLAYER_ID);
        settings.difficulty = difficulty.to_vec();
        settings
    };
    let benchmarks = vec![
        (benchmark(&network, [60, 310]), 15),
        (benchmark(&network, [52, 320]), 10),
        (benchmark(&network, [51, 302]), 10),
        (benchmark(&network, [60, 300]), 0),
    ];
    prove(&mut network, benchmarks);
    assert_eq!(
        challenge(&network, Satisfiability).base_frontier,
        starting.base_frontier
    );
    wait_for_activity(&mut network);

    let found = challenge(&network, Satisfiability);
    // 25 of the first layer are more than 20: the second layer does not count, nor do 35 - 25 over the cutoff.
    assert_eq!(found.num_qualifiers, Some(25));
    assert_eq!(
        difficulties(found.qualifier_difficulties),
        [[52, 320], [60, 310]]
    );
    assert_eq!(
        difficulties(found.base_frontier),
        [[50, 321], [52, 320], [60, 310], [61, 300]]
    );
    assert_eq!(found.scaling_factor, Some(1.25));
    let easier = benchmark(&network, [55, 305]);
    assert!(matches!(
        support::submit_precommit(&mut network, easier),
        Err(ProtocolError::DifficultyBelowEasiestFrontier { .. })
    ));
    let harder = benchmark(&network, [62, 312]);
    support::submit_precommit(&mut network, harder).unwrap();
    let untouched = challenge(&network, Knapsack);
    assert_eq!(
        (untouched.num_qualifiers, untouched.scaling_factor),
        (Some(0), Some(0.04))
    );

    for _ in 0..120 {
        network.produce_block();
    }
    let found = challenge(&network, Satisfiability);
    assert_eq!(
        (found.num_qualifiers, found.base_frontier),
        (Some(0), starting.base_frontier)
    );
}

#[test]
fn influence_and_rewards_are_shared_by_qualifiers() {
    let mut network = network();
    let benchmarks = vec![
        (settings(&network, Satisfiability, PLAYER_ID), 15),
        (settings(&network, Satisfiability, OTHER_ID), 5),
    ];
    prove(&mut network, benchmarks);
    assert_eq!(
        player(&network, PLAYER_ID),
        None,
        "nobody has been active yet"
    );
    wait_for_activity(&mut network);

    let mine = player(&network, PLAYER_ID).unwrap();
    let theirs = player(&network, OTHER_ID).unwrap();
    let units = |number: Option<PreciseNumber>| number.unwrap().to_string();
    assert_eq!(mine.num_qualifiers_by_challenge.unwrap()["c001"], 15);
    assert_eq!(mine.cutoff, Some(25));
    // Both work on one challenge of four: the squared variation is 3, and as much per challenge beyond the first 1.
    assert_eq!(mine.imbalance, Some(PreciseNumber::ONE));
    assert_eq!(units(mine.imbalance_penalty), "776869839851570171");
    assert!(is_about(mine.influence, 0.75), "{:?}", mine.influence);
    assert!(is_about(theirs.influence, 0.25), "{:?}", theirs.influence);
    // 85 % of 100 TIG a block.
    assert!(is_about(mine.reward, 63.75), "{:?}", mine.reward);
    assert_eq!(mine.round_earnings, mine.reward);
    let (reward, earned) = (mine.reward.unwrap(), mine.round_earnings.unwrap());
    network.produce_block();
    let mine = player(&network, PLAYER_ID).unwrap();
    assert_eq!(mine.round_earnings, earned.checked_add(reward));

    while network.get_block(None, false).block.unwrap().details.round == 1 {
        network.produce_block();
    }
    let mine = player(&network, PLAYER_ID).unwrap();
    assert_eq!(
        mine.round_earnings, mine.reward,
        "a round begins with nothing"
    );
}

#[test]
fn algorithms_are_rewarded_by_adoption() {
    let mut network = network();
    let mut second = settings(&network, Satisfiability, OTHER_ID);
    second.algorithm_id = "c001_a002".to_owned();
    let benchmarks = vec![
        (settings(&network, Satisfiability, PLAYER_ID), 16),
        (second, 4),
        (settings(&network, Knapsack, PLAYER_ID), 8),
    ];
    prove(&mut network, benchmarks);
    wait_for_activity(&mut network);
    let first = algorithm(&network, "c001_a001");
    let second = algorithm(&network, "c001_a002");
    assert_eq!(first.num_qualifiers_by_player.unwrap()[PLAYER_ID], 16);
    assert!(first.adoption > second.adoption);
    let adoptions = first
        .adoption
        .unwrap()
        .checked_add(second.adoption.unwrap());
    assert!(
        adoptions <= Some(PreciseNumber::ONE) && adoptions > PreciseNumber::from_f64(0.999_999)
    );
    // 15 % of 100 TIG for two challenges; an adoption under a quarter earns nothing and leaves all to the other.
    assert!(second.adoption < PreciseNumber::from_f64(0.25));
    assert_eq!(
        (second.reward, second.merge_points),
        (Some(PreciseNumber::ZERO), Some(0))
    );
    assert!(is_about(first.reward, 7.5), "{:?}", first.reward);
    assert_eq!(first.merge_points, Some(1));
    assert!(is_about(algorithm(&network, "c003_a001").reward, 7.5));
    assert_eq!(
        algorithm(&network, "c004_a001").adoption,
        Some(PreciseNumber::ZERO)
    );
    let innovators = network
        .get_players(&block_id(&network), PlayerType::Innovator)
        .unwrap();
    let earned = innovators.players[0]
        .block_data
        .as_ref()
        .unwrap()
        .round_earnings;
    assert!(is_about(earned, 15.0), "{earned:?}");
}

#[test]
fn an_algorithm_joins_with_the_next_block() {
    let mut network = network();
    assert_eq!(network.next_algorithm_number(Knapsack), Ok(3));
    let late = PublishedAlgorithm::pretended(Knapsack, 3, "late");
    network.add_algorithm(late.clone()).unwrap();
    assert_eq!(
        network.add_algorithm(late),
        Err(AddAlgorithmError::Exists("c003_a003".to_owned()))
    );
    let with_late = |network: &Network| {
        let mut settings = settings(network, Knapsack, PLAYER_ID);
        settings.algorithm_id = "c003_a003".to_owned();
        settings
    };
    let early = with_late(&network);
    assert!(matches!(
        support::submit_precommit(&mut network, early),
        Err(ProtocolError::InvalidAlgorithm { .. })
    ));
    let before = block_id(&network);
    network.produce_block();
    let data = network.get_block(None, true).block.unwrap().data.unwrap();
    assert_eq!(data.confirmed_algorithm_ids, ["c003_a003"]);
    assert_eq!(data.confirmed_wasm_ids, ["c003_a003"]);
    let listed = |id: &str| network.get_algorithms(id).unwrap().algorithms.len();
    assert_eq!((listed(&before), listed(&block_id(&network))), (8, 9));
    let settings = with_late(&network);
    support::submit_precommit(&mut network, settings).unwrap();
}
