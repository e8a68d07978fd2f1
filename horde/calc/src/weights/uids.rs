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
pub fn weights_by_uid<'a>(
    scores: &'a BTreeMap<String, f64>,
    hotkeys: &[impl AsRef<str>],
) -> WeightsByUid<'a> {
    let mut remaining: BTreeMap<&str, f64> = scores
        .iter()
        .map(|(hotkey, score)| (hotkey.as_str(), *score))
        .collect();
    let weight = |hotkey: &str| remaining.remove(hotkey).unwrap_or(0.0) as f32;
    let weights = hotkeys.iter().map(AsRef::as_ref).map(weight).collect();
    WeightsByUid {
        weights,
        unregistered: remaining.into_keys().collect(),
    }
}
