//! Answers, verdicts and results of a batch.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_plugin_api::Event;

/// `horde_answer_given`: asks a job kind whether the answer of a job that it made is right. Other kinds ignore it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AnswerGiven {
    /// The batch.
    pub batch: String,
    /// Name of the job kind's extension.
    pub kind: String,
    /// The job.
    pub uuid: String,
    /// SS58 address of the miner.
    pub hotkey: String,
    /// What the kind gave with the job.
    pub check: Value,
    /// What the job has printed.
    pub stdout: String,
    /// What it has printed on standard error.
    pub stderr: String,
}

impl Event for AnswerGiven {
    const NAME: &'static str = "horde_answer_given";
}

impl AnswerGiven {
    /// The reply with this verdict.
    #[must_use]
    pub fn checked(&self, verdict: Verdict) -> AnswerChecked {
        AnswerChecked {
            batch: self.batch.clone(),
            uuid: self.uuid.clone(),
            verdict,
        }
    }
}

/// What an answer is worth.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong {
        /// Why, for operators.
        reason: String,
    },
    /// It could not be checked, which is not the miner's fault: no score, no blame.
    Excused {
        /// Why, for operators.
        reason: String,
    },
}

/// `horde_answer_checked`: the verdict of a job kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AnswerChecked {
    /// The batch.
    pub batch: String,
    /// The job.
    pub uuid: String,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Event for AnswerChecked {
    const NAME: &'static str = "horde_answer_checked";
}

/// A job that gets its finished receipt.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ScoredJob {
    /// The job.
    pub uuid: String,
    /// The score as the receipt says it (`score_str`, section 2.4).
    pub score_text: String,
}

/// `horde_jobs_scored`: the finished receipts of these jobs can be signed, stored and sent (section 3.4 step 10). Emitted
/// again, it changes nothing: a receipt is signed once. Durable: the batch is over, so that nobody could emit it again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobsScored {
    /// The group of the jobs.
    pub group: String,
    /// The jobs.
    pub jobs: Vec<ScoredJob>,
}

/// The score of a job that nothing is paid for, as a receipt says it (section 2.4).
const NO_SCORE: &str = "0.000000";

impl JobsScored {
    /// The receipt of a job that is alone in its group and is not scored: of a user, or of the validator's own.
    #[must_use]
    pub fn unscored(group: String, uuid: String) -> Self {
        Self {
            group,
            jobs: vec![ScoredJob {
                uuid,
                score_text: NO_SCORE.to_owned(),
            }],
        }
    }
}

impl Event for JobsScored {
    const NAME: &'static str = "horde_jobs_scored";
    const DURABLE: bool = true;
}

/// A job in the result of a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobResult {
    /// The job.
    pub uuid: String,
    /// SS58 address of the miner.
    pub hotkey: String,
    /// The class of its executor.
    pub executor_class: String,
    /// One word: `right`, `wrong`, `failed`, `declined`, `late`, `unreachable`; or `excused` or `interrupted`, which count as
    /// not tested: no blame, and no score.
    pub result: String,
    /// Its score without bonus, as the bits of a 64-bit float, so that no digit is lost on the way.
    pub score_bits: u64,
    /// What the bonus for a manifest that has changed multiplies the score by (section 10.4), as such bits; 1 without bonus.
    pub bonus_bits: u64,
}

impl JobResult {
    /// The score with its bonus: what the receipt says, and what scorers sum up.
    #[must_use]
    pub fn score(&self) -> f64 {
        f64::from_bits(self.score_bits) * f64::from_bits(self.bonus_bits)
    }
}

/// `horde_batch_over`: a batch has ended and is stored. Durable.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BatchOver {
    /// The batch.
    pub batch: String,
    /// First block of its cycle, if it belongs to one. A batch without is never scored.
    pub cycle_start: Option<u64>,
    /// Whether it ran to its end.
    pub is_whole: bool,
    /// Its jobs.
    pub jobs: Vec<JobResult>,
}

impl Event for BatchOver {
    const NAME: &'static str = "horde_batch_over";
    const DURABLE: bool = true;
}
