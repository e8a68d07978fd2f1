//! The end of a job.

use horde_proto::miner::{JobFailedRequest, JobFinishedRequest, ToValidator, shorten_output};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With exit status 0.
    Finished { stdout: String, stderr: String },
    /// With another exit status, or none and the reason in `stdout` if the executor is at fault.
    Failed {
        exit_status: Option<i64>,
        stdout: String,
        stderr: String,
    },
}

impl Outcome {
    pub(crate) fn finished(stdout: impl Into<String>) -> Self {
        Self::Finished {
            stdout: stdout.into(),
            stderr: String::new(),
        }
    }

    /// A fault of the executor.
    pub(crate) fn fault(reason: impl Into<String>) -> Self {
        Self::Failed {
            exit_status: None,
            stdout: reason.into(),
            stderr: String::new(),
        }
    }

    /// The message to the validator, its texts as short as a miner makes them.
    pub(crate) fn into_message(self, job_uuid: &str) -> ToValidator {
        let shorten = |output: String| shorten_output(&output).into_owned();
        match self {
            Self::Finished { stdout, stderr } => JobFinishedRequest {
                job_uuid: job_uuid.to_owned(),
                docker_process_stdout: shorten(stdout),
                docker_process_stderr: shorten(stderr),
            }
            .into(),
            Self::Failed {
                exit_status,
                stdout,
                stderr,
            } => JobFailedRequest {
                job_uuid: job_uuid.to_owned(),
                docker_process_exit_status: exit_status,
                docker_process_stdout: shorten(stdout),
                docker_process_stderr: shorten(stderr),
            }
            .into(),
        }
    }
}
