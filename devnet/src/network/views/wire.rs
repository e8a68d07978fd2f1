//! The network's state in the words of the API (tig-api.md section 5).

use tig_protocol::api::{self, Confirmation};

use crate::network::state::{Account, Benchmark, Fraud, Precommit, Proof, StoredTopup};

/// Details that stay inside the network unless one benchmark is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Without solution nonces, Merkle proofs and allegation.
    Summary,
    /// With them.
    Full,
}

impl Detail {
    fn full<T>(self, value: impl FnOnce() -> T) -> Option<T> {
        (self == Self::Full).then(value)
    }
}

pub(crate) fn precommit(id: &str, precommit: &Precommit) -> api::Precommit {
    api::Precommit {
        benchmark_id: id.to_owned(),
        details: api::PrecommitDetails {
            block_started: precommit.block_started,
            num_nonces: Some(precommit.num_nonces),
            fee_paid: Some(precommit.fee_paid),
        },
        settings: precommit.settings.clone(),
        state: precommit
            .confirmed
            .as_ref()
            .map(|confirmed| api::PrecommitState {
                block_confirmed: Some(confirmed.height),
                rand_hash: Some(confirmed.rand_hash.clone()),
            }),
    }
}

pub(crate) fn benchmark(id: &str, benchmark: &Benchmark, detail: Detail) -> api::Benchmark {
    let num_solutions = benchmark.solution_nonces.len();
    api::Benchmark {
        id: id.to_owned(),
        details: api::BenchmarkDetails {
            // Distinct nonces below a 32-bit number.
            num_solutions: u32::try_from(num_solutions).unwrap_or(u32::MAX),
            merkle_root: Some(benchmark.merkle_root),
        },
        state: benchmark
            .confirmed
            .as_ref()
            .map(|confirmed| api::BenchmarkState {
                block_confirmed: Some(confirmed.height),
                sampled_nonces: Some(confirmed.sampled_nonces.iter().copied().collect()),
            }),
        solution_nonces: detail.full(|| benchmark.solution_nonces.iter().copied().collect()),
    }
}

pub(crate) fn proof(id: &str, proof: &Proof, detail: Detail) -> api::Proof {
    api::Proof {
        benchmark_id: id.to_owned(),
        state: proof.confirmed.as_ref().map(|confirmed| api::ProofState {
            block_confirmed: Some(confirmed.height),
            submission_delay: Some(confirmed.submission_delay),
        }),
        merkle_proofs: detail.full(|| proof.merkle_proofs.clone()),
    }
}

pub(crate) fn fraud(id: &str, fraud: &Fraud, detail: Detail) -> api::Fraud {
    api::Fraud {
        benchmark_id: id.to_owned(),
        state: fraud.confirmed.map(|height| Confirmation {
            block_confirmed: Some(height),
        }),
        allegation: detail.full(|| fraud.allegation.clone()),
    }
}

pub(crate) fn player_state(account: &Account) -> api::PlayerState {
    api::PlayerState {
        total_fees_paid: Some(account.total_fees_paid),
        available_fee_balance: Some(account.available_fee_balance),
    }
}

pub(crate) fn topup(tx_hash: &str, topup: &StoredTopup) -> api::TopUp {
    api::TopUp {
        id: tx_hash.to_owned(),
        details: api::TopUpDetails {
            player_id: topup.player_id.clone(),
            amount: topup.amount,
        },
        state: topup.confirmed.map(|height| Confirmation {
            block_confirmed: Some(height),
        }),
    }
}
