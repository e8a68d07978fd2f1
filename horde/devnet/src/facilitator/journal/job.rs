//! The record of a job.

use horde_proto::facilitator::{JobStatus, JobStatusUpdate, OrganicJob};
use serde::{Deserialize, Serialize};

use crate::facilitator::order::JobVersion;

/// Statuses of a job that are kept; later ones are only counted.
const STATUSES_KEPT_MAX: usize = 64;
/// Deliveries of a job that are kept.
const DELIVERIES_KEPT_MAX: usize = 256;
/// Bytes of a foreign text that are kept of one status.
const STATUS_TEXT_BYTES_MAX: usize = 64 << 10;
/// A job without an end is dead after this time.
const JOB_LIFETIME_US: i64 = 330_000_000;

/// How far a job is, as users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// No validator has said anything.
    Sent,
    /// A miner has taken it.
    Accepted,
    /// It has finished.
    Completed,
    /// It has failed.
    Failed,
    /// It cannot be run.
    Rejected,
}

impl From<JobStatus> for JobState {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Accepted => Self::Accepted,
            JobStatus::Completed => Self::Completed,
            JobStatus::Failed => Self::Failed,
            JobStatus::Rejected => Self::Rejected,
        }
    }
}

/// A job was sent on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When, in microseconds since 1970. Whether the validator has read it is not known.
    pub at_us: i64,
    /// The connection.
    pub connection: u64,
}

/// What the facilitator has answered to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusAnswer {
    /// Success.
    Success,
    /// `job.not_found`: it was too early. It is not stored.
    NotFound,
    /// `job.integrity_error`: the job has it already.
    IntegrityError,
    /// Nothing, by a fault, or since the connection ended; it is stored if the job did not have it.
    Nothing,
}

/// A status that a validator has sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// When it was read, in microseconds since 1970.
    pub at_us: i64,
    /// The connection.
    pub connection: u64,
    /// The status.
    pub status: JobStatus,
    /// Whether this is the one that the job has, and not a repetition or too early.
    pub is_stored: bool,
    /// The answer.
    pub answer: StatusAnswer,
    /// When the answer goes out, if there is one.
    pub answered_us: Option<i64>,
    /// The validator's comment, cut to a bound.
    pub comment: String,
    /// The job's standard output, cut to a bound.
    pub stdout: String,
    /// The job's standard error, cut to a bound.
    pub stderr: String,
}

/// The record of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The uuid, which a fault may make another text.
    pub uuid: String,
    /// When it was ordered, in microseconds since 1970.
    pub ordered_us: i64,
    /// The version of the message.
    pub version: JobVersion,
    /// SS58 address of the validator that was chosen.
    pub validator: String,
    /// SS58 address of the named miner.
    pub miner_hotkey: Option<String>,
    /// The class of the executor.
    pub executor_class: String,
    /// The image, or empty.
    pub docker_image: String,
    /// The script, or empty.
    pub raw_script: String,
    /// The arguments.
    pub args: Vec<String>,
    /// Whether it needs a graphics card.
    pub use_gpu: bool,
    /// The facilitator's faults when it was ordered.
    pub faults: Vec<String>,
    /// The job whose request this one repeats under another uuid, by the fault `replayed`.
    pub replay_of: Option<String>,
    /// When and where it was sent, up to a bound.
    pub deliveries: Vec<Delivery>,
    /// Its statuses in the order in which they came, up to a bound.
    pub statuses: Vec<StatusRecord>,
    /// How many came.
    pub status_count: u64,
}

impl JobRecord {
    pub(crate) fn new(job: &OrganicJob, version: JobVersion, validator: &str, now_us: i64) -> Self {
        Self {
            uuid: job.uuid.clone(),
            ordered_us: now_us,
            version,
            validator: validator.to_owned(),
            miner_hotkey: job.miner_hotkey.clone(),
            executor_class: job.executor_class.to_string(),
            docker_image: job.docker_image.clone(),
            raw_script: job.raw_script.clone(),
            args: job.args.clone(),
            use_gpu: job.use_gpu,
            faults: Vec::new(),
            replay_of: None,
            deliveries: Vec::new(),
            statuses: Vec::new(),
            status_count: 0,
        }
    }

    /// The statuses that the job has, in the order in which they came.
    pub fn stored(&self) -> impl DoubleEndedIterator<Item = &StatusRecord> {
        self.statuses.iter().filter(|status| status.is_stored)
    }

    /// How far it is: its last status, or its end if it has one.
    pub fn state(&self) -> JobState {
        let end = self.end().or_else(|| self.stored().next_back());
        end.map_or(JobState::Sent, |status| status.status.into())
    }

    /// The first terminal status that it has.
    pub fn end(&self) -> Option<&StatusRecord> {
        self.stored()
            .find(|status| status.status != JobStatus::Accepted)
    }

    /// Whether it is given up: no end in 5 min 30 s.
    pub fn is_dead(&self, now_us: i64) -> bool {
        self.end().is_none() && now_us.saturating_sub(self.ordered_us) > JOB_LIFETIME_US
    }

    pub(crate) fn has(&self, status: JobStatus) -> bool {
        self.stored().any(|stored| stored.status == status)
    }

    pub(crate) fn note_delivery(&mut self, connection: u64, at_us: i64) {
        if self.deliveries.len() < DELIVERIES_KEPT_MAX {
            self.deliveries.push(Delivery { at_us, connection });
        }
    }

    pub(crate) fn note(&mut self, status: StatusRecord) {
        self.status_count += 1;
        // The four that a job can have are kept in any case.
        if status.is_stored || self.statuses.len() < STATUSES_KEPT_MAX {
            self.statuses.push(status);
        }
    }
}

impl StatusRecord {
    /// The record of `update`, neither stored nor answered yet.
    pub(crate) fn new(update: JobStatusUpdate, connection: u64, at_us: i64) -> Self {
        let metadata = update.metadata.unwrap_or_default();
        let response = metadata.miner_response.unwrap_or_default();
        Self {
            at_us,
            connection,
            status: update.status,
            is_stored: false,
            answer: StatusAnswer::Nothing,
            answered_us: None,
            comment: cut(metadata.comment),
            stdout: cut(response.docker_process_stdout),
            stderr: cut(response.docker_process_stderr),
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(STATUS_TEXT_BYTES_MAX));
    text
}
