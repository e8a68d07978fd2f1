//! The facts that the policy rests on: a block and the measured throughput, brought together. Pure.

use std::collections::{BTreeMap, BTreeSet};

use tig_events::Throughput;
use tig_protocol::PreciseNumber;

use crate::block::{ChallengeData, NewBlock, sound};
use crate::policy::Measures;

/// Used while the block does not show its own: the network's value.
const IMBALANCE_MULTIPLIER_DEFAULT: f64 = 1.5;

/// A multiplier above this would only make every need a bound.
const IMBALANCE_MULTIPLIER_MAX: f64 = 1_000.0;

/// What one block shows.
pub(crate) struct Facts {
    pub(crate) imbalance_multiplier: f64,
    /// As the network has computed it.
    pub(crate) imbalance: Option<f64>,
    /// Those to balance, by name.
    pub(crate) challenges: BTreeMap<String, ChallengeFacts>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ChallengeFacts {
    pub(crate) id: String,
    /// This player's.
    pub(crate) qualifiers: u32,
    /// Of all players.
    pub(crate) network_qualifiers: u32,
    /// Measured while there was work of the challenge.
    pub(crate) nonces_per_second: Option<f64>,
    /// Nonces of the challenge that wait for a result.
    pub(crate) open_nonces: u64,
    pub(crate) measures: Measures,
}

/// Why nothing can be selected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lack {
    /// The block lists no qualifier of the player.
    Qualifiers,
    /// There is nothing to balance.
    Challenges,
}

impl Facts {
    /// The facts of the active challenges that are `wanted`, or of all if none is named.
    pub(crate) fn new(
        wanted: &BTreeSet<String>,
        block: &NewBlock,
        throughput: &Throughput,
    ) -> Result<Self, Lack> {
        let player = block.player.as_ref().and_then(|player| player.0.as_ref());
        let data = player.and_then(|player| player.block_data.as_ref());
        let qualifiers = data.and_then(|data| data.num_qualifiers_by_challenge.as_ref());
        let qualifiers = qualifiers.ok_or(Lack::Qualifiers)?;
        let nonces = mean_nonces(block);
        let mut challenges = BTreeMap::new();
        for challenge in sound(&block.challenges) {
            let name = &challenge.details.name;
            let is_wanted = wanted.is_empty() || wanted.contains(name);
            let Some(data) = challenge.block_data.as_ref().filter(|_| is_wanted) else {
                continue;
            };
            let id = challenge.id.as_str();
            let own = qualifiers.get(id).copied().unwrap_or(0);
            let measured = throughput.challenges.get(id);
            let rate = measured.and_then(|measured| measured.nonces_per_second);
            let facts = ChallengeFacts {
                id: id.to_owned(),
                qualifiers: own,
                network_qualifiers: data.num_qualifiers.unwrap_or(0),
                nonces_per_second: rate.filter(|rate| rate.is_finite() && *rate > 0.0),
                open_nonces: measured.map_or(0, |measured| measured.open_nonces),
                measures: Measures::default(),
            };
            let measures = measures(&facts, data, nonces.get(id).copied());
            challenges.insert(name.clone(), ChallengeFacts { measures, ..facts });
        }
        if challenges.len() < 2 {
            return Err(Lack::Challenges);
        }
        if challenges.values().all(|facts| facts.measures.part <= 0.0) {
            return Err(Lack::Qualifiers);
        }
        let imbalance = data.and_then(|data| data.imbalance);
        Ok(Self {
            imbalance_multiplier: imbalance_multiplier(block),
            imbalance: imbalance.map(PreciseNumber::to_f64),
            challenges,
        })
    }
}

/// Nonces of a mean precommit in the lifespan window, by challenge id.
fn mean_nonces(block: &NewBlock) -> BTreeMap<&str, f64> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for precommit in sound(&block.precommits) {
        if let Some(num_nonces) = precommit.details.num_nonces {
            let sum = sums.entry(&precommit.settings.challenge_id).or_default();
            *sum = (sum.0 + f64::from(num_nonces), sum.1 + 1.0);
        }
    }
    let means = sums.into_iter().map(|(id, (sum, count))| (id, sum / count));
    means.collect()
}

fn measures(facts: &ChallengeFacts, data: &ChallengeData, num_nonces: Option<f64>) -> Measures {
    let part = f64::from(facts.qualifiers) / f64::from(facts.network_qualifiers.max(1));
    let seconds = num_nonces.zip(facts.nonces_per_second);
    let tig = |fee: Option<PreciseNumber>| fee.unwrap_or_default().to_f64();
    Measures {
        // More than all would be an odd record.
        part: part.min(1.0),
        seconds: seconds.map(|(num_nonces, rate)| num_nonces / rate),
        fee: num_nonces.map(|nonces| tig(data.base_fee) + tig(data.per_nonce_fee) * nonces),
    }
}

fn imbalance_multiplier(block: &NewBlock) -> f64 {
    let config = block.block.config.as_ref();
    let config = config.and_then(|config| config.0.as_ref());
    let stated = config.map(|config| config.optimisable_proof_of_work.imbalance_multiplier);
    let usable = stated.filter(|multiplier| (0.0..=IMBALANCE_MULTIPLIER_MAX).contains(multiplier));
    usable.unwrap_or(IMBALANCE_MULTIPLIER_DEFAULT)
}
