//! The jobs that ended last, for the panel. Kept in memory alone.

use std::collections::VecDeque;

use crate::record::JobRecord;

/// Jobs that are remembered.
const FINISHED_COUNT_MAX: usize = 50;

/// How a job has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Outcome {
    #[error("proof confirmed")]
    Proved { height: Option<u32> },
    #[error("its lifespan is over")]
    Expired,
}

/// A job that has ended.
pub(crate) struct FinishedJob {
    pub(crate) benchmark_id: String,
    pub(crate) record: JobRecord,
    pub(crate) outcome: Outcome,
    pub(crate) ended_ms: u64,
}

/// The newest ones, the last first.
#[derive(Default)]
pub(crate) struct Finished(VecDeque<FinishedJob>);

impl Finished {
    pub(crate) fn add(&mut self, job: FinishedJob) {
        self.0.truncate(FINISHED_COUNT_MAX - 1);
        self.0.push_front(job);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FinishedJob> {
        self.0.iter()
    }
}
