//! Jobs, as job kinds make them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tig_plugin_api::Event;

/// Jobs of one [`JobsWanted`] at most, so that no event is tens of megabytes: a hash job has 60 kB. While one event's jobs are
/// made, the jobs of the one before are on their way.
pub const JOBS_PER_ASK_MAX: usize = 64;

/// How many jobs a miner is to get.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExecutorsOf {
    /// SS58 address of the miner.
    pub hotkey: String,
    /// Number of jobs.
    pub count: u32,
}

/// `horde_jobs_wanted`: asks a job kind for at most [`JOBS_PER_ASK_MAX`] jobs of one class. It answers each with one
/// [`JobsMade`]. Other kinds ignore it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobsWanted {
    /// Names this event, and comes back with the jobs: after a restart others are asked for.
    pub ask: u64,
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

impl JobsWanted {
    /// The miner of each job, at most [`JOBS_PER_ASK_MAX`].
    pub fn hotkeys(&self) -> impl Iterator<Item = &str> {
        let miners = self.miners.iter();
        let repeated = miners.flat_map(|miner| {
            let count = JOBS_PER_ASK_MAX.min(miner.count as usize);
            std::iter::repeat_n(miner.hotkey.as_str(), count)
        });
        repeated.take(JOBS_PER_ASK_MAX)
    }

    /// The answer with these jobs. Where they are fewer than wanted, `shortage` says why.
    #[must_use]
    pub fn answer(&self, jobs: Vec<MadeJob>, shortage: Option<String>) -> JobsMade {
        JobsMade {
            ask: self.ask,
            batch: self.batch.clone(),
            kind: self.kind.clone(),
            executor_class: self.executor_class.clone(),
            jobs,
            shortage,
        }
    }
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

/// `horde_jobs_made`: the jobs, or why there are none. `horde_miners` keeps their frames until they are over, or until a group
/// of the batch's name does not have them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JobsMade {
    /// The [`JobsWanted`] that is answered.
    pub ask: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_one_ask_are_bounded() {
        let counts = [("a", 2), ("b", 0), ("c", u32::MAX), ("d", 1)];
        let wanted = JobsWanted {
            ask: 7,
            batch: "b".to_owned(),
            kind: "k".to_owned(),
            executor_class: "c".to_owned(),
            miners: counts
                .map(|(hotkey, count)| ExecutorsOf {
                    hotkey: hotkey.to_owned(),
                    count,
                })
                .into(),
            weights_version: 1,
        };
        let hotkeys: Vec<_> = wanted.hotkeys().collect();
        assert_eq!(hotkeys.len(), JOBS_PER_ASK_MAX);
        assert_eq!(hotkeys[..3], ["a", "a", "c"]);
        assert_eq!(wanted.answer(Vec::new(), None).ask, 7);
    }
}
