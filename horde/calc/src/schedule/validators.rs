//! Which validators test miners in a cycle, and in which order (section 3.2).
//!
//! All validators must come to the same list, or two of them test at the same time: the order is a shuffle of Python's,
//! seeded with a block hash that all of them know.

use crate::mersenne::PythonRandom;

/// The validator that is on the list whatever its stake, and first before the shuffle.
pub const MAIN_VALIDATOR_HOTKEY: &str = "5HBVrFGy6oYhhh71m9fFGYD7zbKyAeHnWN8i8s9fJTBMCtEE";

/// Total stake that a validator needs.
pub const STAKE_MIN: f64 = 1000.0;

/// Validators of a cycle, at most.
pub const VALIDATORS_MAX: usize = 24;

/// Hotkeys of the validators of a cycle, given all neurons at its start with their total stakes, ordered by uid.
pub fn select_validators<'a>(neurons: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<&'a str> {
    let is_main = |hotkey: &str| hotkey == MAIN_VALIDATOR_HOTKEY;
    let mut validators: Vec<_> = neurons
        .into_iter()
        .filter(|(hotkey, stake)| *stake >= STAKE_MIN || is_main(hotkey))
        .collect();
    // Stable, as Python's sort is: of equal stakes, the lower uid comes first.
    validators.sort_by(|(one, its_stake), (other, other_stake)| {
        let by_main = is_main(other).cmp(&is_main(one));
        by_main.then(other_stake.total_cmp(its_stake))
    });
    validators.truncate(VALIDATORS_MAX);
    validators.into_iter().map(|(hotkey, _)| hotkey).collect()
}

/// The validators in the order of their slots. `seed` is the text of a block hash, `0x` and all.
pub fn order_validators<T>(mut validators: Vec<T>, seed: &str) -> Vec<T> {
    PythonRandom::from_text(seed).shuffle(&mut validators);
    validators
}
