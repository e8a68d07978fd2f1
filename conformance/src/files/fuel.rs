//! Cost of a program in our units, against its cost in the interpreter that made the vectors.

use crate::case::Checked;

/// What solved within a limit there solves within it here, and the limit still means much the same.
const RATIOS: std::ops::RangeInclusive<f64> = 0.5..=1.0;

/// Whether `actual` is 0.5 to 1.0 times `expected`.
pub(super) fn near(expected: u64, actual: u64) -> Checked {
    let ratio = actual as f64 / expected as f64;
    match RATIOS.contains(&ratio) {
        true => Ok(()),
        false => Err(format!(
            "{actual} fuel consumed, {ratio:.2} times the {expected} of the interpreter"
        )
        .into()),
    }
}
