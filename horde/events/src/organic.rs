//! Users' jobs, between the facilitator's socket and whoever runs them (sections 2.6 and 3.9).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::Event;

/// `horde_job_requested`: a user's job that the facilitator has sent, whole and readable. Durable; each uuid once.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JobRequested {
    /// The user's uuid. Attempts at miners have others.
    pub uuid: String,
    /// `V0JobRequest`, `V1JobRequest` or `V2JobRequest` of `horde_proto::facilitator`, without fields that are unknown.
    pub request: Box<RawValue>,
    /// When it came, in Unix milliseconds.
    pub received_ms: u64,
}

impl Event for JobRequested {
    const NAME: &'static str = "horde_job_requested";
    const DURABLE: bool = true;
}

/// `horde_job_status`: the progress of a user's job, for the facilitator. Durable. `accepted` comes once at most, and then exactly one
/// of `rejected`, `failed` and `completed`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JobStatusGiven {
    /// The user's uuid.
    pub uuid: String,
    /// `accepted`, `rejected`, `failed` or `completed`.
    pub status: String,
    /// `JobStatusMetadata` of `horde_proto::facilitator`.
    pub metadata: Box<RawValue>,
    /// The miner that has it, if one has.
    pub hotkey: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

impl Event for JobStatusGiven {
    const NAME: &'static str = "horde_job_status";
    const DURABLE: bool = true;
}
