//! Old blocks, and blocks that are rolled back.

use horde_devnet::chain::{
    BLOCKS_COUNT_MAX, Chain, EntryKind, NeuronChange, Outcome, validator_keypair,
};
use proptest::prelude::*;

use super::client::{FIRST, chain, commit, config, go_to, include, own_hotkey, weights};

fn stake(hotkey: &str, alpha: f64) -> NeuronChange {
    NeuronChange::Stake {
        hotkey: hotkey.to_owned(),
        alpha,
        tao: 0.0,
    }
}

fn stake_at(chain: &Chain, block: u32) -> f64 {
    chain.block(block).unwrap().neurons()[0].stakes.total
}

#[test]
fn neurons_of_old_blocks_stay_as_they_were() {
    let mut chain = chain(&config());
    let first = stake_at(&chain, FIRST);
    chain.change_neurons(stake(&own_hotkey(), 5.0)).unwrap();
    assert_eq!(stake_at(&chain, FIRST), first);
    go_to(&mut chain, FIRST + 3);
    chain.change_neurons(stake(&own_hotkey(), 6.0)).unwrap();
    go_to(&mut chain, FIRST + 5);
    let stakes = (FIRST..=FIRST + 5).map(|block| stake_at(&chain, block));
    let stakes: Vec<f64> = stakes.collect();
    assert_eq!(stakes, [first, 5.0, 5.0, 5.0, 6.0, 6.0]);
}

#[test]
fn blocks_of_two_cycles_before_the_first_one_exist() {
    let chain = chain(&config());
    let oldest = FIRST - 1_444;
    assert_eq!(chain.block(oldest).unwrap().neurons().len(), 5);
    assert!(chain.block(oldest - 1).is_none());
    assert!(chain.block(FIRST + 1).is_none());
    let mut early = config();
    early.first_block = 3;
    let early = super::client::chain(&early);
    assert_eq!(early.block(0).unwrap().head.number, 0);
}

#[test]
fn oldest_blocks_are_forgotten() {
    let mut chain = chain(&config());
    let newest = FIRST + 30_000;
    go_to(&mut chain, newest);
    let oldest = newest - u32::try_from(BLOCKS_COUNT_MAX).unwrap() + 1;
    assert_eq!(chain.block(oldest).unwrap().head.number, oldest);
    assert!(chain.block(oldest - 1).is_none());
}

#[test]
fn block_that_is_rolled_back_takes_its_commit_along() {
    let mut chain = chain(&config());
    go_to(&mut chain, FIRST + 2);
    let weights = weights(&[3], &[1]);
    let block = include(&mut chain, commit(&weights)).unwrap();
    let hash = chain.newest().head.hash.clone();
    assert_eq!(chain.roll_back(2), 2);
    assert_eq!(chain.newest().head.number, FIRST + 1);
    go_to(&mut chain, block);
    assert_ne!(chain.newest().head.hash, hash);
    assert_eq!(chain.newest().open_commits(&own_hotkey()), []);
    let entries: Vec<_> = chain.journal().collect();
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!(entry.kind, EntryKind::Commit);
    assert_eq!(entry.outcome, Outcome::RolledBack { block });
    // The interval is free again.
    include(&mut chain, commit(&weights)).unwrap();
}

#[test]
fn what_waits_survives_blocks_rolled_back() {
    let mut chain = chain(&config());
    go_to(&mut chain, FIRST + 2);
    chain.change_neurons(stake(&own_hotkey(), 5.0)).unwrap();
    chain.roll_back(1);
    go_to(&mut chain, FIRST + 2);
    assert_eq!(stake_at(&chain, FIRST + 2), 5.0);
}

#[test]
fn oldest_block_is_never_rolled_back() {
    let mut config = config();
    config.first_block = 2;
    let mut chain = chain(&config);
    assert_eq!(chain.roll_back(100), 2);
    assert_eq!(chain.newest().head.number, 0);
}

/// What can be done to a chain.
#[derive(Clone, Debug)]
enum Step {
    Blocks(u8),
    RollBack(u8),
    Stake(u8),
    Deregister(u8),
    Commit,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_u8..5).prop_map(Step::Blocks),
        (0_u8..4).prop_map(Step::RollBack),
        (0_u8..200).prop_map(Step::Stake),
        (0_u8..5).prop_map(Step::Deregister),
        Just(Step::Commit),
    ];
    prop::collection::vec(step, 0..40)
}

fn run(steps: &[Step], mut after: impl FnMut(&Chain)) {
    let mut config = config();
    // Few blocks before it, since each case has them.
    config.first_block = 20;
    let mut chain = chain(&config);
    for step in steps {
        match step {
            Step::Blocks(count) => {
                let stop = newest(&chain) + u32::from(*count);
                go_to(&mut chain, stop);
            }
            Step::RollBack(count) => {
                chain.roll_back(u32::from(*count));
            }
            Step::Stake(alpha) => {
                let hotkey = validator_keypair(5, 0).public().to_ss58();
                // It may be gone.
                let _ = chain.change_neurons(stake(&hotkey, f64::from(*alpha)));
            }
            Step::Deregister(uid) => {
                let hotkey = chain.newest().neurons()[usize::from(*uid)].hotkey.clone();
                let successor = None;
                let _ = chain.change_neurons(NeuronChange::Deregister { hotkey, successor });
            }
            Step::Commit => {
                let _ = include(&mut chain, commit(&weights(&[3], &[1])));
            }
        }
        after(&chain);
    }
}

fn newest(chain: &Chain) -> u32 {
    chain.newest().head.number
}

proptest! {
    #[test]
    fn same_steps_give_the_same_chain(steps in steps()) {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        run(&steps, |chain| one.push(format!("{:?}", chain.newest())));
        run(&steps, |chain| other.push(format!("{:?}", chain.newest())));
        prop_assert_eq!(one, other);
    }

    /// A block says the same as long as it is on the chain, and its uids have no gaps.
    #[test]
    fn blocks_never_change(steps in steps()) {
        let mut seen = std::collections::HashMap::new();
        run(&steps, |chain| {
            for number in newest(chain).saturating_sub(5)..=newest(chain) {
                let block = chain.block(number).unwrap();
                assert!(block.neurons().iter().map(|it| it.uid).eq(0..5));
                let neurons = block.neurons().to_vec();
                let first = seen.entry(block.head.hash.clone()).or_insert(neurons);
                assert_eq!(first, block.neurons(), "block {number}");
            }
        });
    }
}
