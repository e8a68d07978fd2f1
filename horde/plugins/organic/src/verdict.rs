//! What the end of an attempt means: for the user, for the miner, and for another attempt (section 3.9).

use horde_events::{JobTimes, MinerAddress, Outcome};
use horde_proto::facilitator::{JobStatus, JobStatusMetadata, MinerResponse};
use horde_proto::miner::{JobFailedRequest, ToValidator};
use serde_json::Map;

use crate::limits::{COMMENT_OUTPUT_CHARS_MAX, OUTPUT_BYTES_MAX};
use crate::text::{cut_reason, python_repr};

/// Types of the miner's messages that statuses name.
const ACCEPTED: &str = "V0AcceptJobRequest";
const DECLINED: &str = "V0DeclineJobRequest";
const EXECUTOR_FAILED: &str = "V0ExecutorFailedRequest";
const FINISHED: &str = "V0JobFinishedRequest";
const FAILED: &str = "V0JobFailedRequest";

/// How an outcome counts against its miner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Blame {
    /// Not at all, and it says nothing for the miner either.
    None,
    /// The miner has done what it should: earlier failures are forgotten.
    Praise,
    /// Others come before it for a time. The cause may be the user's image or a miner that is busy.
    Later,
    /// As [`Blame::Later`], and a miner that does it again and again is blocked.
    Failure,
}

/// What the end of an attempt means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The status if this was the last attempt.
    pub(crate) status: JobStatus,
    /// In words, for the user.
    pub(crate) comment: String,
    /// The same for operators, without what the job has printed, which is the user's affair.
    pub(crate) summary: String,
    /// The miner's answer, if there was one.
    pub(crate) response: Option<MinerResponse>,
    pub(crate) blame: Blame,
    /// Nothing of the job has run, so that another miner can run it.
    pub(crate) is_untouched: bool,
}

impl Verdict {
    /// The verdict on the outcome of an attempt at this miner; `uuid` is the user's.
    pub(crate) fn new(
        uuid: &str,
        address: &MinerAddress,
        outcome: Outcome,
        times: &JobTimes,
    ) -> Self {
        let miner = name(address);
        match outcome {
            Outcome::Finished { stdout, stderr } => Self::finished(uuid, &miner, stdout, stderr),
            Outcome::Failed {
                exit_status,
                stdout,
                stderr,
            } => Self::failed(uuid, &miner, exit_status, stdout, stderr),
            Outcome::Declined => Self {
                status: JobStatus::Rejected,
                response: Some(message(uuid, DECLINED)),
                ..Self::untouched(format!("{miner} declined the job"), Blame::Later)
            },
            Outcome::ExecutorFailed => {
                let comment = format!(
                    "{miner} could not prepare an executor, or its executor refused the job"
                );
                Self {
                    response: Some(message(uuid, EXECUTOR_FAILED)),
                    ..Self::untouched(comment, Blame::Later)
                }
            }
            Outcome::OutOfOrder { reason } => {
                let reason = cut_reason(&reason);
                let comment = format!("{miner} sent a message too early: {reason}");
                Self::touched(comment, Blame::Failure)
            }
            Outcome::Late { step } => Self::late(&miner, &step),
            Outcome::Unreachable { reason } => {
                let reason = cut_reason(&reason);
                let comment = format!("{miner} could not be reached: {reason}");
                Self {
                    is_untouched: times.run_us.is_none(),
                    ..Self::touched(comment, Blame::Failure)
                }
            }
            Outcome::Interrupted => {
                let comment = format!("the validator was restarted while {miner} had the job");
                Self::touched(comment, Blame::None)
            }
            Outcome::NotSent { reason } => {
                let comment = format!("{miner} was not asked: {}", cut_reason(&reason));
                Self {
                    status: JobStatus::Rejected,
                    ..Self::untouched(comment, Blame::None)
                }
            }
        }
    }

    fn finished(uuid: &str, miner: &str, stdout: String, stderr: String) -> Self {
        let (out, err) = (python_repr(&stdout), python_repr(&stderr));
        Self {
            status: JobStatus::Completed,
            summary: format!("{miner} finished"),
            response: Some(response(uuid, FINISHED, stdout, stderr)),
            ..Self::touched(
                format!("{miner} finished: stdout={out} stderr={err}"),
                Blame::Praise,
            )
        }
    }

    /// A program that fails is the user's affair. A fault of the executor can come from a volume that the user has named.
    fn failed(
        uuid: &str,
        miner: &str,
        exit_status: Option<i64>,
        stdout: String,
        stderr: String,
    ) -> Self {
        let blame = match exit_status {
            Some(_) => Blame::Praise,
            None => Blame::Later,
        };
        let quoted = failure(uuid, exit_status, &stdout, &stderr);
        let summary = match exit_status {
            Some(status) => format!("{miner} failed with exit code {status}"),
            None => format!("{miner} failed by a fault of its executor"),
        };
        Self {
            summary,
            response: Some(response(uuid, FAILED, stdout, stderr)),
            ..Self::touched(format!("{miner} failed: {quoted}"), blame)
        }
    }

    fn late(miner: &str, step: &str) -> Self {
        match step {
            "accept" => Self::untouched(
                format!("{miner} did not answer the reservation in time"),
                Blame::Failure,
            ),
            "ready" => Self::untouched(
                format!("{miner} had no executor ready in time"),
                Blame::Later,
            ),
            _ => Self::touched(
                format!("{miner} did not send the result in time"),
                Blame::Later,
            ),
        }
    }

    /// Failed, and something may have run.
    fn touched(comment: String, blame: Blame) -> Self {
        Self {
            status: JobStatus::Failed,
            summary: comment.clone(),
            comment,
            response: None,
            blame,
            is_untouched: false,
        }
    }

    /// Failed, and nothing has run.
    fn untouched(comment: String, blame: Blame) -> Self {
        Self {
            is_untouched: true,
            ..Self::touched(comment, blame)
        }
    }

    /// Metadata of the status.
    pub(crate) fn metadata(comment: String, response: Option<MinerResponse>) -> JobStatusMetadata {
        JobStatusMetadata {
            comment,
            miner_response: response,
            extra: Map::new(),
        }
    }

    /// Metadata of the status `accepted`.
    pub(crate) fn accepted(uuid: &str) -> JobStatusMetadata {
        let response = message(uuid, ACCEPTED);
        Self::metadata(String::new(), Some(response))
    }
}

/// A miner in a comment.
fn name(address: &MinerAddress) -> String {
    let MinerAddress { hotkey, host, port } = address;
    format!("Miner {hotkey}({host}:{port})")
}

/// The miner's message that a job has failed, as the reference quotes it.
fn failure(uuid: &str, exit_status: Option<i64>, stdout: &str, stderr: &str) -> String {
    let cut = |text: &str| text.chars().take(COMMENT_OUTPUT_CHARS_MAX).collect();
    let message = JobFailedRequest {
        job_uuid: uuid.to_owned(),
        docker_process_exit_status: exit_status,
        docker_process_stdout: cut(stdout),
        docker_process_stderr: cut(stderr),
    };
    ToValidator::JobFailed(message).to_text()
}

fn message(uuid: &str, message_type: &str) -> MinerResponse {
    response(uuid, message_type, String::new(), String::new())
}

fn response(
    uuid: &str,
    message_type: &str,
    mut stdout: String,
    mut stderr: String,
) -> MinerResponse {
    for output in [&mut stdout, &mut stderr] {
        output.truncate(output.floor_char_boundary(OUTPUT_BYTES_MAX));
    }
    MinerResponse {
        job_uuid: uuid.to_owned(),
        message_type: Some(message_type.to_owned()),
        docker_process_stderr: stderr,
        docker_process_stdout: stdout,
        extra: Map::new(),
    }
}
