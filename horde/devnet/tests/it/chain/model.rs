//! Commit and reveal against a model: for each interval, the weights that were committed to and whether they are revealed.

use std::collections::BTreeMap;

use horde_devnet::chain::{Refusal, WeightVector};
use proptest::prelude::*;

use super::client::{INTERVAL, chain, commit, config, include, reveal, weights};

#[derive(Clone, Copy, Debug)]
enum Step {
    Blocks(u32),
    Commit(u16),
    Reveal(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..INTERVAL).prop_map(Step::Blocks),
        (0_u16..3).prop_map(Step::Commit),
        (0_u16..3).prop_map(Step::Reveal),
    ];
    prop::collection::vec(step, 0..60)
}

fn nth_weights(number: u16) -> WeightVector {
    weights(&[3, 4], &[65_535, number])
}

#[derive(Default)]
struct Model(BTreeMap<u32, (u16, bool)>);

impl Model {
    fn commit(&mut self, interval: u32, number: u16) -> bool {
        let is_free = !self.0.contains_key(&interval);
        if is_free {
            self.0.insert(interval, (number, false));
        }
        is_free
    }

    fn reveal(&mut self, interval: u32, number: u16) -> bool {
        match self.0.get_mut(&(interval - 1)) {
            Some((committed, is_revealed)) if *committed == number && !*is_revealed => {
                *is_revealed = true;
                true
            }
            _ => false,
        }
    }
}

proptest! {
    #[test]
    fn commits_and_reveals_are_as_in_the_model(steps in steps()) {
        let mut config = config();
        // Few blocks before it, since each case has them.
        config.first_block = INTERVAL;
        let mut chain = chain(&config);
        let mut model = Model::default();
        for step in steps {
            let interval = (chain.newest().head.number + 1) / INTERVAL;
            match step {
                Step::Blocks(count) => (0..count).for_each(|_| chain.make_block()),
                Step::Commit(number) => {
                    let result = include(&mut chain, commit(&nth_weights(number)));
                    let is_included = model.commit(interval, number);
                    prop_assert_eq!(result.is_ok(), is_included, "{:?}", result);
                    let too_fast = result.err().is_none_or(|it| it == Refusal::CommittingWeightsTooFast);
                    prop_assert!(too_fast);
                }
                Step::Reveal(number) => {
                    let result = include(&mut chain, reveal(&nth_weights(number)));
                    let is_included = model.reveal(interval, number);
                    prop_assert_eq!(result.is_ok(), is_included, "{:?}", result);
                }
            }
        }
    }
}
