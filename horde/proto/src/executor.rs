//! Miner and executor (section 2.3). The executor is the client; unknown fields are ignored.

mod job;

pub use job::{
    FailedRequest, FailedToPrepare, FinishedRequest, PrepareJobRequest, ReadyRequest, RunJobRequest,
};

use crate::error::MessageError;
use crate::json::object::wire_union;
use crate::json::{ToJson, parse_message};
pub use crate::miner::{GenericError, MachineSpecsRequest};

/// The path of a miner's socket for the executor with this token.
pub fn executor_path(token: &str) -> String {
    format!("/v0.1/executor_interface/{token}")
}

wire_union! {
    /// A message from a miner to an executor.
    pub enum ToExecutor by "message_type" {
        /// Prepares a job.
        PrepareJob(PrepareJobRequest),
        /// Runs the prepared job.
        RunJob(Box<RunJobRequest>),
        /// A frame of the executor was malformed or unsupported.
        GenericError(GenericError),
    }
}

wire_union! {
    /// A message from an executor to a miner.
    pub enum ToMiner by "message_type" {
        /// The job is prepared.
        Ready(ReadyRequest),
        /// The job could not be prepared, or is refused.
        FailedToPrepare(FailedToPrepare),
        /// The machine of the executor; just before the end of a job.
        MachineSpecs(MachineSpecsRequest),
        /// The job has finished.
        Finished(FinishedRequest),
        /// The job has failed.
        Failed(FailedRequest),
        /// A frame of the miner was malformed or unsupported.
        GenericError(GenericError),
    }
}

impl ToExecutor {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to an executor.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        parse_message(text, Self::TAGS, Self::from_object)
    }

    /// The frame.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
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
}
