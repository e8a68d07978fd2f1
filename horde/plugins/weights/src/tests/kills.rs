//! Whole cycles with kills, restarts, reloads and faults of the chain at random moments.

use proptest::prelude::*;

use super::world::{REVEAL_STOP, STOP};
use super::*;

/// Commitments that no attempt of one interval gets through come in the next, of 361 blocks, and are revealed in the one after.
const NEXT_REVEAL_STOP: u32 = REVEAL_STOP + 2 * 361;

#[derive(Clone, Copy, Debug)]
enum Turn {
    Block,
    Kill,
    Restart,
    Reload,
    /// The host is off for some blocks.
    Off(u32),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => Just(Turn::Block),
        2 => Just(Turn::Kill),
        1 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
        1 => (1_u32..5).prop_map(Turn::Off),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop::sample::select(
        &[
            Fate::Accept,
            Fate::Hang,
            Fate::HangIncluded,
            Fate::Fail,
            Fate::Refuse,
            Fate::RefuseIncluded,
            Fate::Forget,
        ][..],
    )
}

fn play(world: &mut World, turn: Turn) {
    match turn {
        Turn::Block => world.blocks_to(world.chain.block + 1),
        Turn::Kill => world.kill(),
        Turn::Restart => world.weights.restart(),
        Turn::Reload => world.weights.reload(),
        Turn::Off(blocks) => {
            world.chain.block += blocks;
            world.kill();
        }
    }
}

proptest! {
    #[test]
    fn weights_come_once_whatever_ends_the_host(
        is_commit in any::<bool>(),
        turns in prop::collection::vec(turn(), 0..60),
        fates in prop::collection::vec(fate(), 0..8),
        kill_after in 1_usize..80,
    ) {
        let mode = if is_commit { "commit_reveal" } else { "direct" };
        let mut world = World::new(mode);
        world.kill_after = Some(kill_after);
        world.give_two_scores();
        world.chain.fates = fates.into();
        for turn in turns {
            play(&mut world, turn);
        }
        world.blocks_to(STOP + 34);
        if is_commit {
            world.blocks_to(NEXT_REVEAL_STOP);
        } else {
            world.blocks_to(STOP + 150);
        }
        let mut hashes = world.chain.commit_hashes.clone();
        hashes.dedup();
        prop_assert!(hashes.len() <= 1, "{hashes:?}");
        prop_assert_eq!(world.over.len(), 1);
        // What the chain holds is what was reported: forgotten by it, or given up, or there once.
        let is_there = world.over[0]["end"] != "given_up";
        if is_commit {
            prop_assert_eq!(world.chain.included.len(), usize::from(is_there));
        } else {
            prop_assert!(is_there);
            prop_assert_eq!(world.chain.included.len(), 1);
        }
    }
}

/// All attempts of one interval hang.
#[test]
fn commitment_that_misses_its_interval_comes_later() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = vec![Fate::Hang; 6].into();
    world.blocks_to(REVEAL_STOP + 10);
    assert_eq!((world.over.len(), world.chain.included.len()), (0, 0));
    world.blocks_to(NEXT_REVEAL_STOP);
    assert_eq!(world.end()["end"], "revealed");
}
