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
        let failed = |comment: String, blame, is_untouched| Self {
            status: JobStatus::Failed,
            comment,
            response: None,
            blame,
            is_untouched,
        };
        match outcome {
            Outcome::Finished { stdout, stderr } => Self {
                status: JobStatus::Completed,
                comment: format!(
                    "{miner} finished: stdout={} stderr={}",
                    python_repr(&stdout),
                    python_repr(&stderr)
                ),
                response: Some(response(uuid, FINISHED, stdout, stderr)),
                blame: Blame::Praise,
                is_untouched: false,
            },
            Outcome::Failed {
                exit_status,
                stdout,
                stderr,
            } => Self {
                response: Some(response(uuid, FAILED, stdout.clone(), stderr.clone())),
                // A program that fails is the user's; a fault of the executor can be of a volume that the user has named.
                ..failed(
                    format!(
                        "{miner} failed: {}",
                        failure(uuid, exit_status, &stdout, &stderr)
                    ),
                    match exit_status {
                        Some(_) => Blame::Praise,
                        None => Blame::Later,
                    },
                    false,
                )
            },
            Outcome::Declined => Self {
                status: JobStatus::Rejected,
                response: Some(message(uuid, DECLINED)),
                ..failed(format!("{miner} declined the job"), Blame::Later, true)
            },
            Outcome::ExecutorFailed => Self {
                response: Some(message(uuid, EXECUTOR_FAILED)),
                ..failed(
                    format!(
                        "{miner} could not prepare an executor, or its executor refused the job"
                    ),
                    Blame::Later,
                    true,
                )
            },
            Outcome::OutOfOrder { reason } => failed(
                format!("{miner} sent a message too early: {}", cut_reason(&reason)),
                Blame::Failure,
                false,
            ),
            Outcome::Late { step } => match step.as_str() {
                "accept" => failed(
                    format!("{miner} did not answer the reservation in time"),
                    Blame::Failure,
                    true,
                ),
                "ready" => failed(
                    format!("{miner} had no executor ready in time"),
                    Blame::Later,
                    true,
                ),
                _ => failed(
                    format!("{miner} did not send the result in time"),
                    Blame::Later,
                    false,
                ),
            },
            Outcome::Unreachable { reason } => failed(
                format!("{miner} could not be reached: {}", cut_reason(&reason)),
                Blame::Failure,
                times.run_us.is_none(),
            ),
            Outcome::Interrupted => failed(
                format!("the validator was restarted while {miner} had the job"),
                Blame::None,
                false,
            ),
            Outcome::NotSent { reason } => Self {
                status: JobStatus::Rejected,
                ..failed(
                    format!("{miner} was not asked: {}", cut_reason(&reason)),
                    Blame::None,
                    true,
                )
            },
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
