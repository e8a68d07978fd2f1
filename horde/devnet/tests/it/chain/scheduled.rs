//! Weights by hotkey, which the service sets by whatever way the chain has (`PUT /weights`).

use std::collections::BTreeMap;

use horde_devnet::chain::{
    Chain, EntryKind, Handling, JournalEntry, NeuronChange, Outcome, Refusal, WeightVector,
    WeightsOnChain,
};
use horde_devnet::miner_addresses;

use super::client::{
    FIRST, INTERVAL, chain, config, direct_config, go_to, include, own_hotkey, set, weights,
};

/// Weights of the two miners, uids 3 and 4, and of a hotkey that is not registered.
fn by_hotkey() -> BTreeMap<String, f64> {
    let miners = miner_addresses(5, 3, 8_000);
    let hotkeys = miners.into_iter().map(|miner| miner.hotkey);
    hotkeys.zip([0.25, 0.75, 0.5]).collect()
}

fn expected() -> WeightVector {
    weights(&[3, 4], &[21_845, 65_535])
}

fn schedule(chain: &mut Chain) {
    chain.schedule(&own_hotkey(), by_hotkey(), Handling::Usual, None);
}

fn weights_on(chain: &Chain) -> Option<WeightsOnChain> {
    chain.newest().weights(&own_hotkey()).cloned()
}

fn kinds(chain: &Chain) -> Vec<(EntryKind, Outcome)> {
    let entry = |entry: &JournalEntry| (entry.kind, entry.outcome);
    chain.journal().map(entry).collect()
}

fn last_update(chain: &Chain) -> u32 {
    chain.newest().neurons()[0].last_update
}

#[test]
fn weights_are_set_some_blocks_later() {
    let mut chain = chain(&direct_config());
    schedule(&mut chain);
    go_to(&mut chain, FIRST + 1);
    assert_eq!(weights_on(&chain), None);
    assert_eq!(chain.scheduled_count(), 1);
    go_to(&mut chain, FIRST + 2);
    let on_chain = weights_on(&chain).unwrap();
    assert_eq!(on_chain.weights, expected());
    assert_eq!(on_chain.block, FIRST + 2);
    assert_eq!(last_update(&chain), FIRST + 2);
    let included = Outcome::Included { block: FIRST + 2 };
    let expected = [(EntryKind::Schedule, included), (EntryKind::Set, included)];
    assert_eq!(kinds(&chain), expected);
    assert_eq!(chain.scheduled_count(), 0);
}

#[test]
fn weights_are_committed_to_and_revealed_by_the_chain() {
    let mut chain = chain(&config());
    schedule(&mut chain);
    go_to(&mut chain, FIRST + INTERVAL - 1);
    assert_eq!(last_update(&chain), FIRST + 2);
    assert_eq!(weights_on(&chain), None);
    go_to(&mut chain, FIRST + INTERVAL);
    assert_eq!(weights_on(&chain).unwrap().weights, expected());
    assert_eq!(last_update(&chain), FIRST + 2);
    let committed = Outcome::Included { block: FIRST + 2 };
    let block = FIRST + INTERVAL;
    let expected = [
        (EntryKind::Schedule, committed),
        (EntryKind::TimelockedCommit, committed),
        (EntryKind::TimelockedReveal, Outcome::Included { block }),
    ];
    assert_eq!(kinds(&chain), expected);
}

#[test]
fn chain_reveals_nothing_of_a_deregistered_hotkey() {
    let mut chain = chain(&config());
    schedule(&mut chain);
    go_to(&mut chain, FIRST + 2);
    let change = NeuronChange::Deregister {
        hotkey: own_hotkey(),
        successor: None,
    };
    chain.change_neurons(change).unwrap();
    go_to(&mut chain, FIRST + INTERVAL);
    assert_eq!(weights_on(&chain), None);
    let refused = Outcome::Refused {
        block: FIRST + INTERVAL,
        refusal: Refusal::HotKeyNotRegisteredInSubNet,
    };
    let last = kinds(&chain).pop();
    assert_eq!(last, Some((EntryKind::TimelockedReveal, refused)));
}

#[test]
fn refused_weights_are_tried_again_in_their_epoch() {
    let mut chain = chain(&direct_config());
    let mut rules = chain.rules();
    rules.weights_rate_limit = 50;
    chain.set_rules(rules).unwrap();
    let block = include(&mut chain, set(&expected())).unwrap();
    schedule(&mut chain);
    // The epoch ends with block 10,093, and the rate limit before.
    go_to(&mut chain, block + 50);
    assert_eq!(last_update(&chain), block + 50);
    // The journal has the reason once.
    let refused = Outcome::Refused {
        block: block + 2,
        refusal: Refusal::SettingWeightsTooFast,
    };
    let included = Outcome::Included { block: block + 50 };
    assert_eq!(
        kinds(&chain)[1..],
        [
            (EntryKind::Schedule, included),
            (EntryKind::Set, refused),
            (EntryKind::Set, included),
        ]
    );
}

#[test]
fn weights_are_given_up_when_their_epoch_is_over() {
    let mut chain = chain(&direct_config());
    let mut rules = chain.rules();
    rules.weights_rate_limit = 1_000;
    chain.set_rules(rules).unwrap();
    let block = include(&mut chain, set(&expected())).unwrap();
    schedule(&mut chain);
    let stop = horde_calc::schedule::epoch(block, super::client::NETUID).stop;
    let stop = u32::try_from(stop).unwrap();
    go_to(&mut chain, stop - 1);
    assert_eq!(chain.scheduled_count(), 1);
    go_to(&mut chain, stop);
    assert_eq!(chain.scheduled_count(), 0);
    let given_up = Outcome::GivenUp { block: stop };
    assert_eq!(kinds(&chain)[1], (EntryKind::Schedule, given_up));
    assert_eq!(last_update(&chain), block);
}

#[test]
fn newer_weights_replace_those_that_wait() {
    let mut chain = chain(&direct_config());
    schedule(&mut chain);
    schedule(&mut chain);
    go_to(&mut chain, FIRST + 5);
    let given_up = Outcome::GivenUp { block: FIRST };
    let included = Outcome::Included { block: FIRST + 2 };
    let expected = [
        (EntryKind::Schedule, given_up),
        (EntryKind::Schedule, included),
        (EntryKind::Set, included),
    ];
    assert_eq!(kinds(&chain), expected);
}
