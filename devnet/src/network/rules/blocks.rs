//! Block production (tig-protocol.md section 3).
//!
//! Invariant: it never fails and never panics. A state that would stop the chain leaves the item in the mempool.

use std::collections::BTreeMap;
use std::sync::Arc;

use tig_protocol::PreciseNumber;
use tig_protocol::api::{BlockData, BlockDetails, ProtocolConfig};

use super::confirmation::{ConfirmingBlock, confirm};
use super::economy::Scene;
use super::{activity, algorithms, topups};
use crate::network::state::{ChainBlock, ChallengeAt, Index, Key, Network};

/// There is no chain below the devnet: its block number is the height on top of this.
const ETH_BLOCK_NUM_BASE: u64 = 20_000_000;

impl Network {
    /// Makes the next block and confirms what is due; returns its id.
    pub fn produce_block(&mut self) -> &str {
        debug_assert_eq!(self.index, Index::of(&self.records));
        let previous = self.chain.latest();
        let config = Arc::clone(&previous.config);
        let height = previous.details.height.saturating_add(1);
        let prev_block_id = previous.id.clone();
        let id = self
            .secret
            .block_id(&prev_block_id, height, self.num_rollbacks);
        let window_start = activity::window_start(height, &config);

        let mut accounts = previous.accounts.clone();
        let mut active_algorithm_ids = previous.data.active_algorithm_ids.clone();
        let algorithm_ids =
            algorithms::confirm(&mut self.algorithms, height, round_of(height, &config));
        active_algorithm_ids.extend(algorithm_ids.iter().cloned());
        // Active sets come before confirmations: what this block confirms does not count in it.
        let scene = self.scene(height, &config, &active_algorithm_ids);
        let mut data = BlockData {
            active_benchmark_ids: scene
                .active
                .iter()
                .map(|(id, _)| (*id).to_owned())
                .collect(),
            active_player_ids: scene.active_player_ids(),
            active_challenge_ids: self.rules.keys().cloned().collect(),
            ..BlockData::default()
        };
        let mut tally = scene.tally();
        let confirming = ConfirmingBlock {
            id: &id,
            height,
            window_start,
            max_samples: config.benchmark_submissions.max_samples,
        };
        let confirmations = confirm(&confirming, &mut self.records, &mut accounts);
        data.confirmed_topup_ids = topups::confirm(&mut self.topups, &mut accounts, height);
        data.confirmed_benchmark_ids = confirmations.benchmark_ids;
        data.confirmed_precommit_ids = confirmations.precommit_ids;
        data.confirmed_proof_ids = confirmations.proof_ids;
        data.confirmed_fraud_ids = confirmations.fraud_ids;
        data.confirmed_wasm_ids = algorithm_ids.clone();
        data.confirmed_algorithm_ids = algorithm_ids;
        data.active_algorithm_ids = active_algorithm_ids;
        move_fees(
            &mut tally.challenges,
            &confirmations.num_precommits,
            &config,
        );
        let fees_paid = confirmations.fees_paid;
        let block = ChainBlock {
            details: details(&prev_block_id, height, fees_paid, &data, &config),
            id,
            data,
            config,
            challenges: tally.challenges,
            players: tally.players,
            algorithms: tally.algorithms,
            accounts,
        };
        self.append(block, window_start);
        &self.chain.latest().id
    }

    /// Makes `block` the latest, and forgets what started below `window_start`.
    fn append(&mut self, block: ChainBlock, window_start: u32) {
        self.touch(&block);
        let oldest = self.chain.oldest_height();
        self.chain.push(block, window_start);
        for height in oldest..self.chain.oldest_height() {
            self.changes.touch(Key::Block(height));
        }
        let (changes, num_expired) = (&mut self.changes, &mut self.num_expired);
        self.records.retain(|id, record| {
            let stays = record.precommit.block_started >= window_start;
            if !stays {
                *num_expired += u64::from(record.confirmed_proof().is_none());
                changes.touch(Key::Record(id.clone()));
            }
            stays
        });
        self.index = Index::of(&self.records);
    }

    /// Marks the changes of a new block as to be kept.
    fn touch(&mut self, block: &ChainBlock) {
        if !self.changes.is_tracked() {
            return;
        }
        let data = &block.data;
        let keys = |ids: &[String], key: fn(String) -> Key| -> Vec<Key> {
            ids.iter().cloned().map(key).collect()
        };
        let changed = [Key::Block(block.details.height)]
            .into_iter()
            .chain(keys(&data.confirmed_precommit_ids, Key::Record))
            .chain(keys(&data.confirmed_benchmark_ids, Key::Record))
            .chain(keys(&data.confirmed_proof_ids, Key::Record))
            .chain(keys(&data.confirmed_fraud_ids, Key::Record))
            .chain(keys(&data.confirmed_topup_ids, Key::Topup))
            .chain(keys(&data.confirmed_algorithm_ids, Key::Algorithm));
        for key in changed {
            self.changes.touch(key);
        }
    }

    /// Inputs of the block at `height`, after the latest one.
    fn scene<'a>(
        &'a self,
        height: u32,
        config: &'a ProtocolConfig,
        active_algorithm_ids: &'a [String],
    ) -> Scene<'a> {
        let algorithm = |id: &'a String| {
            let algorithm = self.algorithms.get(id)?;
            Some((
                id.as_str(),
                (algorithm.published.kind.id(), algorithm.round),
            ))
        };
        Scene {
            height,
            round: round_of(height, config),
            config,
            previous: self.chain.latest(),
            active: activity::active_benchmarks(&self.records, height, config),
            rules: &self.rules,
            algorithms: active_algorithm_ids.iter().filter_map(algorithm).collect(),
        }
    }
}

fn move_fees(
    challenges: &mut BTreeMap<String, ChallengeAt>,
    num_precommits: &BTreeMap<String, u32>,
    config: &ProtocolConfig,
) {
    let Some(rules) = &config.precommit_submissions else {
        return;
    };
    for (challenge_id, challenge) in challenges {
        let num_precommits = num_precommits.get(challenge_id).copied().unwrap_or(0);
        challenge.fees = challenge.fees.after(num_precommits, rules);
    }
}

/// The round of a block.
pub(crate) fn round_of(height: u32, config: &ProtocolConfig) -> u32 {
    height / config.rounds.blocks_per_round.max(1) + 1
}

/// The details of a block whose ids are in `data`.
pub(crate) fn details(
    prev_block_id: &str,
    height: u32,
    fees_paid: PreciseNumber,
    data: &BlockData,
    config: &ProtocolConfig,
) -> BlockDetails {
    // A count that does not fit is one nobody reads.
    let count = |ids: &[String]| Some(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    BlockDetails {
        prev_block_id: prev_block_id.to_owned(),
        height,
        round: round_of(height, config),
        eth_block_num: Some((ETH_BLOCK_NUM_BASE + u64::from(height)).to_string()),
        fees_paid: Some(fees_paid),
        num_confirmed_challenges: count(&data.confirmed_challenge_ids),
        num_confirmed_algorithms: count(&data.confirmed_algorithm_ids),
        num_confirmed_benchmarks: count(&data.confirmed_benchmark_ids),
        num_confirmed_precommits: count(&data.confirmed_precommit_ids),
        num_confirmed_proofs: count(&data.confirmed_proof_ids),
        num_confirmed_frauds: count(&data.confirmed_fraud_ids),
        num_confirmed_topups: count(&data.confirmed_topup_ids),
        num_confirmed_wasms: count(&data.confirmed_wasm_ids),
        num_active_challenges: count(&data.active_challenge_ids),
        num_active_algorithms: count(&data.active_algorithm_ids),
        num_active_benchmarks: count(&data.active_benchmark_ids),
        num_active_players: count(&data.active_player_ids),
    }
}
