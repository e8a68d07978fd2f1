//! How a [`View`] comes from the state.

use std::collections::{BTreeMap, BTreeSet};

use tig_challenges::ChallengeKind;
use tig_protocol::PreciseNumber;
use tig_protocol::difficulty::Point;

use super::{
    ActivePoint, AlgorithmView, BENCHMARKS_MAX, BLOCKS_MAX, BenchmarkView, BlockView,
    ChallengeView, PlayerView, View,
};
use crate::network::state::{Account, ChainBlock, Network, Record, StoredAlgorithm};
use crate::network::views::status::{Stage, stage};

const ZERO: PreciseNumber = PreciseNumber::ZERO;

/// Benchmarks of the lifespan window by what they are of.
#[derive(Default)]
struct Counts<'a> {
    by_player: BTreeMap<&'a str, usize>,
    active_by_player: BTreeMap<&'a str, usize>,
    by_challenge: BTreeMap<&'a str, usize>,
    by_algorithm: BTreeMap<&'a str, usize>,
    by_stage: BTreeMap<Stage, usize>,
    /// By challenge and difficulty.
    active: BTreeMap<&'a str, BTreeMap<&'a Point, ActivePoint>>,
}

impl Network {
    /// The network at its latest block, in full where it is small and counted where it is not.
    pub fn view(&self) -> View {
        let latest = self.chain.latest();
        let active: BTreeSet<&str> = latest
            .data
            .active_benchmark_ids
            .iter()
            .map(String::as_str)
            .collect();
        let counts = self.counts(&active);
        View {
            seed: self.seed,
            height: latest.details.height,
            block_id: latest.id.clone(),
            round: latest.details.round,
            blocks_per_round: latest.config.rounds.blocks_per_round,
            lifespan_period: latest.config.benchmark_submissions.lifespan_period,
            num_rollbacks: self.num_rollbacks,
            blocks: self
                .chain
                .newest_first()
                .take(BLOCKS_MAX)
                .map(block)
                .collect(),
            players: latest
                .accounts
                .iter()
                .map(|(id, account)| player(id, account, latest, &counts))
                .collect(),
            challenges: ChallengeKind::ALL
                .into_iter()
                .filter_map(|kind| challenge(kind, latest, &counts))
                .collect(),
            algorithms: self
                .algorithms
                .values()
                .map(|stored| algorithm(stored, latest, &counts))
                .collect(),
            num_expired: self.num_expired,
            benchmarks: self.newest_benchmarks(&active),
            stages: counts.by_stage,
        }
    }

    fn counts<'a>(&'a self, active: &BTreeSet<&str>) -> Counts<'a> {
        let mut counts = Counts {
            by_stage: Stage::ALL.into_iter().map(|stage| (stage, 0)).collect(),
            ..Counts::default()
        };
        for (id, record) in &self.records {
            counts.add(record, active.contains(id.as_str()));
        }
        counts
    }

    fn newest_benchmarks(&self, active: &BTreeSet<&str>) -> Vec<BenchmarkView> {
        let mut records: Vec<_> = self.records.iter().collect();
        let newest_first = |(_, record): &(&String, &Record)| std::cmp::Reverse(record.sequence);
        if records.len() > BENCHMARKS_MAX {
            records.select_nth_unstable_by_key(BENCHMARKS_MAX, newest_first);
            records.truncate(BENCHMARKS_MAX);
        }
        records.sort_unstable_by_key(newest_first);
        records
            .into_iter()
            .map(|(id, record)| benchmark(id, record, active.contains(id.as_str())))
            .collect()
    }
}

impl<'a> Counts<'a> {
    fn add(&mut self, record: &'a Record, active: bool) {
        let settings = &record.precommit.settings;
        *self.by_player.entry(&settings.player_id).or_default() += 1;
        *self.by_challenge.entry(&settings.challenge_id).or_default() += 1;
        *self.by_algorithm.entry(&settings.algorithm_id).or_default() += 1;
        *self.by_stage.entry(stage(record)).or_default() += 1;
        if !active {
            return;
        }
        *self
            .active_by_player
            .entry(&settings.player_id)
            .or_default() += 1;
        let point = self
            .active
            .entry(&settings.challenge_id)
            .or_default()
            .entry(&settings.difficulty)
            .or_insert_with(|| ActivePoint {
                difficulty: settings.difficulty.clone(),
                num_benchmarks: 0,
                num_solutions: 0,
            });
        point.num_benchmarks += 1;
        point.num_solutions = point.num_solutions.saturating_add(record.num_solutions());
    }
}

fn count(counts: &BTreeMap<&str, usize>, id: &str) -> usize {
    counts.get(id).copied().unwrap_or(0)
}

fn block(block: &ChainBlock) -> BlockView {
    BlockView {
        height: block.details.height,
        id: block.id.clone(),
        num_precommits: block.data.confirmed_precommit_ids.len(),
        num_benchmarks: block.data.confirmed_benchmark_ids.len(),
        num_proofs: block.data.confirmed_proof_ids.len(),
        num_frauds: block.data.confirmed_fraud_ids.len(),
        num_active: block.data.active_benchmark_ids.len(),
        fees_paid: block.details.fees_paid.unwrap_or(ZERO),
    }
}

fn player(id: &str, account: &Account, block: &ChainBlock, counts: &Counts<'_>) -> PlayerView {
    let at_block = block.players.get(id);
    PlayerView {
        id: id.to_owned(),
        available_fee_balance: account.available_fee_balance,
        total_fees_paid: account.total_fees_paid,
        num_benchmarks: count(&counts.by_player, id),
        num_active: count(&counts.active_by_player, id),
        cutoff: at_block.and_then(|it| it.cutoff).unwrap_or(0),
        influence: at_block.and_then(|it| it.influence).unwrap_or(ZERO),
        round_earnings: at_block.and_then(|it| it.round_earnings).unwrap_or(ZERO),
    }
}

/// `None` never happens: every challenge is active from the first block on.
fn challenge(
    kind: ChallengeKind,
    block: &ChainBlock,
    counts: &Counts<'_>,
) -> Option<ChallengeView> {
    let id = kind.id();
    let at_block = block.challenges.get(id)?;
    let active = counts.active.get(id);
    Some(ChallengeView {
        id: id.to_owned(),
        name: kind.name().to_owned(),
        parameters: block.config.difficulty.parameters.get(id)?.clone(),
        base_frontier: at_block.frontiers.base.clone(),
        scaled_frontier: at_block.frontiers.scaled.clone(),
        scaling_factor: at_block.frontiers.scaling_factor,
        num_qualifiers: at_block.num_qualifiers,
        qualifier_difficulties: at_block.qualifier_difficulties.clone(),
        active: active
            .into_iter()
            .flat_map(|points| points.values().cloned())
            .collect(),
        num_benchmarks: count(&counts.by_challenge, id),
        base_fee: at_block.fees.base_fee,
        per_nonce_fee: at_block.fees.per_nonce_fee,
    })
}

fn algorithm(stored: &StoredAlgorithm, block: &ChainBlock, counts: &Counts<'_>) -> AlgorithmView {
    let algorithm = &stored.published;
    let at_block = block.algorithms.get(&algorithm.id);
    AlgorithmView {
        id: algorithm.id.clone(),
        name: algorithm.name.clone(),
        challenge: algorithm.kind.name().to_owned(),
        active: block.data.active_algorithm_ids.contains(&algorithm.id),
        num_benchmarks: count(&counts.by_algorithm, &algorithm.id),
        adoption: at_block.and_then(|it| it.adoption).unwrap_or(ZERO),
    }
}

fn benchmark(id: &str, record: &Record, active: bool) -> BenchmarkView {
    let settings = &record.precommit.settings;
    let kind = ChallengeKind::from_id(&settings.challenge_id);
    BenchmarkView {
        id: id.to_owned(),
        player_id: settings.player_id.clone(),
        challenge: kind.map_or_else(|| settings.challenge_id.clone(), |it| it.name().to_owned()),
        algorithm_id: settings.algorithm_id.clone(),
        difficulty: settings.difficulty.clone(),
        stage: stage(record),
        active,
        num_nonces: record.precommit.num_nonces,
        num_solutions: record.benchmark.is_some().then(|| record.num_solutions()),
        block_started: record.precommit.block_started,
        precommit: record.confirmed_precommit().map(|it| it.height),
        benchmark: record.confirmed_benchmark().map(|(_, it)| it.height),
        proof: record.confirmed_proof().map(|it| it.height),
        fraud: record.confirmed_fraud(),
        allegation: record.fraud.as_ref().map(|it| it.allegation.clone()),
    }
}
