//! Config section `balancing_selector`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Algorithms of one challenge to choose from.
const ALGORITHMS_COUNT_MAX: usize = 20;

#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Names of the challenges to balance; empty for all active ones. Of those that `precommit_manager` does not run, the share
    /// would be lost.
    pub(crate) challenges: BTreeSet<String>,
    /// Least part of all precommits that a challenge gets, of 1; with many challenges an even part at most.
    pub(crate) min_share: f64,
    /// Largest part of all precommits that a challenge gets, of 1; with few challenges an even part at least.
    pub(crate) max_share: f64,
    /// How far the shares move towards the newest target at each block: above 0, and 1 for at once.
    pub(crate) smoothing: f64,
    /// By challenge name: algorithms of which the fastest is chosen, each tried once. Without an entry the algorithm is that
    /// of `precommit_manager`.
    pub(crate) algorithms: BTreeMap<String, Vec<String>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            challenges: BTreeSet::new(),
            min_share: 0.05,
            max_share: 0.6,
            smoothing: 0.2,
            algorithms: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Checks the ranges, which also refuses what is not a number.
    pub(crate) fn check(&self) -> Result<()> {
        let section = "config.balancing_selector";
        for (key, share) in [("min_share", self.min_share), ("max_share", self.max_share)] {
            if !(0.0..=1.0).contains(&share) {
                bail!("{section}.{key}: {share} is not between 0 and 1");
            }
        }
        if self.challenges.len() == 1 {
            bail!(
                "{section}.challenges: one challenge alone cannot be balanced; name two or more, or none for all"
            );
        }
        let (min, max) = (self.min_share, self.max_share);
        if min > max {
            bail!("{section}.min_share: {min} is above max_share, {max}");
        }
        if !(self.smoothing > 0.0 && self.smoothing <= 1.0) {
            let smoothing = self.smoothing;
            bail!("{section}.smoothing: {smoothing} is not above 0 and at most 1");
        }
        for (challenge, algorithms) in &self.algorithms {
            let count = algorithms.len();
            if !(1..=ALGORITHMS_COUNT_MAX).contains(&count) {
                bail!(
                    "{section}.algorithms.{challenge}: {count} algorithms are not between 1 and {ALGORITHMS_COUNT_MAX}"
                );
            }
        }
        Ok(())
    }
}
