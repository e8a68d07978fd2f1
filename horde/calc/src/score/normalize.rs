//! Scores of a class as shares of its weight.

use std::collections::BTreeMap;

/// Scales `scores` so that they sum up to `weight`. Scores that are all zero stay so.
pub fn normalize(scores: &mut BTreeMap<String, f64>, weight: f64) {
    let total = scores.values().fold(0.0, |total, score| total + score);
    if total == 0.0 {
        return;
    }
    for score in scores.values_mut() {
        *score = weight * *score / total;
    }
}
