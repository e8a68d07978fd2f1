//! The answer of `GET /jobs`.

use serde::Serialize;

use crate::{
    config::Config,
    job::{Job, Stage},
    network::Network,
};

/// One job, for the operator.
#[derive(Serialize)]
pub(crate) struct JobReport<'a> {
    benchmark_id: &'a str,
    challenge_id: &'a str,
    algorithm_id: &'a str,
    difficulty: &'a [i32],
    num_nonces: u64,
    batches_total: u64,
    batches_done: usize,
    proofs_total: usize,
    proofs_done: usize,
    stage: Stage,
    /// Why the job waits or is abandoned.
    reason: Option<String>,
}

impl<'a> JobReport<'a> {
    pub(crate) fn new(
        benchmark_id: &'a str,
        job: &'a Job,
        config: &Config,
        network: &Network,
    ) -> Self {
        let record = job.record();
        let reason = match job.stage() {
            Stage::Abandoned => record.abandoned.clone(),
            Stage::Waiting => {
                let missing = network.terms(config, &record.settings).err();
                missing.map(|missing| missing.to_string())
            }
            Stage::Computing | Stage::BenchmarkReady | Stage::Proving | Stage::ProofReady => None,
        };
        Self {
            benchmark_id,
            challenge_id: &record.settings.challenge_id,
            algorithm_id: &record.settings.algorithm_id,
            difficulty: &record.settings.difficulty,
            num_nonces: record.num_nonces,
            batches_total: job.num_batches(),
            batches_done: job.num_finished(),
            proofs_total: job.num_sampled(),
            proofs_done: job.num_proved(),
            stage: job.stage(),
            reason,
        }
    }
}
