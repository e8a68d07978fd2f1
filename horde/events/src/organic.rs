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

/// `horde_miner_wanted`: which miner is to get a user's job, if the user leaves the choice? For a router, which answers by
/// [`MinerChosen`]. Asked again after a restart.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MinerWanted {
    /// The user's uuid.
    pub job: String,
    /// Which attempt it is for, from 1.
    pub attempt: u32,
    /// Class of the executor.
    pub executor_class: String,
    /// Those that can get it, by ascending hotkey; at least one.
    pub candidates: Vec<MinerCandidate>,
}

impl Event for MinerWanted {
    const NAME: &'static str = "horde_miner_wanted";
}

/// A miner that can get a user's job: it serves, has shown a manifest in the last 4 hours, has not been tried for the job and is not
/// blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MinerCandidate {
    /// Its hotkey.
    pub hotkey: String,
    /// Executors of the class without a job of this validator, at least 1.
    pub free: u32,
    /// 0 without a lapse in the last hour, else one more than its failures in succession.
    pub demerits: u32,
}

/// `horde_miner_chosen`: the answer of a router to [`MinerWanted`]. The first one counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MinerChosen {
    /// The user's uuid.
    pub job: String,
    /// The attempt of the question.
    pub attempt: u32,
    /// One of the candidates; without one, `horde_organic` chooses.
    pub hotkey: Option<String>,
}

impl Event for MinerChosen {
    const NAME: &'static str = "horde_miner_chosen";
}
