//! Weights as the subnet's rules want them (section 3.6, step 4).

use super::cap::{cap_weights, cap_weights_f64};

/// What each neuron gets at least, where too few have a weight.
const SMALLEST_WEIGHT: f64 = 1e-5;

/// The rules of a subnet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightLimits {
    /// Weights that must be set, at least (`min_allowed_weights`).
    pub count_min: usize,
    /// Share of one neuron, at most, from 0 to 1 (`max_weight_limit`).
    pub share_max: f64,
}

/// Weights of some neurons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UidWeights {
    /// The neurons, ascending.
    pub uids: Vec<u16>,
    /// The weight of each of them.
    pub weights: Vec<f64>,
}

/// Why weights cannot be set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProcessError {
    /// More neurons than uids.
    #[error("the metagraph has {count} neurons, more than there are uids")]
    TooManyNeurons {
        /// Number of neurons.
        count: usize,
    },
    /// A weight that is infinite, not a number, or negative.
    #[error("the weight of uid {uid} is {weight}; scores must be finite and not negative")]
    BadWeight {
        /// The neuron.
        uid: usize,
        /// Its weight.
        weight: f32,
    },
}

/// Weights within the limits, given those of all neurons in the order of uids.
///
/// If no neuron has a weight, or the subnet has fewer neurons than weights are to be set, all get the same. If fewer neurons
/// than that have a weight, the others get a small one.
///
/// # Errors
///
/// [`ProcessError`] if the weights are not those of a subnet.
pub fn process_weights(weights: &[f32], limits: WeightLimits) -> Result<UidWeights, ProcessError> {
    let count = weights.len();
    if count > usize::from(u16::MAX) + 1 {
        return Err(ProcessError::TooManyNeurons { count });
    }
    let is_bad = |weight: &f32| !weight.is_finite() || *weight < 0.0;
    if let Some(uid) = weights.iter().position(is_bad) {
        let weight = weights[uid];
        return Err(ProcessError::BadWeight { uid, weight });
    }
    let (uids, positive): (Vec<u16>, Vec<f32>) = (0..=u16::MAX)
        .zip(weights)
        .filter(|(_, weight)| **weight > 0.0)
        .unzip();
    if uids.is_empty() || count < limits.count_min {
        return Ok(all_neurons(vec![1.0 / count as f64; count]));
    }
    if uids.len() < limits.count_min {
        let with_smallest = weights
            .iter()
            .map(|weight| f64::from(*weight) + SMALLEST_WEIGHT);
        let with_smallest: Vec<_> = with_smallest.collect();
        let capped = cap_weights_f64(&with_smallest, limits.share_max);
        return Ok(all_neurons(capped));
    }
    let capped = cap_weights(&positive, limits.share_max);
    Ok(UidWeights {
        uids,
        weights: capped.into_iter().map(f64::from).collect(),
    })
}

fn all_neurons(weights: Vec<f64>) -> UidWeights {
    UidWeights {
        uids: (0..=u16::MAX).take(weights.len()).collect(),
        weights,
    }
}
