//! The chain's rules for weights.

use horde_devnet::chain::{Chain, Handling, NeuronChange, OpenCommit, Refusal, WeightVector};

use super::client::{
    FIRST, INTERVAL, chain, commit, commit_hash, config, direct_config, go_to, include, include_of,
    own_hotkey, reveal, set, weights,
};

fn some_weights() -> WeightVector {
    weights(&[3, 4], &[65_535, 100])
}

/// A chain in whose first interval the weights were committed to.
fn committed() -> Chain {
    let mut chain = chain(&config());
    assert_eq!(include(&mut chain, commit(&some_weights())), Ok(FIRST + 1));
    chain
}

fn open_commits(chain: &Chain) -> Vec<OpenCommit> {
    chain.newest().open_commits(&own_hotkey())
}

fn last_update(chain: &Chain) -> u32 {
    chain.newest().neurons()[0].last_update
}

#[test]
fn commit_is_revealed_in_the_next_interval() {
    let mut chain = committed();
    let expected = OpenCommit {
        commit_hash: commit_hash(&some_weights()),
        block: FIRST + 1,
    };
    assert_eq!(open_commits(&chain), [expected]);
    assert_eq!(last_update(&chain), FIRST + 1);
    go_to(&mut chain, FIRST + INTERVAL - 1);
    let revealed = include(&mut chain, reveal(&some_weights()));
    assert_eq!(revealed, Ok(FIRST + INTERVAL));
    assert_eq!(open_commits(&chain), []);
    // A reveal does not count as an update.
    assert_eq!(last_update(&chain), FIRST + 1);
}

#[test]
fn reveal_in_the_last_block_of_its_interval_is_taken() {
    let mut chain = committed();
    go_to(&mut chain, FIRST + 2 * INTERVAL - 2);
    assert_eq!(open_commits(&chain).len(), 1);
    let revealed = include(&mut chain, reveal(&some_weights()));
    assert_eq!(revealed, Ok(FIRST + 2 * INTERVAL - 1));
}

#[test]
fn reveal_in_the_same_interval_is_too_early() {
    let mut chain = committed();
    let early = include(&mut chain, reveal(&some_weights()));
    assert_eq!(early, Err(Refusal::RevealTooEarly));
    assert_eq!(open_commits(&chain).len(), 1);
}

#[test]
fn reveal_two_intervals_later_has_expired() {
    let mut chain = committed();
    go_to(&mut chain, FIRST + 2 * INTERVAL - 1);
    let late = include(&mut chain, reveal(&some_weights()));
    assert_eq!(late, Err(Refusal::ExpiredWeightCommit));
    assert_eq!(open_commits(&chain), []);
}

#[test]
fn second_reveal_is_refused() {
    let mut chain = committed();
    go_to(&mut chain, FIRST + INTERVAL);
    include(&mut chain, reveal(&some_weights())).unwrap();
    let again = include(&mut chain, reveal(&some_weights()));
    assert_eq!(again, Err(Refusal::AlreadyRevealed));
}

#[test]
fn reveal_of_other_weights_is_refused() {
    let mut chain = committed();
    go_to(&mut chain, FIRST + INTERVAL);
    let other = include(&mut chain, reveal(&weights(&[3, 4], &[65_535, 101])));
    assert_eq!(other, Err(Refusal::InvalidRevealCommitHashNotMatch));
    let mut bare = super::client::chain(&config());
    let none = include(&mut bare, reveal(&some_weights()));
    assert_eq!(none, Err(Refusal::NoWeightsCommitFound));
}

#[test]
fn second_commit_in_an_interval_is_refused() {
    let mut chain = committed();
    let other = weights(&[3], &[1]);
    for again in [&some_weights(), &other] {
        let refused = include(&mut chain, commit(again));
        assert_eq!(refused, Err(Refusal::CommittingWeightsTooFast));
    }
    go_to(&mut chain, FIRST + INTERVAL - 1);
    include(&mut chain, commit(&other)).unwrap();
    assert_eq!(open_commits(&chain).len(), 2);
}

#[test]
fn hash_of_two_intervals_is_revealed_twice() {
    let mut chain = committed();
    go_to(&mut chain, FIRST + INTERVAL);
    include(&mut chain, commit(&some_weights())).unwrap();
    include(&mut chain, reveal(&some_weights())).unwrap();
    let early = include(&mut chain, reveal(&some_weights()));
    assert_eq!(early, Err(Refusal::RevealTooEarly));
    go_to(&mut chain, FIRST + 2 * INTERVAL);
    include(&mut chain, reveal(&some_weights())).unwrap();
}

#[test]
fn deregistered_hotkey_is_refused() {
    let mut chain = committed();
    let hotkey = own_hotkey();
    let change = NeuronChange::Deregister {
        hotkey: hotkey.clone(),
        successor: None,
    };
    chain.change_neurons(change).unwrap();
    go_to(&mut chain, FIRST + INTERVAL);
    for extrinsic in [reveal(&some_weights()), commit(&some_weights())] {
        let refused = include(&mut chain, extrinsic);
        assert_eq!(refused, Err(Refusal::HotKeyNotRegisteredInSubNet));
    }
}

#[test]
fn commit_reveal_is_switched_at_run_time() {
    let mut chain = committed();
    let refused = include(&mut chain, set(&some_weights()));
    assert_eq!(refused, Err(Refusal::CommitRevealEnabled));
    let mut rules = chain.rules();
    rules.commit_reveal_weights_enabled = false;
    chain.set_rules(rules).unwrap();
    go_to(&mut chain, FIRST + INTERVAL);
    for extrinsic in [reveal(&some_weights()), commit(&some_weights())] {
        let refused = include(&mut chain, extrinsic);
        assert_eq!(refused, Err(Refusal::CommitRevealDisabled));
    }
    let block = include(&mut chain, set(&some_weights())).unwrap();
    assert_eq!(last_update(&chain), block);
}

#[test]
fn weights_are_set_again_after_the_rate_limit() {
    let mut chain = chain(&direct_config());
    let block = include(&mut chain, set(&some_weights())).unwrap();
    let again = include(&mut chain, set(&some_weights()));
    assert_eq!(again, Err(Refusal::SettingWeightsTooFast));
    go_to(&mut chain, block + 99);
    assert_eq!(include(&mut chain, set(&some_weights())), Ok(block + 100));
}

#[test]
fn faulty_weights_are_refused() {
    let mut config = direct_config();
    config.rules.min_allowed_weights = 2;
    config.rules.max_weight_limit = 0.6;
    let mut chain = chain(&config);
    // The neurons are the validator, two others and two miners.
    for (faulty, expected) in [
        (weights(&[3, 4], &[1]), Refusal::WeightVecNotEqualSize),
        (weights(&[3, 3], &[1, 1]), Refusal::DuplicateUids),
        (weights(&[3, 5], &[1, 1]), Refusal::UidVecContainInvalidOne),
        (weights(&[3], &[1]), Refusal::WeightVecLengthIsLow),
        (weights(&[3, 4], &[61, 39]), Refusal::MaxWeightExceeded),
    ] {
        let refused = include(&mut chain, set(&faulty));
        assert_eq!(refused, Err(expected), "{faulty:?}");
    }
    include(&mut chain, set(&weights(&[3, 4], &[60, 40]))).unwrap();
}

#[test]
fn faulty_weights_do_not_use_up_their_commitment() {
    let one = weights(&[3], &[65_535]);
    let mut config = config();
    config.rules.min_allowed_weights = 2;
    let mut chain = chain(&config);
    include(&mut chain, commit(&one)).unwrap();
    go_to(&mut chain, FIRST + INTERVAL);
    let refused = include(&mut chain, reveal(&one));
    assert_eq!(refused, Err(Refusal::WeightVecLengthIsLow));
    assert_eq!(open_commits(&chain).len(), 1);
}

#[test]
fn extrinsics_beyond_the_pool_are_refused() {
    let mut chain = chain(&direct_config());
    let own = own_hotkey();
    let mut submit = |extrinsic| chain.submit(&own, extrinsic, Handling::Usual, None);
    for number in 0..1_000 {
        assert_eq!(submit(set(&some_weights())), Ok(number));
    }
    let refused = submit(set(&some_weights()));
    assert_eq!(refused, Err(Refusal::ExhaustsResources));
    chain.make_block();
    chain
        .submit(&own, set(&some_weights()), Handling::Usual, None)
        .unwrap();
}

#[test]
fn hotkeys_do_not_share_commitments() {
    let mut chain = committed();
    let other = chain.newest().neurons()[1].hotkey.clone();
    include_of(&mut chain, &other, commit(&some_weights())).unwrap();
    go_to(&mut chain, FIRST + INTERVAL);
    // The hash is of the other account.
    let refused = include_of(&mut chain, &other, reveal(&some_weights()));
    assert_eq!(refused, Err(Refusal::InvalidRevealCommitHashNotMatch));
}
