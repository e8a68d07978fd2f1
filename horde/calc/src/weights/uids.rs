//! Scores by hotkey as weights by uid (section 3.6, step 3).

use std::collections::BTreeMap;

/// Weights of all neurons, and whose scores went to none.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsByUid<'a> {
    /// The weight of each uid; 0 without a score.
    pub weights: Vec<f32>,
    /// Hotkeys that have a score and are no longer registered.
    pub unregistered: Vec<&'a str>,
}

/// The weight of each neuron. `hotkeys` has those of the current metagraph in the order of uids, from 0.
///
/// Where all scores are so small that each is 0 in single precision, they are taken as shares of the greatest one: all neurons would get
/// the same weight. Others are taken as they are.
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
    let unit = match greatest > 0.0 && greatest as f32 == 0.0 {
        true => greatest,
        false => 1.0,
    };
    let weights = by_uid.iter().map(|score| (score / unit) as f32).collect();
    WeightsByUid {
        weights,
        unregistered: remaining.into_keys().collect(),
    }
}
