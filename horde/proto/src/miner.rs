//! Validator and miner (section 2.2). The validator is the client; unknown fields are ignored.

mod admission;
mod auth;
mod error;
mod job;
mod manifest;
mod receipt;

pub use admission::{AUTHENTICATION_AGE_SECONDS_MAX, Admission, AdmissionError};
pub use auth::{AuthenticateRequest, AuthenticationPayload};
pub use error::{GenericError, UnauthorizedCode, UnauthorizedError};
pub use job::{
    AcceptJobRequest, DeclineJobRequest, DockerRunOptionsPreset, ExecutorFailedRequest,
    ExecutorReadyRequest, InitialJobRequest, JobFailedRequest, JobFinishedRequest, JobRequest,
    JobReservation, MachineSpecsRequest, OUTPUT_CHARS_MAX, shorten_output,
};
pub use manifest::{
    ExecutorClassManifest, ExecutorManifest, ExecutorManifestRequest, ManifestClass,
};
pub use receipt::{JobAcceptedReceiptRequest, JobFinishedReceiptRequest};

use crate::error::MessageError;
use crate::json::object::wire_union;
use crate::json::{ToJson, parse_message};

/// Bytes of a frame that both sides take.
pub const MINER_FRAME_BYTES_MAX: usize = 50 << 20;

/// The path of a miner's socket for the validator with this SS58 address.
pub fn validator_path(validator_hotkey: &str) -> String {
    format!("/v0.1/validator_interface/{validator_hotkey}")
}

wire_union! {
    /// A message from a validator to a miner.
    pub enum ToMiner by "message_type" {
        /// The first frame of every connection.
        Authenticate(AuthenticateRequest),
        /// Reserves an executor.
        InitialJob(Box<InitialJobRequest>),
        /// Declared by the reference and never sent.
        MachineSpecs(MachineSpecsRequest),
        /// Starts a job.
        Job(Box<JobRequest>),
        /// The receipt of an accepted job.
        JobAcceptedReceipt(JobAcceptedReceiptRequest),
        /// The receipt of a finished job.
        JobFinishedReceipt(JobFinishedReceiptRequest),
        /// A frame of the miner was malformed or unsupported.
        GenericError(GenericError),
    }
}

wire_union! {
    /// A message from a miner to a validator.
    pub enum ToValidator by "message_type" {
        /// The reservation is accepted.
        AcceptJob(AcceptJobRequest),
        /// The reservation is declined.
        DeclineJob(DeclineJobRequest),
        /// The executors of the miner; once after authentication.
        ExecutorManifest(ExecutorManifestRequest),
        /// The executor is ready for the job.
        ExecutorReady(ExecutorReadyRequest),
        /// The executor could not be prepared, or refused the job afterwards.
        ExecutorFailed(ExecutorFailedRequest),
        /// The job has failed.
        JobFailed(JobFailedRequest),
        /// The job has finished.
        JobFinished(JobFinishedRequest),
        /// The machine of the executor; just before the end of a job.
        MachineSpecs(MachineSpecsRequest),
        /// A fault of the protocol, or a refusal.
        GenericError(GenericError),
        /// Declared by the reference and never sent.
        UnauthorizedError(UnauthorizedError),
    }
}

impl ToMiner {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to a miner.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        parse_message(text, Self::TAGS, Self::from_object)
    }

    /// The frame.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }

    /// The job that the message belongs to.
    pub fn job_uuid(&self) -> Option<&str> {
        match self {
            Self::InitialJob(request) => Some(&request.job_uuid),
            Self::MachineSpecs(request) => Some(&request.job_uuid),
            Self::Job(request) => Some(&request.job_uuid),
            Self::JobAcceptedReceipt(request) => Some(&request.payload.job_uuid),
            Self::JobFinishedReceipt(request) => Some(&request.payload.job_uuid),
            Self::Authenticate(_) | Self::GenericError(_) => None,
        }
    }
}

impl ToValidator {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to a validator.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        parse_message(text, Self::TAGS, Self::from_object)
    }

    /// The frame.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }

    /// The job that the message belongs to, which may be another one than the connection was opened for.
    pub fn job_uuid(&self) -> Option<&str> {
        match self {
            Self::AcceptJob(request) => Some(&request.job_uuid),
            Self::DeclineJob(request) => Some(&request.job_uuid),
            Self::ExecutorReady(request) => Some(&request.job_uuid),
            Self::ExecutorFailed(request) => Some(&request.job_uuid),
            Self::JobFailed(request) => Some(&request.job_uuid),
            Self::JobFinished(request) => Some(&request.job_uuid),
            Self::MachineSpecs(request) => Some(&request.job_uuid),
            Self::ExecutorManifest(_) | Self::GenericError(_) | Self::UnauthorizedError(_) => None,
        }
    }
}
