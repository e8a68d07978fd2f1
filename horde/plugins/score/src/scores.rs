//! From the jobs of a batch to the scores of its miners. Pure.

use std::collections::BTreeMap;

use horde_calc::score::{HordeSettings, ScoredJob, batch_scores};
use horde_events::{BatchOver, JobResult};
use horde_proto::ExecutorClass;

/// Why a batch has no scores.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unscored {
    /// The batch was ended before all jobs had an outcome.
    #[error("it did not run to its end: what its miners are worth is unknown")]
    Cut,
    /// Jobs without blame, or of classes without a weight, are all that it has.
    #[error(
        "none of its {jobs} jobs counts: each is excused, interrupted or of a class without a weight"
    )]
    NoJobCounts {
        /// Jobs of the batch.
        jobs: usize,
    },
}

impl Unscored {
    /// The word for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::NoJobCounts { .. } => "no_job_counts",
        }
    }
}

/// Scores by hotkey. Miners whose jobs all failed are among them, with 0.
pub(crate) fn score(
    batch: &BatchOver,
    class_weights: &BTreeMap<ExecutorClass, f64>,
    settings: HordeSettings,
) -> Result<BTreeMap<String, f64>, Unscored> {
    if !batch.is_whole {
        return Err(Unscored::Cut);
    }
    let weights = class_weights.iter();
    let weights = weights.map(|(class, weight)| (class.to_string(), *weight));
    let jobs = batch.jobs.iter().filter(|job| counts(job)).map(scored_job);
    let scores = batch_scores(jobs, &weights.collect(), settings);
    if scores.is_empty() {
        let jobs = batch.jobs.len();
        return Err(Unscored::NoJobCounts { jobs });
    }
    Ok(scores)
}

/// Whether a job says something of its miner.
fn counts(job: &JobResult) -> bool {
    !matches!(job.result.as_str(), "excused" | "interrupted")
}

fn scored_job(job: &JobResult) -> ScoredJob<'_> {
    ScoredJob {
        hotkey: &job.hotkey,
        class: &job.executor_class,
        score: job.score(),
    }
}
