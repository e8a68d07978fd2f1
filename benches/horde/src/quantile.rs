//! What many numbers are like.

/// The number below which this part of them is; NaN if there are none. Sorts them.
pub(crate) fn quantile(numbers: &mut [f64], part: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = (numbers.len() as f64 * part) as usize;
    let last = numbers.len().saturating_sub(1);
    numbers.get(place.min(last)).copied().unwrap_or(f64::NAN)
}

pub(crate) fn median(numbers: &mut [f64]) -> f64 {
    quantile(numbers, 0.5)
}
