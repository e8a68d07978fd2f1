//! What became of a batch: the result of the command `run_batch`.

use serde::{Deserialize, Serialize};

/// A batch that has ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BatchReport {
    /// Counts the batches of this validator.
    pub number: u64,
    /// The batch.
    pub batch: String,
    /// How it ended, as a word.
    pub end: BatchEnd,
    /// When it began, in Unix milliseconds.
    pub started_ms: u64,
    /// When it ended, in Unix milliseconds.
    pub ended_ms: u64,
    /// First block of its cycle, if it belongs to one.
    pub cycle_start: Option<u64>,
    /// How its jobs were made and scored.
    pub weights_version: u64,
    /// What kept jobs from being made, for each class.
    pub notes: Vec<ClassNote>,
    /// All miners that were to be tested.
    pub miners: Vec<MinerReport>,
}

/// How a batch has ended. The number is the exit code of `run_batch`; those below 20 are the host's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchEnd {
    /// It ran, and all that came of it is stored.
    Stored = 0,
    /// No miner has shown a manifest in time.
    NoManifest = 20,
    /// Manifests came, and no executor in them is of a class that has a job kind.
    NoExecutor = 21,
    /// No job kind has made a job.
    NoJob = 22,
    /// It took longer than a batch may. What had come until then is stored; jobs without an outcome count as not tested.
    TimedOut = 23,
    /// Some of what was stored of it could not be read after a restart. What is left is stored.
    Damaged = 24,
}

impl BatchEnd {
    /// Exit code of `run_batch`.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::NoManifest => "no_manifest",
            Self::NoExecutor => "no_executor",
            Self::NoJob => "no_job",
            Self::TimedOut => "timed_out",
            Self::Damaged => "damaged",
        }
    }
}

/// A miner in a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MinerReport {
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// IP address or name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Why it was not tested.
    pub no_link: Option<String>,
    /// The classes of its manifest.
    pub classes: Vec<ClassReport>,
}

/// A miner's executors of a class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ClassReport {
    /// Name of the class.
    pub executor_class: String,
    /// Executors in the manifest.
    pub announced: u32,
    /// Executors that ran users' jobs, and would have been tested otherwise.
    #[serde(default)]
    pub user_jobs: u32,
    /// Executors that were to be tested; jobs can be fewer. `None` in reports of versions that did not count them, which is not written:
    /// a version before reads a number or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tested: Option<u32>,
    /// Jobs that were made.
    pub jobs: u32,
    /// Jobs that it accepted.
    pub accepted: u32,
    /// Right answers in time.
    pub right: u32,
    /// Wrong answers.
    pub wrong: u32,
    /// Jobs that failed, or whose messages came out of order.
    pub failed: u32,
    /// Jobs that it declined.
    pub declined: u32,
    /// Steps or answers after their deadline.
    pub late: u32,
    /// Jobs without a connection.
    pub unreachable: u32,
    /// Answers that could not be checked; the jobs count as not tested.
    pub excused: u32,
    /// Jobs that the validator's own interruption ended; they count as not tested.
    pub interrupted: u32,
    /// Sum of its jobs' scores, with bonus.
    pub score: f64,
    /// Why the first job that is not right is not.
    pub reason: Option<String>,
}

/// Something that kept jobs of a class from being made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClassNote {
    /// Name of the class.
    pub executor_class: String,
    /// What it was.
    pub text: String,
}
