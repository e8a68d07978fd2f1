//! Weights as integers of 16 bits (section 3.6, step 5).

use super::process::UidWeights;
use super::reals::largest;

/// The largest weight that the chain knows.
const WEIGHT_MAX: u16 = u16::MAX;

/// Integers for a commit: the largest weight becomes `largest_value` (`DYNAMIC_MAX_WEIGHT`), halves go to the even number. All
/// are 0 if no weight is above it.
pub fn quantize_for_commit(weights: &[f64], largest_value: u16) -> Vec<u16> {
    match largest(weights) {
        Some(largest) if largest > 0.0 => {
            let factor = f64::from(largest_value) / largest;
            weights.iter().map(|it| rounded(it * factor)).collect()
        }
        _ => vec![0; weights.len()],
    }
}

/// Integers for setting weights without a commit; neurons whose weight rounds to 0 are left out.
pub fn quantize_for_set(weights: &UidWeights) -> (Vec<u16>, Vec<u16>) {
    let Some(largest) = largest(&weights.weights).filter(|it| *it > 0.0) else {
        return (Vec::new(), Vec::new());
    };
    let values = weights.weights.iter();
    let values = values.map(|it| rounded(it / largest * f64::from(WEIGHT_MAX)));
    let uids = weights.uids.iter().copied();
    uids.zip(values).filter(|(_, value)| *value != 0).unzip()
}

/// The nearest integer, of two the even one; a cast keeps it within 16 bits.
fn rounded(number: f64) -> u16 {
    number.round_ties_even() as u16
}
