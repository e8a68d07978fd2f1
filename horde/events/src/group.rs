//! Groups: jobs that are reserved and run together.

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// A job of a group. Its frames came with [`crate::JobsMade`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlannedJob {
    /// The job.
    pub uuid: String,
    /// SS58 address of the miner.
    pub hotkey: String,
    /// The class of its executor.
    pub executor_class: String,
    /// Seconds that it may run. A user's job has them from the beginning of its group, and all its steps must fit into them (section 3.9).
    pub timeout_seconds: u32,
    /// Seconds that an executor of this class takes to start, at least 2 (section 2.0).
    pub spin_up_seconds: u32,
}

/// `horde_group_wanted`: reserve all jobs, and run those that are ready together (section 3.4 steps 5 and 7). Emitted again, it
/// changes nothing: jobs that are under way or over are not begun twice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GroupWanted {
    /// Name of the group, such as that of its batch.
    pub group: String,
    /// The jobs.
    pub jobs: Vec<PlannedJob>,
    /// A user's job, not a synthetic one: the receipt says so to the miner.
    pub is_organic: bool,
}

impl Event for GroupWanted {
    const NAME: &'static str = "horde_group_wanted";
}

/// A step of a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The miner has accepted the reservation.
    Accepted,
    /// Its executor is ready.
    Ready,
    /// The request to run is with the kernel.
    Running,
}

/// `horde_job_step`: a job has got one step further. For progress: a step may be missing after a restart, and users' jobs have the first
/// one only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobStep {
    /// Its group.
    pub group: String,
    /// The job.
    pub uuid: String,
    /// The step.
    pub step: Step,
    /// When, in Unix microseconds.
    pub at_us: u64,
}

impl Event for JobStep {
    const NAME: &'static str = "horde_job_step";
}
