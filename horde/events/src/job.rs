//! Jobs, as job kinds make them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tig_plugin_api::Event;

/// How many jobs a miner is to get.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExecutorsOf {
    /// SS58 address of the miner.
    pub hotkey: String,
    /// Number of jobs.
    pub count: u32,
}

/// `horde_jobs_wanted`: asks a job kind for jobs of one class. Other kinds ignore it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobsWanted {
    /// The batch that they are for.
    pub batch: String,
    /// Name of the job kind's extension.
    pub kind: String,
    /// The class.
    pub executor_class: String,
    /// The miners.
    pub miners: Vec<ExecutorsOf>,
    /// How jobs are made and scored (`DYNAMIC_WEIGHTS_VERSION`, section 3.5).
    pub weights_version: u64,
}

impl Event for JobsWanted {
    const NAME: &'static str = "horde_jobs_wanted";
}

/// A job that is ready to be reserved.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MadeJob {
    /// A version 4 UUID, new for each attempt.
    pub uuid: String,
    /// SS58 address of the miner that is to run it.
    pub hotkey: String,
    /// Seconds that it may run.
    pub timeout_seconds: u32,
    /// The frame `V0InitialJobRequest` without its receipt, which `horde_miners` adds.
    pub reservation: Box<RawValue>,
    /// The frame `V0JobRequest`.
    pub request: Box<RawValue>,
    /// What the kind needs to check the answer; given back with it. Secret while the job runs.
    pub check: Value,
    /// The job in words, for operators.
    pub description: String,
}

/// `horde_jobs_made`: the jobs, or why there are none. `horde_miners` keeps their frames until they are over.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JobsMade {
    /// The batch that they are for.
    pub batch: String,
    /// Name of the job kind's extension.
    pub kind: String,
    /// The class.
    pub executor_class: String,
    /// The jobs, fewer than wanted if the kind cannot make more.
    pub jobs: Vec<MadeJob>,
    /// Why they are fewer.
    pub shortage: Option<String>,
}

impl Event for JobsMade {
    const NAME: &'static str = "horde_jobs_made";
}
