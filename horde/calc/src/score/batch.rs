//! One score for each hotkey of a batch (section 3.6, steps 1 and 2).
//!
//! Invariant: sums go over hotkeys and classes in alphabetical order, so that the order of jobs in a batch matters only
//! within one miner's class.

use std::collections::BTreeMap;

use super::horde::{HordeSettings, horde_score, sum};
use super::normalize::normalize;

/// The class whose executors are started on demand, and scored together.
const SPIN_UP_CLASS: &str = "spin_up-4min.gpu-24gb";

/// A job of a batch and what it was worth, with bonus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredJob<'a> {
    /// The miner.
    pub hotkey: &'a str,
    /// Executor class.
    pub class: &'a str,
    /// 0 for a job that failed.
    pub score: f64,
}

/// Scores by hotkey, in units of `class_weights`. Jobs of classes without a weight do not count.
pub fn batch_scores<'a>(
    jobs: impl IntoIterator<Item = ScoredJob<'a>>,
    class_weights: &BTreeMap<String, f64>,
    settings: HordeSettings,
) -> BTreeMap<String, f64> {
    let mut by_class: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for job in jobs {
        let by_hotkey = by_class.entry(job.class).or_default();
        by_hotkey.entry(job.hotkey).or_default().push(job.score);
    }
    let mut totals = BTreeMap::new();
    for (class, weight) in class_weights {
        let Some(by_hotkey) = by_class.get(class.as_str()) else {
            continue;
        };
        let mut scores = class_scores(class, by_hotkey, settings);
        normalize(&mut scores, *weight);
        for (hotkey, score) in scores {
            *totals.entry(hotkey).or_insert(0.0) += score;
        }
    }
    totals
}

fn class_scores(
    class: &str,
    by_hotkey: &BTreeMap<&str, Vec<f64>>,
    settings: HordeSettings,
) -> BTreeMap<String, f64> {
    let aggregate = |scores: &[f64]| match class {
        SPIN_UP_CLASS => horde_score(scores, settings),
        _ => sum(scores),
    };
    let scores = by_hotkey.iter();
    scores
        .map(|(hotkey, scores)| ((*hotkey).to_owned(), aggregate(scores)))
        .collect()
}
