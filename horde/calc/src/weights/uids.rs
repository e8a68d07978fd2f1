//! Scores by hotkey as weights by uid (section 3.6, step 3).

use std::collections::BTreeMap;

/// Where the greatest score of a registered neuron is smaller, scores are shares of it: in single precision they could all be 0, and
/// then all neurons would get the same weight. Others are taken as they are, as the specification says.
const GREATEST_SCORE_MIN: f64 = 1e-30;

/// Weights of all neurons, and whose scores went to none.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsByUid<'a> {
    /// The weight of each uid; 0 without a score.
    pub weights: Vec<f32>,
    /// Hotkeys that have a score and are no longer registered.
    pub unregistered: Vec<&'a str>,
}

/// The weight of each neuron; only the ratios of scores matter, also of very small ones. `hotkeys` has those of the current metagraph in the order of uids, from 0.
pub fn weights_by_uid<'a>(
    scores: &'a BTreeMap<String, f64>,
    hotkeys: &[impl AsRef<str>],
) -> WeightsByUid<'a> {
    let mut remaining: BTreeMap<&str, f64> = scores
        .iter()
        .map(|(hotkey, score)| (hotkey.as_str(), *score))
        .collect();
    let by_uid: Vec<f64> = hotkeys
        .iter()
        .map(|hotkey| remaining.remove(hotkey.as_ref()).unwrap_or(0.0))
        .collect();
    let greatest = by_uid.iter().copied().fold(0.0, f64::max);
    let unit = match greatest > 0.0 && greatest < GREATEST_SCORE_MIN {
        true => greatest,
        false => 1.0,
    };
    let weights = by_uid.iter().map(|score| (score / unit) as f32).collect();
    WeightsByUid {
        weights,
        unregistered: remaining.into_keys().collect(),
    }
}
