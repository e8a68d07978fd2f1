//! Cutoffs (tig-protocol.md section 12).

use std::collections::{BTreeMap, BTreeSet};

use tig_protocol::qualifiers::{cutoff, phased_in};

use super::Scene;

impl Scene<'_> {
    /// The cutoff of every active player.
    pub(super) fn cutoffs(&self) -> BTreeMap<&str, u32> {
        let new = self.new_challenges();
        self.solutions()
            .into_iter()
            .map(|(player_id, solutions)| (player_id, self.cutoff(&solutions, &new)))
            .collect()
    }

    fn cutoff(&self, solutions: &BTreeMap<&str, u32>, new: &BTreeSet<&str>) -> u32 {
        let rules = &self.config.qualifiers;
        let fewest = |skipped: &BTreeSet<&str>| {
            self.rules
                .keys()
                .filter(|id| !skipped.contains(id.as_str()))
                .map(|id| solutions.get(id.as_str()).copied().unwrap_or(0))
                .min()
        };
        let of = |fewest| {
            let min_cutoff = rules.min_cutoff.unwrap_or(0);
            cutoff(fewest, rules.cutoff_multiplier, min_cutoff)
        };
        let with_all = of(fewest(&BTreeSet::new()).unwrap_or(0));
        let period = rules.cutoff_phase_in_period.unwrap_or(0);
        let end = u64::from(self.round.saturating_sub(1))
            * u64::from(self.config.rounds.blocks_per_round)
            + u64::from(period);
        let left = end.saturating_sub(u64::from(self.height));
        match fewest(new) {
            // Where every challenge is new the original stops; there is nothing to blend with.
            Some(fewest) if !new.is_empty() && left > 0 => {
                let left = u32::try_from(left).unwrap_or(u32::MAX).min(period);
                phased_in(of(fewest), with_all, left, period)
            }
            _ => with_all,
        }
    }

    /// Active solutions by player and challenge.
    fn solutions(&self) -> BTreeMap<&str, BTreeMap<&str, u32>> {
        let mut solutions: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
        for (_, record) in &self.active {
            let settings = &record.precommit.settings;
            let count = solutions
                .entry(&settings.player_id)
                .or_default()
                .entry(&settings.challenge_id)
                .or_default();
            *count = count.saturating_add(record.num_solutions());
        }
        solutions
    }

    /// Challenges without an algorithm that was pushed before this round.
    fn new_challenges(&self) -> BTreeSet<&str> {
        let has_old_algorithm = |challenge_id: &str| {
            self.algorithms
                .values()
                .any(|(of, pushed)| *of == challenge_id && pushed.saturating_add(1) <= self.round)
        };
        self.rules
            .keys()
            .map(String::as_str)
            .filter(|challenge_id| !has_old_algorithm(challenge_id))
            .collect()
    }
}
