//! What became of a job.

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// Bytes of an output that are kept; what is longer is cut. Miners shorten outputs to about 200 characters.
pub const STDOUT_BYTES_MAX: usize = 1 << 20;

/// What became of a job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The miner has answered.
    Finished {
        /// What the job has printed, any text that JSON can carry; at most [`STDOUT_BYTES_MAX`] bytes.
        stdout: String,
        /// What it has printed on standard error, as `stdout`.
        stderr: String,
    },
    /// The miner has said that the job failed.
    Failed {
        /// Its exit code; `None` for a fault of the executor.
        exit_status: Option<i64>,
        /// As for [`Outcome::Finished`].
        stdout: String,
        /// As for [`Outcome::Finished`].
        stderr: String,
    },
    /// The miner has declined the reservation.
    Declined,
    /// The executor could not be prepared, or has refused the job after it was ready.
    ExecutorFailed,
    /// The miner has sent a message before the one that it depends on.
    OutOfOrder {
        /// Which.
        reason: String,
    },
    /// A step took longer than its deadline.
    Late {
        /// The step that did not come: `accept`, `ready` or `answer`.
        step: String,
    },
    /// There is no connection to the miner, or it ended and did not come back in time.
    Unreachable {
        /// Why, in words.
        reason: String,
    },
    /// The validator itself was interrupted: the job counts as not tested, without blame and without a score.
    Interrupted,
    /// Nothing was sent, because the miner's executors run other jobs of this validator, or it has none of the class: the
    /// job counts as not tested.
    NotSent {
        /// Why, in words.
        reason: String,
    },
}

impl Outcome {
    /// Whether the miner answered with a result or a failure, and gets a finished receipt (section 2.4).
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Failed { .. })
    }
}

/// Times of a job in Unix microseconds, as the host has measured them at the connection.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobTimes {
    /// The reservation was with the kernel.
    pub reserved_us: Option<u64>,
    /// The miner has accepted.
    pub accepted_us: Option<u64>,
    /// The executor was ready.
    pub ready_us: Option<u64>,
    /// The request to run was with the kernel.
    pub run_us: Option<u64>,
    /// The answer was read.
    pub answered_us: Option<u64>,
}

impl JobTimes {
    /// Microseconds that the job is said to have taken, which may be negative for an answer that came too early; `None` if it was
    /// not run or not answered.
    #[must_use]
    pub fn taken_us(&self) -> Option<i64> {
        let signed = |time: u64| i64::try_from(time).ok();
        signed(self.answered_us?)?.checked_sub(signed(self.run_us?)?)
    }
}

/// `horde_job_over`: the one outcome of a job. Durable; may come again after a restart, with the same content.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobOver {
    /// Its group.
    pub group: String,
    /// The job.
    pub uuid: String,
    /// SS58 address of the miner.
    pub hotkey: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When.
    pub times: JobTimes,
}

impl Event for JobOver {
    const NAME: &'static str = "horde_job_over";
    const DURABLE: bool = true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_crosses_with_its_job() {
        let over = JobOver {
            group: "g".to_owned(),
            uuid: "u".to_owned(),
            hotkey: "h".to_owned(),
            outcome: Outcome::Finished {
                stdout: "\0\u{7}".to_owned(),
                stderr: String::new(),
            },
            times: JobTimes::default(),
        };
        let text = serde_json::to_string(&over).unwrap();
        assert!(text.contains(r#""outcome":"finished""#), "{text}");
        assert_eq!(serde_json::from_str::<JobOver>(&text).unwrap(), over);
    }

    #[test]
    fn taken_time_needs_a_run_and_an_answer() {
        let mut times = JobTimes {
            answered_us: Some(5),
            ..JobTimes::default()
        };
        assert_eq!(times.taken_us(), None);
        times.run_us = Some(7);
        assert_eq!(times.taken_us(), Some(-2));
    }
}
