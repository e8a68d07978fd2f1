//! The policy: what part of all precommits each challenge should get. Pure, and the same for the same input.
//!
//! ```text
//! need  = 1 + 2 m / (C - 1) * (1 - x / mean x)       between 0.1 and 10
//! cost  = (t / mean t + f / mean f) / 2              between 1/4 and 4
//! share = (need / cost) / (sum of need / cost)
//! ```
//!
//! `x` is the player's part of a challenge's qualifiers, `C` the number of challenges and `m` the network's
//! `imbalance_multiplier`. A player's influence is `mean x * e^(-m * imbalance)`, and `need` is what a little more `x` adds to
//! it, in parts of what it would add without imbalance (to first order, around equal `x`). `t` are the seconds and `f` the fee of
//! one precommit. A time or fee that is not known counts as the mean.

/// Bounds of `need`: influence is known to first order only.
const NEED_MIN: f64 = 0.1;
const NEED_MAX: f64 = 10.0;

/// A precommit counts as at most this many times as dear, or as cheap, as the mean one: balance goes before thrift.
const COST_RATIO_MAX: f64 = 4.0;

/// What is known of a challenge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measures {
    /// The player's part of its qualifiers.
    pub(crate) part: f64,
    /// Seconds that the slaves need for one precommit.
    pub(crate) seconds: Option<f64>,
    /// Of one precommit, in TIG.
    pub(crate) fee: Option<f64>,
}

/// What follows for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) need: f64,
    pub(crate) cost: f64,
    /// Part of all precommits.
    pub(crate) share: f64,
}

/// The target of each challenge; at least one of them has a part above 0.
pub(crate) fn targets(challenges: &[Measures], imbalance_multiplier: f64) -> Vec<Target> {
    let count = challenges.len() as f64;
    let mean_part = challenges.iter().map(|it| it.part).sum::<f64>() / count;
    let gain = 2.0 * imbalance_multiplier / (count - 1.0).max(1.0);
    let seconds = in_means(challenges.iter().map(|it| it.seconds).collect());
    let fees = in_means(challenges.iter().map(|it| it.fee).collect());
    let costs = seconds.iter().zip(&fees);
    let costs = costs.map(|(seconds, fee)| bounded_ratio((seconds + fee) / 2.0));
    let unscaled = challenges.iter().zip(costs).map(|(challenge, cost)| {
        let need = 1.0 + gain * (1.0 - challenge.part / mean_part);
        let need = need.clamp(NEED_MIN, NEED_MAX);
        Target {
            need,
            cost,
            share: need / cost,
        }
    });
    let mut targets: Vec<Target> = unscaled.collect();
    let sum: f64 = targets.iter().map(|target| target.share).sum();
    for target in &mut targets {
        target.share /= sum;
    }
    targets
}

/// One step from `before` towards `target`; a challenge that was not there before begins at its target.
pub(crate) fn step(before: Option<f64>, target: f64, smoothing: f64) -> f64 {
    before.map_or(target, |before| before + (target - before) * smoothing)
}

/// Each value in parts of the mean of those that are known; 1 for the others.
fn in_means(values: Vec<Option<f64>>) -> Vec<f64> {
    let is_known = |value: &f64| value.is_finite() && *value > 0.0;
    let known: Vec<f64> = values.iter().flatten().copied().filter(is_known).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let values = values.into_iter();
    let in_means = values.map(|value| value.filter(is_known).map_or(1.0, |value| value / mean));
    in_means.collect()
}

fn bounded_ratio(ratio: f64) -> f64 {
    ratio.clamp(1.0 / COST_RATIO_MAX, COST_RATIO_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(parts: &[f64]) -> Vec<Measures> {
        let measures = |part: &f64| Measures {
            part: *part,
            ..Measures::default()
        };
        parts.iter().map(measures).collect()
    }

    fn shares(challenges: &[Measures]) -> Vec<f64> {
        let targets = targets(challenges, 1.5);
        targets.iter().map(|target| target.share).collect()
    }

    /// The third player of tig-protocol.md section 14: 20, 10, 0 and 50 of 100 qualifiers each.
    #[test]
    fn golden_parts_give_the_shares_of_the_readme() {
        let targets = targets(&parts(&[0.2, 0.1, 0.0, 0.5]), 1.5);
        let needs: Vec<f64> = targets.iter().map(|target| target.need).collect();
        assert_eq!(needs, [1.0, 1.5, 2.0, 0.1]);
        let shares: Vec<f64> = targets.iter().map(|it| (it.share * 1e3).round()).collect();
        assert_eq!(shares, [217.0, 326.0, 435.0, 22.0]);
    }

    #[test]
    fn equal_parts_and_costs_give_equal_shares() {
        assert_eq!(shares(&parts(&[0.3, 0.3, 0.3, 0.3])), [0.25; 4]);
    }

    #[test]
    fn dear_challenge_gets_less_and_is_not_starved() {
        let dear = |seconds: f64| {
            let mut challenges = parts(&[0.3, 0.3, 0.3, 0.3]);
            for challenge in &mut challenges {
                (challenge.seconds, challenge.fee) = (Some(10.0), Some(1.0));
            }
            challenges[0].seconds = Some(seconds);
            shares(&challenges)[0]
        };
        assert!(dear(10.0) > dear(20.0) && dear(20.0) > dear(100.0));
        assert!(dear(1e300) > 0.05, "{}", dear(1e300));
    }

    #[test]
    fn unknown_cost_counts_as_the_mean() {
        let mut challenges = parts(&[0.3, 0.3, 0.3]);
        challenges[0].seconds = Some(10.0);
        challenges[1].seconds = Some(30.0);
        let costs: Vec<f64> = targets(&challenges, 1.5).iter().map(|it| it.cost).collect();
        assert_eq!(costs, [0.75, 1.25, 1.0]);
    }

    fn measures() -> impl Strategy<Value = Measures> {
        let seconds = prop::option::of(prop_oneof![0.0..1e6_f64, Just(f64::INFINITY)]);
        let fee = prop::option::of(0.0..1e6_f64);
        (0.0..1.0_f64, seconds, fee).prop_map(|(part, seconds, fee)| Measures {
            part,
            seconds,
            fee,
        })
    }

    proptest! {
        #[test]
        fn shares_are_positive_and_sum_to_one(
            challenges in prop::collection::vec(measures(), 1..20),
            multiplier in 0.0..20.0_f64,
        ) {
            prop_assume!(challenges.iter().any(|it| it.part > 0.0));
            let targets = targets(&challenges, multiplier);
            prop_assert!(targets.iter().all(|it| it.share > 0.0 && it.share <= 1.0));
            let sum: f64 = targets.iter().map(|it| it.share).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
        }

        #[test]
        fn neglected_challenge_rises(
            challenges in prop::collection::vec(measures(), 2..20),
            neglected in 0.0..1.0_f64,
        ) {
            prop_assume!(challenges[1..].iter().any(|it| it.part > 0.01));
            let mut fewer = challenges.clone();
            fewer[0].part *= neglected;
            let (before, after) = (shares(&challenges)[0], shares(&fewer)[0]);
            prop_assert!(after >= before - 1e-12, "{before} {after}");
        }
    }
}
