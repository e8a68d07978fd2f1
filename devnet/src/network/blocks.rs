//! Block production (tig-protocol.md section 3).
//!
//! Invariant: it never fails and never panics. A state that would stop the chain leaves the item in the mempool.

use std::{collections::BTreeMap, sync::Arc};

use tig_protocol::{
    PreciseNumber,
    api::{BlockData, BlockDetails, ProtocolConfig},
};

use super::{
    Network, activity,
    chain::ChainBlock,
    confirmation::{ConfirmingBlock, confirm},
    fees::Fees,
    topups,
};

/// There is no chain below the devnet: its block number is the height on top of this.
const ETH_BLOCK_NUM_BASE: u64 = 20_000_000;

impl Network {
    /// Makes the next block and confirms what is due; returns its id.
    pub fn produce_block(&mut self) -> &str {
        let previous = self.chain.latest();
        let config = Arc::clone(&previous.config);
        let height = previous.details.height.saturating_add(1);
        let id = self
            .secret
            .block_id(&previous.id, height, self.num_rollbacks);
        let window_start = activity::window_start(height, &config);

        // Active sets come first: what this block confirms does not count in it.
        let (active_benchmark_ids, active_player_ids) =
            activity::active_benchmarks(&self.records, height, &config);
        let max_samples = config.benchmark_submissions.max_samples;
        let confirming = ConfirmingBlock {
            id: &id,
            height,
            window_start,
            max_samples,
        };
        let mut accounts = previous.accounts.clone();
        let confirmations = confirm(&confirming, &mut self.records, &mut accounts);

        let confirmed_topup_ids = topups::confirm(&mut self.topups, &mut accounts, height);

        let data = BlockData {
            confirmed_topup_ids,
            confirmed_benchmark_ids: confirmations.benchmark_ids,
            confirmed_precommit_ids: confirmations.precommit_ids,
            confirmed_proof_ids: confirmations.proof_ids,
            confirmed_fraud_ids: confirmations.fraud_ids,
            active_challenge_ids: previous.data.active_challenge_ids.clone(),
            active_algorithm_ids: previous.data.active_algorithm_ids.clone(),
            active_benchmark_ids: active_benchmark_ids.into_iter().collect(),
            active_player_ids: active_player_ids.into_iter().collect(),
            ..BlockData::default()
        };
        let details = details(
            &previous.id,
            height,
            confirmations.fees_paid,
            &data,
            &config,
        );
        let fees = moved_fees(&previous.fees, &confirmations.num_precommits, &config);
        self.chain.push(
            ChainBlock {
                id,
                details,
                data,
                config,
                fees,
                accounts,
            },
            window_start,
        );
        self.records
            .retain(|_, record| record.precommit.block_started >= window_start);
        &self.chain.latest().id
    }
}

fn moved_fees(
    previous: &BTreeMap<String, Fees>,
    num_precommits: &BTreeMap<String, u32>,
    config: &ProtocolConfig,
) -> BTreeMap<String, Fees> {
    let Some(rules) = &config.precommit_submissions else {
        return previous.clone();
    };
    previous
        .iter()
        .map(|(challenge_id, fees)| {
            let num_precommits = num_precommits.get(challenge_id).copied().unwrap_or(0);
            (challenge_id.clone(), fees.after(num_precommits, rules))
        })
        .collect()
}

/// The details of a block whose ids are in `data`.
pub(crate) fn details(
    prev_block_id: &str,
    height: u32,
    fees_paid: PreciseNumber,
    data: &BlockData,
    config: &ProtocolConfig,
) -> BlockDetails {
    let blocks_per_round = config.rounds.blocks_per_round.max(1);
    // A count that does not fit is one nobody reads.
    let count = |ids: &[String]| Some(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    BlockDetails {
        prev_block_id: prev_block_id.to_owned(),
        height,
        round: height / blocks_per_round + 1,
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
