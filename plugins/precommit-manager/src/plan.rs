//! The next precommit, or why there is none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_events::Throughput;
use tig_protocol::difficulty::Point;
use tig_protocol::{BenchmarkSettings, PreciseNumber};

use crate::applied::Applied;
use crate::choice::{Choice, Choices};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::lifetime::Lifetime;
use crate::market::Market;
use crate::reason::{Hold, Reason};

/// After this many refusals in a row the block is left alone: the cause is likely to hold for all its settings.
const REJECTIONS_MAX: u32 = 3;

/// Newest difficulty samples of a challenge; good at their block only.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Samples {
    pub(crate) block_id: String,
    pub(crate) points: Vec<Point>,
}

/// Everything that a decision rests on.
pub(crate) struct Plan<'a> {
    pub(crate) player_id: &'a str,
    pub(crate) config: &'a Config,
    /// Fees of the last 24 hours.
    pub(crate) spent_today: PreciseNumber,
    pub(crate) throughput: &'a Throughput,
    pub(crate) block_seconds: Option<f64>,
    pub(crate) market: &'a Market,
    pub(crate) applied: &'a Applied,
    pub(crate) choices: &'a Choices,
    /// By challenge id.
    pub(crate) samples: &'a BTreeMap<String, Samples>,
    pub(crate) ledger: &'a Ledger,
}

/// A decision.
#[derive(Debug)]
pub(crate) struct Precommit {
    pub(crate) challenge: String,
    pub(crate) settings: BenchmarkSettings,
    pub(crate) num_nonces: u32,
    pub(crate) fee: PreciseNumber,
}

/// A challenge that could be precommitted now.
struct Candidate<'a> {
    name: &'a str,
    choice: &'a Choice,
    /// Unused settings, as often as they were sampled.
    settings: Vec<BenchmarkSettings>,
}

impl Plan<'_> {
    /// Chooses a challenge by weight and one of its samples; `random` gives numbers in `[0, 1)`.
    ///
    /// The slots of a block lie evenly along the weights, all shifted by the block's random offset: each slot goes to a
    /// challenge with probability proportional to its weight, and several slots do not all go to the same one by chance.
    pub(crate) fn next(&self, random: &mut dyn FnMut() -> f64) -> Result<Precommit, Hold> {
        self.check_limits()?;
        let mut candidates: Vec<Candidate<'_>> = self
            .turns()
            .filter_map(|(_, candidate)| candidate.ok())
            .collect();
        let weights = candidates.iter().map(|candidate| candidate.choice.weight);
        let slot = self.ledger.made() as f64 / f64::from(self.config.max_precommits_per_block);
        let index = pick(weights, (self.ledger.offset + slot).fract()).ok_or(Hold::NoCandidate)?;
        let mut chosen = candidates.swap_remove(index);
        let alike = chosen.settings.iter().map(|_| 1.0);
        let index = pick(alike, random()).ok_or(Hold::NoCandidate)?;
        Ok(Precommit {
            challenge: chosen.name.to_owned(),
            settings: chosen.settings.swap_remove(index),
            num_nonces: chosen.choice.num_nonces,
            fee: chosen.choice.fee,
        })
    }

    /// Whether each challenge that takes part has its samples for this block.
    pub(crate) fn has_all_samples(&self) -> bool {
        let mut choices = self.choices.values().flatten();
        choices.all(|choice| !self.points(choice).is_empty())
    }

    /// Why each challenge that takes part could not be precommitted now, or `None` if it could.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (&str, Option<Reason>)> {
        self.turns()
            .map(|(name, candidate)| (name, candidate.err()))
    }

    /// Why each configured or active challenge could not be precommitted now; those that could are left out.
    pub(crate) fn all_reasons(&self) -> Vec<(&str, Reason)> {
        let mut reasons: Vec<(&str, Reason)> = self
            .reasons()
            .filter_map(|(name, reason)| Some((name, reason?)))
            .collect();
        let disabled = self.choices.iter().filter_map(|(name, choice)| {
            let reason = choice.as_ref().err()?;
            Some((name.as_str(), reason.clone()))
        });
        reasons.extend(disabled);
        reasons
    }

    /// Whether the challenge of this name was precommitted at this block.
    pub(crate) fn has_made(&self, name: &str) -> bool {
        let choice = self.choices.get(name);
        let choice = choice.and_then(|choice| choice.as_ref().ok());
        choice.is_some_and(|choice| self.ledger.made_of(&choice.challenge_id) > 0)
    }

    fn turns(&self) -> impl Iterator<Item = (&str, Result<Candidate<'_>, Reason>)> {
        let choices = self.choices.iter();
        choices.filter_map(|(name, choice)| {
            let choice = choice.as_ref().ok()?;
            Some((name.as_str(), self.candidate(name, choice)))
        })
    }

    fn check_limits(&self) -> Result<(), Hold> {
        let made = self.ledger.made();
        let unresolved = self.market.unresolved + made;
        let height = self.market.height;
        if self.ledger.is_ahead(height, self.market.counting_blocks()) {
            return Err(Hold::BlockIsOld(height));
        }
        if self.ledger.rejections >= REJECTIONS_MAX {
            return Err(Hold::TooManyRejections(self.ledger.rejections));
        }
        if made >= self.config.max_precommits_per_block as usize {
            return Err(Hold::BlockIsFull);
        }
        if unresolved >= self.config.max_unresolved as usize {
            return Err(Hold::TooManyUnresolved(unresolved));
        }
        Ok(())
    }

    fn candidate<'a>(&self, name: &'a str, choice: &'a Choice) -> Result<Candidate<'a>, Reason> {
        self.check_balance(choice.fee)?;
        self.check_budget(choice.fee)?;
        self.check_lifetime(choice)?;
        let points = self.points(choice);
        if points.is_empty() {
            return Err(Reason::NoSamples);
        }
        let settings: Vec<BenchmarkSettings> = points
            .iter()
            .map(|point| self.settings(choice, point))
            .filter(|settings| !self.ledger.is_used(settings))
            .collect();
        if settings.is_empty() {
            return Err(Reason::SamplesUsed);
        }
        Ok(Candidate {
            name,
            choice,
            settings,
        })
    }

    /// An unknown balance does not matter: the API lists only players that were active before.
    fn check_balance(&self, fee: PreciseNumber) -> Result<(), Reason> {
        let Some(balance) = self.market.balance else {
            return Ok(());
        };
        let spent = self.ledger.spent();
        let left = spent
            .and_then(|spent| balance.checked_sub(spent))
            .unwrap_or_default();
        if fee > left {
            return Err(Reason::BalanceTooLow { fee, left });
        }
        Ok(())
    }

    fn check_budget(&self, fee: PreciseNumber) -> Result<(), Reason> {
        let budget = self.config.budget_per_day;
        let Some(budget) = budget.and_then(PreciseNumber::from_f64) else {
            return Ok(());
        };
        // Not in floating point, where three fees of 0.1 are more than 0.3.
        let left = budget.checked_sub(self.spent_today).unwrap_or_default();
        if fee > left {
            let left = left.to_f64();
            return Err(Reason::BudgetSpent { fee, left });
        }
        Ok(())
    }

    /// What the slaves have shown so far decides; before that there is no obstacle.
    fn check_lifetime(&self, choice: &Choice) -> Result<(), Reason> {
        // Those of this block are not among the open jobs yet.
        let made = self.ledger.made_of(&choice.challenge_id) as u64 + 1;
        let lifetime = Lifetime::new(
            self.throughput.challenges.get(&choice.challenge_id),
            u64::from(choice.num_nonces) * made,
            self.market.useful_blocks,
            self.block_seconds,
        );
        match lifetime {
            Some(lifetime) if !lifetime.is_enough() => Err(Reason::TooSlow {
                needed_s: lifetime.needed as u64,
                available_s: lifetime.available as u64,
            }),
            _ => Ok(()),
        }
    }

    /// Samples drawn for this very block.
    fn points(&self, choice: &Choice) -> &[Point] {
        match self.samples.get(&choice.challenge_id) {
            Some(samples) if samples.block_id == self.market.block_id => &samples.points,
            _ => &[],
        }
    }

    fn settings(&self, choice: &Choice, point: &Point) -> BenchmarkSettings {
        BenchmarkSettings {
            player_id: self.player_id.to_owned(),
            block_id: self.market.block_id.clone(),
            challenge_id: choice.challenge_id.clone(),
            algorithm_id: choice.algorithm_id.clone(),
            difficulty: point.clone(),
        }
    }
}

/// Index chosen with probability proportional to its weight; `None` without weights.
fn pick(weights: impl Iterator<Item = f64> + Clone, unit: f64) -> Option<usize> {
    let target = weights.clone().sum::<f64>() * unit;
    let mut sum = 0.0;
    let mut last = None;
    for (index, weight) in weights.enumerate() {
        sum += weight;
        last = Some(index);
        if sum > target {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pick_falls_where_its_number_does(
            weights in prop::collection::vec(0.001_f64..1e6, 1..20), unit in 0.0..1.0,
        ) {
            let index = pick(weights.iter().copied(), unit).unwrap();
            let total: f64 = weights.iter().sum();
            let before: f64 = weights[..index].iter().sum();
            prop_assert!(before <= unit * total * 1.000_001);
            prop_assert!(before + weights[index] >= unit * total * 0.999_999);
        }
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert_eq!(pick([].into_iter(), 0.5), None);
    }
}
