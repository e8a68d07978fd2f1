//! What came of this player's benchmarks of one challenge: what the extension learns from, and all that it stores.
//!
//! Everything is read off the blocks, which list each benchmark for its whole lifespan. So a benchmark counts once, whatever
//! the extension has missed, and the same block twice changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::block::NewBlock;
use crate::region::Difficulty;

/// Benchmarks of a challenge that are remembered; the oldest are forgotten first.
const OUTCOMES_COUNT_MAX: usize = 1_000;

/// A benchmark whose weight has decayed to less than this is forgotten.
const WEIGHT_MIN: f64 = 0.01;

/// What came of one benchmark.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) difficulty: Difficulty,
    pub(crate) num_nonces: u32,
    pub(crate) num_solutions: u32,
    /// Height of the block that confirmed it.
    pub(crate) height: u32,
    /// Blocks seen in which its solutions counted.
    pub(crate) active_blocks: u32,
    /// Those of them in which its difficulty was one of the qualifiers'.
    pub(crate) qualified_blocks: u32,
    /// Height of the last of them.
    pub(crate) last_active: u32,
}

/// By benchmark id.
pub(crate) type Outcomes = BTreeMap<String, Outcome>;

impl Outcome {
    /// How much it counts at a block.
    pub(crate) fn weight(&self, height: u32, decay_per_block: f64) -> f64 {
        let age_blocks = height.saturating_sub(self.height);
        decay_per_block.powf(f64::from(age_blocks))
    }

    /// Part of its blocks in which it qualified; `None` if that is not known yet, or it has no solutions.
    pub(crate) fn qualified_share(&self) -> Option<f64> {
        let is_known = self.active_blocks > 0 && self.num_solutions > 0;
        is_known.then(|| f64::from(self.qualified_blocks) / f64::from(self.active_blocks))
    }
}

/// The outcomes after a block. `qualifiers` are those of the challenge, if the block states them.
pub(crate) fn learn(
    before: &Outcomes,
    event: &NewBlock,
    challenge_id: &str,
    qualifiers: Option<&BTreeSet<Difficulty>>,
    decay_per_block: f64,
) -> Outcomes {
    let height = event.block.details.height;
    let mut outcomes = before.clone();
    let precommits = event.precommits.iter();
    let precommits = precommits.filter_map(|(id, it)| Some((id, it.0.as_ref()?)));
    for (id, precommit) in precommits.filter(|(_, it)| it.settings.challenge_id == challenge_id) {
        let benchmark = event.benchmarks.get(id).and_then(|it| it.0.as_ref());
        let Some(benchmark) = benchmark else {
            continue;
        };
        let confirmed = benchmark.state.as_ref().and_then(|it| it.block_confirmed);
        let outcome = outcomes.entry(id.clone()).or_insert_with(|| Outcome {
            difficulty: precommit.settings.difficulty,
            num_nonces: precommit.details.num_nonces,
            num_solutions: benchmark.details.num_solutions,
            height: confirmed.unwrap_or(height).min(height),
            active_blocks: 0,
            qualified_blocks: 0,
            last_active: 0,
        });
        let proof = event.proofs.get(id).and_then(|it| it.0.as_ref());
        let is_active = proof.is_some_and(|proof| event.block.is_active(proof));
        if let Some(qualifiers) = qualifiers.filter(|_| is_active && outcome.last_active < height) {
            outcome.active_blocks += 1;
            outcome.qualified_blocks += u32::from(qualifiers.contains(&outcome.difficulty));
            outcome.last_active = height;
        }
    }
    outcomes.retain(|id, outcome| {
        let has_weight = outcome.weight(height, decay_per_block) >= WEIGHT_MIN;
        has_weight && !event.frauds.contains_key(id)
    });
    forget_oldest(&mut outcomes);
    outcomes
}

fn forget_oldest(outcomes: &mut Outcomes) {
    if outcomes.len() <= OUTCOMES_COUNT_MAX {
        return;
    }
    let ages = outcomes.iter().map(|(id, it)| (it.height, id.clone()));
    let mut ages: Vec<(u32, String)> = ages.collect();
    ages.sort_unstable();
    for (_, id) in &ages[..ages.len() - OUTCOMES_COUNT_MAX] {
        outcomes.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(height: u32, change: impl FnOnce(&mut Value)) -> NewBlock {
        let mut event = json!({
            "block": { "id": "b", "details": { "height": height }, "config": {
                "difficulty": { "parameters": {} },
                "benchmark_submissions": { "submission_delay_multiplier": 3.0 } } },
            "challenges": {},
            "precommits": { "p": { "details": { "num_nonces": 100 },
                                   "settings": { "challenge_id": "c001", "difficulty": [5, 6] } } },
            "benchmarks": { "p": { "details": { "num_solutions": 7 }, "state": { "block_confirmed": 12 } } },
            "proofs": { "p": { "state": { "block_confirmed": 14, "submission_delay": 4 } } },
        });
        change(&mut event);
        serde_json::from_str(&event.to_string()).unwrap()
    }

    fn learned(before: &Outcomes, event: &NewBlock) -> Outcomes {
        let qualifiers = BTreeSet::from([[5, 6]]);
        learn(before, event, "c001", Some(&qualifiers), 0.9)
    }

    #[test]
    fn benchmark_counts_once_and_blocks_while_active() {
        let first = learned(&Outcomes::new(), &event(14, |_| ()));
        let outcome = &first["p"];
        assert_eq!((outcome.num_nonces, outcome.num_solutions), (100, 7));
        assert_eq!((outcome.height, outcome.qualified_share()), (12, None));
        // The proof waits four times three blocks.
        let waiting = learned(&first, &event(25, |_| ()));
        assert_eq!(waiting, first);
        let active = learned(&waiting, &event(26, |_| ()));
        assert_eq!(active["p"].qualified_share(), Some(1.0));
        assert_eq!(learned(&active, &event(26, |_| ())), active, "redelivered");
        let others = BTreeSet::from([[5, 7]]);
        let fallen = learn(&active, &event(27, |_| ()), "c001", Some(&others), 0.9);
        assert_eq!(fallen["p"].qualified_share(), Some(0.5));
        assert_eq!(
            learn(&active, &event(27, |_| ()), "c001", None, 0.9),
            active
        );
    }

    #[test]
    fn old_and_fraudulent_benchmarks_are_forgotten() {
        let first = learned(&Outcomes::new(), &event(14, |_| ()));
        let listed = |event: &mut Value| event["frauds"] = json!({ "p": {} });
        assert!(learned(&first, &event(15, listed)).is_empty());
        let late = |event: &mut Value| event["precommits"] = json!({});
        assert_eq!(learned(&first, &event(55, late)).len(), 1);
        assert!(learned(&first, &event(56, late)).is_empty());
        assert!(
            learned(&first, &event(56, |_| ())).is_empty(),
            "listed or not"
        );
    }

    #[test]
    fn number_of_outcomes_is_bounded() {
        let many = event(100, |event| {
            for number in 0..1_100_u32 {
                let id = format!("q{number}");
                event["precommits"][&id] = event["precommits"]["p"].clone();
                event["benchmarks"][&id] = json!({ "details": { "num_solutions": 1 },
                                                   "state": { "block_confirmed": 99 - (number + 1) / 100 } });
            }
        });
        let outcomes = learned(&Outcomes::new(), &many);
        assert_eq!(outcomes.len(), 1_000);
        assert!(outcomes.contains_key("q0") && !outcomes.contains_key("q1099"));
    }
}
