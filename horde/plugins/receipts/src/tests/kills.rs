//! Kills and rebuilds at random moments: each receipt is stored once, and none is missed.

use proptest::prelude::*;

use super::support::*;

#[derive(Clone, Copy, Debug)]
enum Turn {
    /// A miner gets another receipt.
    Add(u8),
    /// The oldest request is answered.
    Answer,
    Wait,
    Neurons,
    Kill,
    Restart,
    Reload,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (1..3_u8).prop_map(Turn::Add),
        20 => Just(Turn::Answer),
        4 => Just(Turn::Wait),
        2 => Just(Turn::Neurons),
        1 => Just(Turn::Kill),
        1 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
    ]
}

fn play(world: &mut World, turn: Turn, added: &mut u64) {
    match turn {
        Turn::Add(number) => {
            *added += 1;
            let at_s = i64::try_from(world.harness.now_ms() / 1_000).unwrap() - START_S;
            let receipt = receipt(*added, &other(), &miner(number), at_s);
            world.miners.add(number, &[receipt]);
        }
        Turn::Answer => {
            if let Some(call) = world.harness.http_calls().first().cloned() {
                let (status, range, body) = world.miners.reply(&call);
                let headers: Vec<_> = range
                    .iter()
                    .map(|range| ("content-range", range.as_str()))
                    .collect();
                world
                    .harness
                    .respond_with_headers(&call.tag, status, &headers, body);
            }
        }
        Turn::Wait => world.harness.advance_ms(20_000),
        Turn::Neurons => world.harness.event("horde_neurons", neurons(1, &[1, 2])),
        Turn::Kill => world.harness.kill(),
        Turn::Restart => world.harness.restart(),
        Turn::Reload => world.harness.reload(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_receipt_is_missed_whatever_ends_the_host(
        turns in prop::collection::vec(turn(), 0..150),
    ) {
        let mut world = World::start();
        let mut added = 0;
        for turn in turns {
            play(&mut world, turn, &mut added);
        }
        world.harness.event("horde_neurons", neurons(1, &[1, 2]));
        world.serve();
        world.poll();
        let expected = usize::try_from(added).unwrap();
        prop_assert_eq!(world.foreign(), expected);
        prop_assert_eq!(&world.report()["foreign"], added);
    }
}
