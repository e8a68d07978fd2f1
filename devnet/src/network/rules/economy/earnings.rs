//! Influence, adoption and rewards in a simple form (tig-protocol.md sections 14 and 15).
//!
//! An amount that does not fit 256 bits counts as nothing: a block is made whatever the configuration says.

use std::collections::BTreeMap;

use tig_protocol::PreciseNumber;
use tig_protocol::api::{AlgorithmBlockData, PlayerBlockData};
use tig_protocol::influence::Weight;
use tig_protocol::qualifiers::Qualifiers;

use super::Scene;

const ZERO: PreciseNumber = PreciseNumber::ZERO;

type Players = BTreeMap<String, PlayerBlockData>;
type Algorithms = BTreeMap<String, AlgorithmBlockData>;

impl Scene<'_> {
    pub(super) fn earnings(
        &self,
        cutoffs: &BTreeMap<&str, u32>,
        qualifiers: &BTreeMap<&str, Qualifiers>,
    ) -> (Players, Algorithms) {
        let players = self.players(cutoffs, qualifiers);
        let mut algorithms = self.adoption(&players, qualifiers);
        self.reward_algorithms(&mut algorithms);
        (players, algorithms)
    }

    fn players(
        &self,
        cutoffs: &BTreeMap<&str, u32>,
        qualifiers: &BTreeMap<&str, Qualifiers>,
    ) -> Players {
        let weights: Vec<Option<Weight>> = cutoffs
            .keys()
            .map(|player_id| self.weight(player_id, qualifiers))
            .collect();
        let sums: Vec<PreciseNumber> = weights
            .iter()
            .map(|weight| weight.map_or(ZERO, |weight| weight.weight))
            .collect();
        let influences = PreciseNumber::normalise(&sums).unwrap_or_else(|| vec![ZERO; sums.len()]);
        let pool = self.block_reward(self.config.rewards.distribution.benchmarkers);
        let mut players = self.earlier_players();
        for (((&player_id, &cutoff), weight), influence) in
            cutoffs.iter().zip(weights).zip(influences)
        {
            let reward = pool.checked_mul(influence).unwrap_or(ZERO);
            let earned = players
                .get(player_id)
                .and_then(|player| player.round_earnings)
                .unwrap_or(ZERO);
            let by_challenge = |(id, of_challenge): (&&str, &Qualifiers)| {
                let count = of_challenge.by_player.get(player_id)?;
                Some(((*id).to_owned(), *count))
            };
            let player = PlayerBlockData {
                num_qualifiers_by_challenge: Some(
                    qualifiers.iter().filter_map(by_challenge).collect(),
                ),
                cutoff: Some(cutoff),
                deposit: Some(ZERO),
                rolling_deposit: Some(ZERO),
                qualifying_percent_rolling_deposit: Some(ZERO),
                imbalance: Some(weight.map_or(ZERO, |weight| weight.imbalance)),
                imbalance_penalty: Some(weight.map_or(ZERO, |weight| weight.penalty)),
                influence: Some(influence),
                reward: Some(reward),
                round_earnings: earned.checked_add(reward),
            };
            players.insert(player_id.to_owned(), player);
        }
        players
    }

    /// Players with earlier earnings in this round, with the amounts.
    fn earlier_players(&self) -> Players {
        if self.previous.details.round != self.round {
            return Players::new();
        }
        let earnings_only = |player: &PlayerBlockData| PlayerBlockData {
            round_earnings: player.round_earnings,
            ..PlayerBlockData::default()
        };
        self.previous
            .players
            .iter()
            .map(|(id, player)| (id.clone(), earnings_only(player)))
            .collect()
    }

    fn weight(&self, player_id: &str, qualifiers: &BTreeMap<&str, Qualifiers>) -> Option<Weight> {
        let rules = &self.config.optimisable_proof_of_work;
        let mut shares: Vec<PreciseNumber> = qualifiers
            .values()
            .map(|of_challenge| {
                let count = of_challenge.by_player.get(player_id).copied().unwrap_or(0);
                share(count, of_challenge.total)
            })
            .collect();
        if rules.enable_proof_of_deposit == Some(true) {
            // Nobody has a deposit.
            shares.push(ZERO);
        }
        Weight::of(&shares, qualifiers.len(), rules.imbalance_multiplier)
    }

    /// Every active algorithm with its share of its challenge.
    fn adoption(&self, players: &Players, qualifiers: &BTreeMap<&str, Qualifiers>) -> Algorithms {
        let mut algorithms = Algorithms::new();
        for (challenge_id, of_challenge) in qualifiers {
            let ids: Vec<&str> = self
                .algorithms
                .iter()
                .filter(|(_, (of, _))| of == challenge_id)
                .map(|(id, _)| *id)
                .collect();
            let weights: Vec<PreciseNumber> = ids
                .iter()
                .map(|id| adoption_weight(id, of_challenge, players))
                .collect();
            let adoptions =
                PreciseNumber::normalise(&weights).unwrap_or_else(|| vec![ZERO; ids.len()]);
            for (id, adoption) in ids.into_iter().zip(adoptions) {
                let block_data = AlgorithmBlockData {
                    num_qualifiers_by_player: Some(
                        of_challenge
                            .by_algorithm
                            .get(id)
                            .cloned()
                            .unwrap_or_default(),
                    ),
                    adoption: Some(adoption),
                    merge_points: Some(self.merge_points(id, adoption)),
                    reward: Some(ZERO),
                    round_earnings: Some(self.earlier_earnings(id)),
                };
                algorithms.insert(id.to_owned(), block_data);
            }
        }
        algorithms
    }

    fn merge_points(&self, algorithm_id: &str, adoption: PreciseNumber) -> u32 {
        let blocks_per_round = self.config.rounds.blocks_per_round.max(1);
        let earlier = self.previous.algorithms.get(algorithm_id);
        let earlier = earlier
            .filter(|_| !self.height.is_multiple_of(blocks_per_round))
            .and_then(|algorithm| algorithm.merge_points)
            .unwrap_or(0);
        earlier.saturating_add(u32::from(adoption >= self.adoption_threshold()))
    }

    fn adoption_threshold(&self) -> PreciseNumber {
        PreciseNumber::from_f64(self.config.algorithm_submissions.adoption_threshold)
            .unwrap_or(ZERO)
    }

    fn earlier_earnings(&self, algorithm_id: &str) -> PreciseNumber {
        let earlier = self.previous.algorithms.get(algorithm_id);
        earlier
            .filter(|_| self.previous.details.round == self.round)
            .and_then(|algorithm| algorithm.round_earnings)
            .unwrap_or(ZERO)
    }

    /// Divides the innovators' part among the challenges, and that of each among its adopted algorithms.
    fn reward_algorithms(&self, algorithms: &mut Algorithms) {
        let threshold = self.adoption_threshold();
        let challenge_of = |id: &str| {
            self.algorithms
                .get(id)
                .map(|(challenge_id, _)| *challenge_id)
        };
        let mut adopted: BTreeMap<Option<&str>, PreciseNumber> = BTreeMap::new();
        for (id, algorithm) in algorithms.iter() {
            let adoption = algorithm.adoption.unwrap_or(ZERO);
            if adoption > ZERO && adoption >= threshold {
                let sum = adopted.entry(challenge_of(id)).or_insert(ZERO);
                *sum = sum.checked_add(adoption).unwrap_or(*sum);
            }
        }
        let pool = self
            .block_reward(self.config.rewards.distribution.optimisations)
            .checked_div(PreciseNumber::from_u64(adopted.len() as u64))
            .unwrap_or(ZERO);
        for (id, algorithm) in algorithms {
            let adoption = algorithm.adoption.unwrap_or(ZERO);
            let Some(sum) = adopted.get(&challenge_of(id)) else {
                continue;
            };
            if adoption == ZERO || adoption < threshold {
                continue;
            }
            let reward = pool
                .checked_mul(adoption)
                .and_then(|reward| reward.checked_div(*sum))
                .unwrap_or(ZERO);
            algorithm.reward = Some(reward);
            algorithm.round_earnings = algorithm
                .round_earnings
                .and_then(|earned| earned.checked_add(reward));
        }
    }

    /// This part of the reward of a block.
    fn block_reward(&self, part: f64) -> PreciseNumber {
        let schedule = &self.config.rewards.schedule;
        let reward = schedule
            .iter()
            .rev()
            .find(|entry| entry.round_start <= self.round)
            .and_then(|entry| PreciseNumber::from_f64(entry.block_reward));
        let part = PreciseNumber::from_f64(part);
        reward
            .zip(part)
            .and_then(|(reward, part)| reward.checked_mul(part))
            .unwrap_or(ZERO)
    }
}

/// How much of the players' influence rests on the algorithm.
fn adoption_weight(id: &str, of_challenge: &Qualifiers, players: &Players) -> PreciseNumber {
    let Some(by_player) = of_challenge.by_algorithm.get(id) else {
        return ZERO;
    };
    let weight = |(player_id, &count): (&String, &u32)| {
        let influence = players.get(player_id)?.influence?;
        let all = of_challenge.by_player.get(player_id).copied()?;
        influence.checked_mul(share(count, all))
    };
    PreciseNumber::sum(&by_player.iter().filter_map(weight).collect::<Vec<_>>()).unwrap_or(ZERO)
}

/// Nothing of nothing is nothing.
fn share(part: u32, whole: u32) -> PreciseNumber {
    PreciseNumber::from_u64(u64::from(part))
        .checked_div(PreciseNumber::from_u64(u64::from(whole)))
        .unwrap_or(ZERO)
}
