//! Contents of receipts.

use crate::executor_class::ExecutorClass;
use crate::json::object::{wire_object, wire_union};
use crate::signing::impl_payload;
use crate::time::Timestamp;

wire_object! {
    /// The job is about to start; part of the reservation.
    pub open struct JobStartedReceiptPayload {
        /// The job.
        pub job_uuid: String,
        /// SS58 address of the miner, or empty for a validator's own miner.
        pub miner_hotkey: String,
        /// SS58 address of the validator.
        pub validator_hotkey: String,
        /// When the receipt was made.
        pub timestamp: Timestamp,
        tag receipt_type = "JobStartedReceipt",
        /// The class of the executor.
        pub executor_class: ExecutorClass,
        /// How long the job may take, in seconds.
        pub max_timeout: i64,
        /// Whether a user ordered the job; otherwise it is a test.
        pub is_organic: bool,
        /// How long the receipt counts, in seconds.
        pub ttl: i64,
    }
}

wire_object! {
    /// The miner has accepted the job.
    pub open struct JobAcceptedReceiptPayload {
        /// The job.
        pub job_uuid: String,
        /// SS58 address of the miner, or empty for a validator's own miner.
        pub miner_hotkey: String,
        /// SS58 address of the validator.
        pub validator_hotkey: String,
        /// When the receipt was made.
        pub timestamp: Timestamp,
        tag receipt_type = "JobAcceptedReceipt",
        /// When the miner accepted.
        pub time_accepted: Timestamp,
        /// How long the receipt counts, in seconds.
        pub ttl: i64,
    }
}

wire_object! {
    /// The job has come to its end, whichever.
    pub open struct JobFinishedReceiptPayload {
        /// The job.
        pub job_uuid: String,
        /// SS58 address of the miner, or empty for a validator's own miner.
        pub miner_hotkey: String,
        /// SS58 address of the validator.
        pub validator_hotkey: String,
        /// When the receipt was made.
        pub timestamp: Timestamp,
        tag receipt_type = "JobFinishedReceipt",
        /// When the job started.
        pub time_started: Timestamp,
        /// How long it took, in microseconds.
        pub time_took_us: i64,
        /// The score: [`score_text`](super::score_text), or [`ORGANIC_SCORE`](super::ORGANIC_SCORE) for an organic job.
        pub score_str: String,
    }
}

wire_union! {
    /// Content of a receipt: an event in the life of a job.
    pub enum ReceiptPayload by "receipt_type" {
        /// The job is about to start.
        JobStarted(JobStartedReceiptPayload),
        /// The miner has accepted the job.
        JobAccepted(JobAcceptedReceiptPayload),
        /// The job has come to its end.
        JobFinished(JobFinishedReceiptPayload),
    }
}

impl_payload! {
    JobStartedReceiptPayload,
    JobAcceptedReceiptPayload,
    JobFinishedReceiptPayload,
    ReceiptPayload,
}

impl ReceiptPayload {
    /// The job.
    pub fn job_uuid(&self) -> &str {
        match self {
            Self::JobStarted(payload) => &payload.job_uuid,
            Self::JobAccepted(payload) => &payload.job_uuid,
            Self::JobFinished(payload) => &payload.job_uuid,
        }
    }

    /// SS58 address of the miner.
    pub fn miner_hotkey(&self) -> &str {
        match self {
            Self::JobStarted(payload) => &payload.miner_hotkey,
            Self::JobAccepted(payload) => &payload.miner_hotkey,
            Self::JobFinished(payload) => &payload.miner_hotkey,
        }
    }

    /// SS58 address of the validator.
    pub fn validator_hotkey(&self) -> &str {
        match self {
            Self::JobStarted(payload) => &payload.validator_hotkey,
            Self::JobAccepted(payload) => &payload.validator_hotkey,
            Self::JobFinished(payload) => &payload.validator_hotkey,
        }
    }

    /// When the receipt was made.
    pub fn timestamp(&self) -> Timestamp {
        match self {
            Self::JobStarted(payload) => payload.timestamp,
            Self::JobAccepted(payload) => payload.timestamp,
            Self::JobFinished(payload) => payload.timestamp,
        }
    }
}
