//! No weight above a limit (section 3.6, step 4), bit for bit as the chain library calculates it with NumPy.

use super::reals::{Real, cumulative_sums, largest, sum};

/// Keeps the cut off from the limit, and divisions from 0.
const EPSILON: f64 = 1e-7;

/// `weights` as shares of 1 of which none is above `limit`, in single precision.
///
/// The shares are equal if there is nothing to share, or if `limit` leaves no other choice.
pub fn cap_weights(weights: &[f32], limit: f64) -> Vec<f32> {
    cap(weights, limit)
}

/// As [`cap_weights`], in double precision.
pub fn cap_weights_f64(weights: &[f64], limit: f64) -> Vec<f64> {
    cap(weights, limit)
}

fn cap<T: Real>(weights: &[T], limit: f64) -> Vec<T> {
    let count = weights.len() as f64;
    if sum(weights) == T::default() || count * limit <= 1.0 {
        return vec![T::nearest(1.0) / T::nearest(count); weights.len()];
    }
    let mut sorted = weights.to_vec();
    sorted.sort_by(T::total_order);
    let total = sum(&sorted);
    let shares: Vec<T> = sorted.iter().map(|weight| *weight / total).collect();
    if largest(&shares).is_none_or(|largest| largest <= T::nearest(limit)) {
        return shares_of(weights);
    }
    let cutoff = cutoff_share(&shares, limit) * total.into();
    let cut = |weight: &T| match (*weight).into() > cutoff {
        true => T::nearest(cutoff),
        false => *weight,
    };
    shares_of(&weights.iter().map(cut).collect::<Vec<_>>())
}

fn shares_of<T: Real>(weights: &[T]) -> Vec<T> {
    let total = sum(weights);
    weights.iter().map(|weight| *weight / total).collect()
}

/// The share to which larger ones are cut, so that the largest are `limit` of what then is the sum. `shares` are sorted, and
/// at least one is above `limit`.
fn cutoff_share<T: Real>(shares: &[T], limit: f64) -> f64 {
    let limit_t = T::nearest(limit);
    let epsilon = T::nearest(EPSILON);
    let sums = cumulative_sums(shares);
    let stays_below = |index: usize| {
        let share = shares[index];
        let larger = shares.len() - index - 1;
        // The sum if all larger shares were cut to this one.
        let cut_sum = T::nearest(larger as f64) * share + sums[index] + epsilon;
        share / cut_sum < limit_t
    };
    let kept = (0..shares.len())
        .filter(|index| stays_below(*index))
        .count();
    // Of none, NumPy takes the last sum, since its index is -1.
    let kept_sum = sums[kept.checked_sub(1).unwrap_or(shares.len() - 1)];
    let cut_count = (shares.len() - kept) as f64;
    let numerator = limit_t * kept_sum - epsilon;
    numerator.into() / (1.0 - limit * cut_count)
}
