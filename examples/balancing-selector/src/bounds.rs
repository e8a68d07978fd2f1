//! Shares within bounds.

/// Scales positive `shares` so that they sum to 1 and each lies between `min` and `max`, keeping their proportions where no
/// bound is in the way. Bounds that leave no room count as an even share.
pub(crate) fn bounded(shares: &[f64], min: f64, max: f64) -> Vec<f64> {
    let even = 1.0 / shares.len() as f64;
    let (min, max) = (min.min(even), max.max(even));
    let mut fixed: Vec<Option<f64>> = vec![None; shares.len()];
    // Each turn fixes one share at least, or is the last.
    for _ in 0..=shares.len() {
        let scaled = scale_free(shares, &fixed);
        let below: f64 = scaled.iter().map(|share| (min - share).max(0.0)).sum();
        let above: f64 = scaled.iter().map(|share| (share - max).max(0.0)).sum();
        if below <= 0.0 && above <= 0.0 {
            return scaled;
        }
        // Those on the side with more to correct stay at their bound however the others are scaled.
        for (fixed, share) in fixed.iter_mut().zip(scaled) {
            if above >= below && share > max {
                *fixed = Some(max);
            } else if below > above && share < min {
                *fixed = Some(min);
            }
        }
    }
    scale_free(shares, &fixed)
}

/// Gives those that are not fixed what is left of 1, in proportion.
fn scale_free(shares: &[f64], fixed: &[Option<f64>]) -> Vec<f64> {
    let left = 1.0 - fixed.iter().flatten().sum::<f64>();
    let both = || shares.iter().zip(fixed);
    let free: f64 = both()
        .filter(|(_, fixed)| fixed.is_none())
        .map(|(share, _)| share)
        .sum();
    both()
        .map(|(share, fixed)| fixed.unwrap_or(share * left / free))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROUNDING: f64 = 1e-9;

    #[test]
    fn bounds_move_what_lies_outside() {
        let close =
            |a: Vec<f64>, b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < ROUNDING);
        assert!(close(bounded(&[0.5, 0.3, 0.2], 0.1, 0.6), [0.5, 0.3, 0.2]));
        assert!(close(bounded(&[0.8, 0.1, 0.1], 0.0, 0.6), [0.6, 0.2, 0.2]));
        assert!(close(
            bounded(&[0.9, 0.09, 0.01], 0.1, 1.0),
            [0.8, 0.1, 0.1]
        ));
    }

    #[test]
    fn bounds_without_room_give_even_shares() {
        assert_eq!(bounded(&[0.7, 0.3], 0.6, 0.9), [0.5, 0.5]);
        assert_eq!(bounded(&[0.7, 0.3], 0.1, 0.2), [0.5, 0.5]);
        assert_eq!(bounded(&[0.2], 0.1, 0.2), [1.0]);
    }

    proptest! {
        #[test]
        fn shares_lie_in_bounds_and_sum_to_one(
            shares in prop::collection::vec(0.001..1.0_f64, 1..20),
            (min, max) in (0.0..1.0_f64, 0.0..1.0_f64),
        ) {
            let (min, max) = (min.min(max), min.max(max));
            let even = 1.0 / shares.len() as f64;
            let bounded = bounded(&shares, min, max);
            let sum: f64 = bounded.iter().sum();
            prop_assert!((sum - 1.0).abs() < ROUNDING, "{bounded:?}");
            for share in &bounded {
                prop_assert!(*share >= min.min(even) - ROUNDING, "{bounded:?}");
                prop_assert!(*share <= max.max(even) + ROUNDING, "{bounded:?}");
            }
            for (a, b) in (0..shares.len()).zip(1..shares.len()) {
                prop_assert!(shares[a] < shares[b] || bounded[a] >= bounded[b] - ROUNDING);
            }
        }
    }
}
