//! Progress of a job.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::json::object::{impl_serde, wire_enum, wire_object};
use crate::json::{Fields, FromJson, ToJson, append_extra};

wire_enum! {
    /// The progress of a job. A job has each status once at most.
    pub enum JobStatus {
        /// The miner has failed at it.
        Failed = "failed",
        /// No miner has taken it.
        Rejected = "rejected",
        /// A miner has taken it.
        Accepted = "accepted",
        /// It has finished.
        Completed = "completed",
    }
}

wire_object! {
    /// Reports the progress of a job.
    pub closed struct JobStatusUpdate {
        tag message_type = "V0JobStatusUpdate",
        /// The job.
        pub uuid: String,
        /// The progress.
        pub status: JobStatus,
        /// Details. The schema allows none, but then the facilitator's handler fails: always send them.
        pub metadata: Option<JobStatusMetadata>,
    }
}

/// Details of a job's progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStatusMetadata {
    /// In words.
    pub comment: String,
    /// The miner's answer.
    pub miner_response: Option<MinerResponse>,
    /// Fields that the schema does not have.
    pub extra: Map<String, Value>,
}

/// The answer of a miner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinerResponse {
    /// The job.
    pub job_uuid: String,
    /// The type of the miner's message, or `None` if there was no message.
    pub message_type: Option<String>,
    /// The standard error of the job.
    pub docker_process_stderr: String,
    /// The standard output of the job.
    pub docker_process_stdout: String,
    /// Fields that the schema does not have.
    pub extra: Map<String, Value>,
}

impl FromJson for JobStatusMetadata {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new(value)?;
        Ok(Self {
            comment: fields.take("comment")?,
            miner_response: fields.take("miner_response")?,
            extra: fields.into_rest(),
        })
    }
}

impl ToJson for JobStatusMetadata {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("comment".to_owned(), self.comment.to_json());
        object.insert("miner_response".to_owned(), self.miner_response.to_json());
        append_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl_serde!(JobStatusMetadata);

impl FromJson for MinerResponse {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new(value)?;
        Ok(Self {
            job_uuid: fields.take("job_uuid")?,
            // May be null, but not absent.
            message_type: fields.take_or("message_type", None)?,
            docker_process_stderr: fields.take("docker_process_stderr")?,
            docker_process_stdout: fields.take("docker_process_stdout")?,
            extra: fields.into_rest(),
        })
    }
}

impl ToJson for MinerResponse {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value| object.insert(name.to_owned(), value);
        put("job_uuid", self.job_uuid.to_json());
        put("message_type", self.message_type.to_json());
        put(
            "docker_process_stderr",
            self.docker_process_stderr.to_json(),
        );
        put(
            "docker_process_stdout",
            self.docker_process_stdout.to_json(),
        );
        append_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl_serde!(MinerResponse);
