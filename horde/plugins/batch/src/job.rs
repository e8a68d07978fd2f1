//! Jobs of a batch, and what became of them.

use horde_events::{JobOver, JobTimes, Outcome, Verdict};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 300;

/// A job as a job kind has made it, without its frames, which `horde_miners` keeps.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    pub(crate) uuid: String,
    pub(crate) hotkey: String,
    pub(crate) class: ExecutorClass,
    /// Name of the job kind's extension.
    pub(crate) kind: String,
    pub(crate) timeout_seconds: u32,
    /// What the kind needs to check the answer.
    pub(crate) check: Value,
}

/// An outcome without the texts that a miner has sent, which are stored until they are checked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// There is an answer.
    Finished,
    /// The job ran and failed.
    Failed {
        reason: String,
    },
    /// The executor did not become ready, or refused the job.
    ExecutorFailed,
    Declined,
    OutOfOrder {
        reason: String,
    },
    Late {
        step: String,
    },
    Unreachable {
        reason: String,
    },
    /// The validator's own fault.
    Interrupted {
        reason: String,
    },
}

/// What became of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct JobEnd {
    pub(crate) ending: Ending,
    pub(crate) times: JobTimes,
    /// The verdict on the answer.
    pub(crate) verdict: Option<Verdict>,
}

/// What a job has printed, stored until its kind has seen it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl JobEnd {
    /// What became of a job, and its answer if there is one to check.
    pub(crate) fn new(over: JobOver) -> (Self, Option<Answer>) {
        let mut answer = None;
        let ending = match over.outcome {
            Outcome::Finished { stdout, stderr } => {
                answer = Some(Answer { stdout, stderr });
                Ending::Finished
            }
            Outcome::Failed {
                exit_status,
                stdout,
                stderr,
            } => Ending::Failed {
                reason: failure(exit_status, &stdout, &stderr),
            },
            Outcome::Declined => Ending::Declined,
            Outcome::ExecutorFailed => Ending::ExecutorFailed,
            Outcome::OutOfOrder { reason } => Ending::OutOfOrder {
                reason: cut(reason),
            },
            Outcome::Late { step } => Ending::Late { step: cut(step) },
            Outcome::Unreachable { reason } => Ending::Unreachable {
                reason: cut(reason),
            },
            Outcome::Interrupted => Ending::interrupted("the validator was restarted"),
            Outcome::NotSent { reason } => Ending::Interrupted {
                reason: cut(reason),
            },
        };
        let end = Self {
            ending,
            times: over.times,
            verdict: None,
        };
        (end, answer)
    }

    /// Whether its answer has not been checked yet.
    pub(crate) fn is_unchecked(&self) -> bool {
        self.ending == Ending::Finished && self.verdict.is_none()
    }
}

impl Ending {
    pub(crate) fn interrupted(reason: &str) -> Self {
        Self::Interrupted {
            reason: reason.to_owned(),
        }
    }
}

/// A verdict whose reason is not longer than others.
pub(crate) fn bounded(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Right => Verdict::Right,
        Verdict::Wrong { reason } => Verdict::Wrong {
            reason: cut(reason),
        },
        Verdict::Excused { reason } => Verdict::Excused {
            reason: cut(reason),
        },
    }
}

/// A text of another extension, cut to [`REASON_CHARS_MAX`].
pub(crate) fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(REASON_CHARS_MAX) {
        text.truncate(end);
        text.push_str("..");
    }
    text
}

fn failure(exit_status: Option<i64>, stdout: &str, stderr: &str) -> String {
    let said = if stderr.trim().is_empty() {
        stdout
    } else {
        stderr
    };
    let said = horde_events::quote(said);
    match exit_status {
        Some(status) => format!("it ended with exit code {status} and printed {said}"),
        None => format!("the executor could not run it: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_cut_between_characters() {
        let longest = "\u{e9}".repeat(REASON_CHARS_MAX);
        assert_eq!(cut(longest.clone()), longest);
        assert_eq!(cut(longest.clone() + "x"), longest + "..");
    }
}
