//! What a job is worth (section 3.5), and in which column of the report it counts.

use horde_calc::score::{JobFailure, JobKind, WeightsVersion, job_score};
use horde_events::Verdict;
use horde_proto::ExecutorClass;
use serde::Serialize;

use crate::job::{Ending, Job, JobEnd};
use crate::limits::VERDICT_TIMEOUT_SECONDS;

const MICROSECONDS: f64 = 1e6;

/// What became of a job, in a word.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    /// The answer is right and in time.
    Right,
    /// The answer is wrong.
    Wrong,
    /// The job failed, its executor did, or messages came out of order.
    Failed,
    /// The miner has declined.
    Declined,
    /// A step or the answer took longer than its deadline.
    Late,
    /// There was no connection.
    Unreachable,
    /// The answer could not be checked: counts as not tested.
    Excused,
    /// The validator was interrupted: counts as not tested.
    Interrupted,
}

impl Column {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Excused => "excused",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A job with its score.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scored {
    pub(crate) column: Column,
    /// Without bonus.
    pub(crate) score: f64,
    /// Why it is not right.
    pub(crate) reason: Option<String>,
    /// Whether the miner has answered, so that it gets a finished receipt (section 3.4 step 10).
    pub(crate) is_answered: bool,
}

/// The score of a job without bonus. `end` is what became of it.
pub(crate) fn score(job: &Job, end: &JobEnd, version: WeightsVersion) -> Scored {
    let (column, score, reason) = match &end.ending {
        Ending::Finished => score_answer(job, end, version),
        Ending::Failed { reason } => (Column::Failed, 0.0, Some(reason.clone())),
        Ending::ExecutorFailed => {
            let reason = "its executor could not be prepared or refused the job".to_owned();
            (Column::Failed, 0.0, Some(reason))
        }
        Ending::Declined => (Column::Declined, 0.0, Some("it declined".to_owned())),
        Ending::OutOfOrder { reason } => {
            (Column::Failed, 0.0, Some(format!("out of order: {reason}")))
        }
        Ending::Late { step } => (Column::Late, 0.0, Some(late_reason(step))),
        Ending::Unreachable { reason } => (Column::Unreachable, 0.0, Some(reason.clone())),
        Ending::Interrupted { reason } => (Column::Interrupted, 0.0, Some(reason.clone())),
    };
    Scored {
        column,
        score,
        reason,
        is_answered: matches!(end.ending, Ending::Finished | Ending::Failed { .. }),
    }
}

/// What did not come in time, in words.
fn late_reason(step: &str) -> String {
    let what = match step {
        "accept" => "it did not answer the reservation in time",
        "ready" => "its executor was not ready in time",
        "answer" => "it did not answer in time",
        other => other,
    };
    format!("late: {what}")
}

fn score_answer(job: &Job, end: &JobEnd, version: WeightsVersion) -> (Column, f64, Option<String>) {
    match &end.verdict {
        Some(Verdict::Right) => {}
        Some(Verdict::Wrong { reason }) => return (Column::Wrong, 0.0, Some(reason.clone())),
        Some(Verdict::Excused { reason }) => return (Column::Excused, 0.0, Some(reason.clone())),
        None => {
            let reason = format!(
                "{} did not check it within {VERDICT_TIMEOUT_SECONDS} s",
                job.kind
            );
            return (Column::Excused, 0.0, Some(reason));
        }
    }
    let Some(taken_us) = end.times.taken_us() else {
        let reason = "out of order: it answered what it was not asked".to_owned();
        return (Column::Failed, 0.0, Some(reason));
    };
    let kind = match job.class {
        ExecutorClass::AlwaysOnLlmA6000 => JobKind::Llm,
        _ => JobKind::Hash(version),
    };
    match job_score(kind, taken_us as f64 / MICROSECONDS, job.timeout_seconds) {
        Ok(score) => (Column::Right, score, None),
        Err(failure) => {
            let column = match failure {
                JobFailure::OutOfOrder { .. } => Column::Failed,
                JobFailure::Late { .. } => Column::Late,
            };
            (column, 0.0, Some(failure.to_string()))
        }
    }
}
