//! The fastest of a challenge's algorithms, by nonces per second. Pure.
//!
//! The slaves' rate is known by challenge only. So each algorithm is tried for [`TRIAL_BLOCKS_COUNT`] blocks, by which time the
//! rate, a mean over about ten minutes of work, is its own; then the fastest one is run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Blocks with work after which the measured rate is that of the algorithm which is run.
pub(crate) const TRIAL_BLOCKS_COUNT: u32 = 30;

/// Blocks with work after which an algorithm that never had a rate counts as the slowest: the slaves finish nothing of it.
const TRIAL_BLOCKS_COUNT_MAX: u32 = 120;

/// Blocks after which a rate is out of date, and its algorithm tried again: a week of blocks a minute apart.
const RATE_BLOCKS_COUNT_MAX: u32 = 10_080;

/// The algorithms of one challenge.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Trials {
    /// The one that is run.
    running: String,
    /// For how many blocks with work.
    blocks: u32,
    /// By name.
    rates: BTreeMap<String, Rate>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Rate {
    nonces_per_second: f64,
    /// Blocks since it was measured.
    age: u32,
}

/// What the slaves do for the challenge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// `None` without results, as after a restart of the host or a pause.
    pub(crate) nonces_per_second: Option<f64>,
    /// Whether nonces wait for a result.
    pub(crate) is_open: bool,
}

impl Trials {
    /// What is known one block later, when `work` is measured. `candidates` can be run, in the operator's order; without any of
    /// them nothing is run.
    pub(crate) fn at_next_block(&self, candidates: &[&str], work: Work) -> Self {
        let mut next = self.clone();
        // A block without work says nothing about the algorithm.
        if work.is_open || work.nonces_per_second.is_some() {
            next.blocks = next.blocks.saturating_add(1);
        }
        for rate in next.rates.values_mut() {
            rate.age += 1;
        }
        next.rates.retain(|name, rate| {
            rate.age <= RATE_BLOCKS_COUNT_MAX && candidates.contains(&name.as_str())
        });
        let is_stuck = work.is_open
            && next.blocks >= TRIAL_BLOCKS_COUNT_MAX
            && !next.rates.contains_key(&next.running);
        if let Some(nonces_per_second) = work.nonces_per_second.or(is_stuck.then_some(0.0))
            && next.blocks >= TRIAL_BLOCKS_COUNT
            && candidates.contains(&next.running.as_str())
        {
            let rate = Rate {
                nonces_per_second,
                age: 0,
            };
            next.rates.insert(next.running.clone(), rate);
        }
        let chosen = next.choose(candidates).unwrap_or_default();
        if next.running != chosen {
            (next.running, next.blocks) = (chosen.to_owned(), 0);
        }
        next
    }

    /// Name of the algorithm to run, if there is one.
    pub(crate) fn running(&self) -> Option<&str> {
        Some(self.running.as_str()).filter(|name| !name.is_empty())
    }

    /// The first one without a rate, or else the fastest; the first of equals.
    fn choose<'a>(&self, candidates: &[&'a str]) -> Option<&'a str> {
        let rate = |name: &str| self.rates.get(name).map(|rate| rate.nonces_per_second);
        let mut candidates = candidates.iter().copied();
        let first = candidates.next()?;
        let chosen = candidates.fold(first, |best, other| match (rate(best), rate(other)) {
            (Some(_), None) => other,
            (Some(best_rate), Some(rate)) if rate > best_rate => other,
            _ => best,
        });
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [&str; 2] = ["slow", "fast"];

    fn working(rate: Option<f64>) -> Work {
        Work {
            nonces_per_second: rate,
            is_open: true,
        }
    }

    /// Blocks at which the rate is that of the algorithm that runs; says what runs then.
    fn run(trials: &mut Trials, blocks: u32, rate: impl Fn(&str) -> Option<f64>) -> String {
        for _ in 0..blocks {
            let rate = rate(&trials.running);
            *trials = trials.at_next_block(&BOTH, working(rate));
        }
        trials.running.clone()
    }

    fn honest(name: &str) -> Option<f64> {
        Some(if name == "fast" { 20.0 } else { 10.0 })
    }

    #[test]
    fn each_algorithm_is_tried_and_the_fastest_stays() {
        let mut trials = Trials::default();
        assert_eq!(run(&mut trials, 1, honest), "slow");
        assert_eq!(run(&mut trials, TRIAL_BLOCKS_COUNT - 1, honest), "slow");
        assert_eq!(run(&mut trials, 1, honest), "fast");
        assert_eq!(run(&mut trials, 1_000, honest), "fast");
        let turned = |name: &str| honest(name).map(|rate| 30.0 - rate);
        assert_eq!(run(&mut trials, TRIAL_BLOCKS_COUNT, turned), "slow");
    }

    #[test]
    fn algorithm_without_results_gives_way() {
        let stuck = |name: &str| honest(name).filter(|_| name == "fast");
        let mut trials = Trials::default();
        assert_eq!(run(&mut trials, TRIAL_BLOCKS_COUNT_MAX, stuck), "slow");
        assert_eq!(run(&mut trials, 1, stuck), "fast");
        assert_eq!(run(&mut trials, 1_000, stuck), "fast");
        assert_eq!(
            run(&mut trials, RATE_BLOCKS_COUNT_MAX - 950, stuck),
            "slow",
            "again"
        );
    }

    #[test]
    fn missing_rate_takes_no_rank_away() {
        let mut trials = Trials::default();
        assert_eq!(run(&mut trials, 1_000, honest), "fast");
        // Less than a week: then the rate is out of date.
        let silent = |_: &str| None;
        assert_eq!(
            run(&mut trials, RATE_BLOCKS_COUNT_MAX - 1_000, silent),
            "fast"
        );
        assert_eq!(trials.rates["fast"].nonces_per_second, 20.0);
    }

    #[test]
    fn blocks_without_work_are_not_a_trial() {
        let mut trials = Trials::default();
        run(&mut trials, 1, honest);
        for _ in 0..1_000 {
            trials = trials.at_next_block(&BOTH, Work::default());
        }
        assert_eq!(run(&mut trials, 1, |_| None), "slow");
        assert_eq!(run(&mut trials, TRIAL_BLOCKS_COUNT - 2, honest), "slow");
        assert_eq!(run(&mut trials, 1, honest), "fast");
    }

    #[test]
    fn algorithm_that_cannot_be_run_is_left() {
        let mut trials = Trials::default();
        run(&mut trials, 100, honest);
        let left = trials.at_next_block(&["slow"], working(Some(20.0)));
        assert_eq!(left.running(), Some("slow"));
        assert_eq!(left.at_next_block(&[], Work::default()).running(), None);
    }
}
