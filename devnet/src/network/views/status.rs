//! `GET /devnet/status`: how far each benchmark is, for people and for the demo.

use serde::Serialize;

use crate::network::state::{Network, Record};

/// The latest block and every benchmark of the lifespan window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Height of the latest block.
    pub height: u32,
    /// Id of the latest block.
    pub block_id: String,
    /// In order of submission.
    pub benchmarks: Vec<BenchmarkStatus>,
}

/// How far one benchmark is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchmarkStatus {
    /// Its id.
    pub benchmark_id: String,
    /// Name of its challenge.
    pub challenge: String,
    /// Name of its algorithm.
    pub algorithm: String,
    /// The furthest step.
    pub stage: Stage,
    /// Height of the block that its settings name.
    pub block_started: u32,
    /// Id of the block that confirmed its precommit; a rollback can change it.
    pub rand_hash: Option<String>,
    /// Nonces promised.
    pub num_nonces: u32,
    /// Distinct solution nonces declared; 0 before the benchmark is submitted.
    pub num_solutions: usize,
}

/// The furthest step of a benchmark; `*_pending` is in the mempool, the others are confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The precommit waits for a block.
    PrecommitPending,
    /// The precommit is confirmed: nonces can be computed.
    Precommit,
    /// The benchmark waits for a block.
    BenchmarkPending,
    /// The benchmark is confirmed: nonces are sampled.
    Benchmark,
    /// The proof waits for its re-execution or for a block.
    ProofPending,
    /// The proof is confirmed; its leaves agreed with a re-execution.
    Proof,
    /// A fraud is confirmed.
    Fraud,
}

impl Stage {
    /// In the order in which a benchmark goes through them.
    pub const ALL: [Self; 7] = [
        Self::PrecommitPending,
        Self::Precommit,
        Self::BenchmarkPending,
        Self::Benchmark,
        Self::ProofPending,
        Self::Proof,
        Self::Fraud,
    ];

    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrecommitPending => "precommit_pending",
            Self::Precommit => "precommit",
            Self::BenchmarkPending => "benchmark_pending",
            Self::Benchmark => "benchmark",
            Self::ProofPending => "proof_pending",
            Self::Proof => "proof",
            Self::Fraud => "fraud",
        }
    }
}

impl Network {
    /// The latest block and how far each benchmark is.
    pub fn status(&self) -> Status {
        let latest = self.chain.latest();
        let mut records: Vec<_> = self.records.iter().collect();
        records.sort_unstable_by_key(|(_, record)| record.sequence);
        Status {
            height: latest.details.height,
            block_id: latest.id.clone(),
            benchmarks: records
                .into_iter()
                .filter_map(|(id, record)| self.benchmark_status(id, record))
                .collect(),
        }
    }

    /// `None` never happens: a precommit names a known algorithm.
    fn benchmark_status(&self, id: &str, record: &Record) -> Option<BenchmarkStatus> {
        let algorithm = &self
            .algorithms
            .get(&record.precommit.settings.algorithm_id)?
            .published;
        Some(BenchmarkStatus {
            benchmark_id: id.to_owned(),
            challenge: algorithm.kind.name().to_owned(),
            algorithm: algorithm.name.clone(),
            stage: stage(record),
            block_started: record.precommit.block_started,
            rand_hash: record
                .confirmed_precommit()
                .map(|confirmed| confirmed.rand_hash.clone()),
            num_nonces: record.precommit.num_nonces,
            num_solutions: record
                .benchmark
                .as_ref()
                .map_or(0, |benchmark| benchmark.solution_nonces.len()),
        })
    }
}

pub(crate) fn stage(record: &Record) -> Stage {
    if record.confirmed_fraud().is_some() {
        Stage::Fraud
    } else if record.confirmed_proof().is_some() {
        Stage::Proof
    } else if record.proof.is_some() {
        Stage::ProofPending
    } else if record.confirmed_benchmark().is_some() {
        Stage::Benchmark
    } else if record.benchmark.is_some() {
        Stage::BenchmarkPending
    } else if record.confirmed_precommit().is_some() {
        Stage::Precommit
    } else {
        Stage::PrecommitPending
    }
}
