//! Draws of Python's `random`.

use horde_calc::llm::mock_answer;
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

/// `mock_answers.json`: what the prompt solver answers in mock mode.
pub(crate) const MOCK_ANSWERS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let (seed, prompt): (u32, String) = (case.field("seed")?, case.field("prompt")?);
        let answer = mock_answer(seed, &prompt);
        equal("answer", case.get("answer"), answer)
    },
    uphold: no_law,
};
