//! Draws of Python's `random`.

use std::num::NonZeroU64;

use horde_calc::mersenne::PythonRandom;
use horde_calc::schedule::order_validators;

use crate::case::equal;
use crate::files::{List, TOP_LEVEL, no_law};

pub(super) const FIRST_OUTPUTS: List = List {
    name: "mt_first_u32",
    check: |_, case| {
        let mut random = PythonRandom::from_text(&case.field::<String>("seed")?);
        let field = if case.get("vals").is_array() {
            "vals"
        } else {
            "first10"
        };
        let expected: Vec<u32> = case.field(field)?;
        let drawn: Vec<_> = expected.iter().map(|_| random.next_u32()).collect();
        equal(field, case.get(field), drawn)
    },
    uphold: no_law,
};

pub(super) const SHUFFLES: List = List {
    name: "shuffle",
    check: |_, case| {
        let count: usize = case.field("n")?;
        let hotkeys = (0..count).map(|index| format!("hk{index}")).collect();
        let order = order_validators(hotkeys, &case.field::<String>("seed")?);
        equal("order", case.get("order"), order)
    },
    uphold: no_law,
};

/// Letters that the solver's mock mode draws at least.
const LETTERS_MIN: u64 = 100;
/// Numbers of letters that it draws from.
const LENGTHS: NonZeroU64 = NonZeroU64::new(101).unwrap();

/// `mock_answers.json`: what the prompt solver answers in mock mode.
pub(crate) const MOCK_ANSWERS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let (seed, prompt): (u64, String) = (case.field("seed")?, case.field("prompt")?);
        let mut random = PythonRandom::from_text(&format!("{seed}{prompt}"));
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
        let length = LETTERS_MIN + random.below(LENGTHS);
        let answer: Option<String> = (0..length).map(|_| random.choose(&letters)).collect();
        equal("answer", case.get("answer"), answer)
    },
    uphold: no_law,
};
