//! Confirmations of a new block, and the nonces that it samples (tig-protocol.md section 6).

use std::collections::{BTreeMap, BTreeSet};

use tig_protocol::PreciseNumber;
use tig_protocol::sampling::sample_nonces;

use crate::network::state::{
    Account, Benchmark, ConfirmedBenchmark, ConfirmedPrecommit, ConfirmedProof, Record,
    ReexecutionState,
};

/// The block whose confirmations are made.
pub(crate) struct ConfirmingBlock<'a> {
    pub(crate) id: &'a str,
    pub(crate) height: u32,
    /// Records that started below this height are left alone.
    pub(crate) window_start: u32,
    pub(crate) max_samples: usize,
}

/// The benchmark ids of what one block confirmed, and what it earned.
#[derive(Debug, Default)]
pub(crate) struct Confirmations {
    pub(crate) precommit_ids: Vec<String>,
    pub(crate) benchmark_ids: Vec<String>,
    pub(crate) proof_ids: Vec<String>,
    pub(crate) fraud_ids: Vec<String>,
    pub(crate) fees_paid: PreciseNumber,
    /// Number of precommits per challenge id.
    pub(crate) num_precommits: BTreeMap<String, u32>,
}

/// Moves what is due from the mempool into `block`; fees are taken from `accounts`.
pub(crate) fn confirm(
    block: &ConfirmingBlock<'_>,
    records: &mut BTreeMap<String, Record>,
    accounts: &mut BTreeMap<String, Account>,
) -> Confirmations {
    let mut confirmations = Confirmations::default();
    for (id, record) in records.iter_mut() {
        if record.precommit.block_started < block.window_start {
            continue;
        }
        if record.precommit.confirmed.is_none() {
            confirm_precommit(block, id, record, accounts, &mut confirmations);
        } else {
            confirm_results(block, id, record, &mut confirmations);
        }
    }
    confirmations
}

fn confirm_precommit(
    block: &ConfirmingBlock<'_>,
    id: &str,
    record: &mut Record,
    accounts: &mut BTreeMap<String, Account>,
    confirmations: &mut Confirmations,
) {
    let precommit = &mut record.precommit;
    let Some(account) = accounts.get_mut(&precommit.settings.player_id) else {
        return;
    };
    // Submission reserved the fee, so that it is covered; if it were not, the precommit stays in the mempool.
    let Some(charged) = account.charged(precommit.fee_paid) else {
        return;
    };
    let Some(fees_paid) = confirmations.fees_paid.checked_add(precommit.fee_paid) else {
        return;
    };
    *account = charged;
    confirmations.fees_paid = fees_paid;
    *confirmations
        .num_precommits
        .entry(precommit.settings.challenge_id.clone())
        .or_default() += 1;
    confirmations.precommit_ids.push(id.to_owned());
    precommit.confirmed = Some(ConfirmedPrecommit {
        height: block.height,
        rand_hash: block.id.to_owned(),
    });
}

fn confirm_results(
    block: &ConfirmingBlock<'_>,
    id: &str,
    record: &mut Record,
    confirmations: &mut Confirmations,
) {
    let precommit = &record.precommit;
    if let Some(benchmark) = record
        .benchmark
        .as_mut()
        .filter(|benchmark| benchmark.confirmed.is_none())
    {
        let sampled_nonces = sampled_nonces(block, id, benchmark, precommit.num_nonces);
        benchmark.confirmed = Some(ConfirmedBenchmark {
            height: block.height,
            sampled_nonces,
        });
        confirmations.benchmark_ids.push(id.to_owned());
    }
    if let Some(proof) = record
        .proof
        .as_mut()
        .filter(|proof| proof.confirmed.is_none())
        && proof.reexecution == ReexecutionState::Done
    {
        let submission_delay = block.height.saturating_sub(precommit.block_started);
        proof.confirmed = Some(ConfirmedProof {
            height: block.height,
            submission_delay,
        });
        confirmations.proof_ids.push(id.to_owned());
    }
    if let Some(fraud) = record
        .fraud
        .as_mut()
        .filter(|fraud| fraud.confirmed.is_none())
    {
        fraud.confirmed = Some(block.height);
        confirmations.fraud_ids.push(id.to_owned());
    }
}

fn sampled_nonces(
    block: &ConfirmingBlock<'_>,
    id: &str,
    benchmark: &Benchmark,
    num_nonces: u32,
) -> BTreeSet<u64> {
    let solution_nonces: Vec<u64> = benchmark.solution_nonces.iter().copied().collect();
    sample_nonces(
        block.id,
        id,
        &solution_nonces,
        u64::from(num_nonces),
        block.max_samples,
    )
    .into_iter()
    .collect()
}
