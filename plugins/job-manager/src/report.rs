//! The answer of `GET /jobs`.

use serde::Serialize;

use crate::config::Config;
use crate::job::{Job, Stage};
use crate::network::{Missing, Network};
use crate::record::Abandoned;

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
    audits_open: usize,
    stage: Stage,
    /// Why the job does not go on, in words.
    reason: Option<String>,
    /// The same for programs.
    reason_code: Option<Reason<'a>>,
}

/// Why a job does not go on.
#[derive(Debug, Serialize, thiserror::Error)]
#[serde(untagged)]
pub(crate) enum Reason<'a> {
    #[error(transparent)]
    Missing(Missing),
    #[error("{0}")]
    Abandoned(&'a Abandoned),
    #[error("slaves {} disagree about batch {start_nonce}: another slave must compute it", .disputed_by.join(", "))]
    Disputed {
        start_nonce: u64,
        disputed_by: Vec<&'a str>,
    },
    #[error("{audits} batches are being computed once more")]
    Auditing { audits: usize },
}

impl<'a> JobReport<'a> {
    pub(crate) fn new(
        benchmark_id: &'a str,
        job: &'a Job,
        config: &Config,
        network: &Network,
    ) -> Self {
        let record = job.record();
        let reason = reason(job, config, network);
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
            audits_open: job.audits().len(),
            stage: job.stage(),
            reason: reason.as_ref().map(ToString::to_string),
            reason_code: reason,
        }
    }
}

pub(crate) fn reason<'a>(job: &'a Job, config: &Config, network: &Network) -> Option<Reason<'a>> {
    let record = job.record();
    match job.stage() {
        Stage::Abandoned => record.abandoned.as_ref().map(Reason::Abandoned),
        Stage::Waiting => {
            let missing = network.terms(config, &record.settings).err();
            missing.map(Reason::Missing)
        }
        Stage::Auditing => {
            let audits = job.audits();
            let disputed = audits.iter().find(|(_, open)| open.audit.is_dispute());
            let Some((index, open)) = disputed else {
                return Some(Reason::Auditing {
                    audits: audits.len(),
                });
            };
            Some(Reason::Disputed {
                start_nonce: job.batch(*index)?.start_nonce,
                disputed_by: open.audit.slaves().collect(),
            })
        }
        Stage::Computing | Stage::BenchmarkReady | Stage::Proving | Stage::ProofReady => None,
    }
}
