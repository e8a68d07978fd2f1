//! What an executor does for a request to run.

use std::time::{Duration, Instant};

use horde_proto::miner::JobRequest;
use horde_proto::{EXECUTOR_TIMEOUT_MAX, Volume};
use tokio::sync::Semaphore;

use super::echo::echo;
use super::hash::HashJob;
use super::outcome::Outcome;
use super::program::Program;

/// Images that executors run.
const IMAGE_PREFIXES: [&str; 2] = ["backenddevelopersltd/", "docker.io/backenddevelopersltd/"];
/// Part of the name of the image that prints its payload.
const ECHO_IMAGE: &str = "/compute-horde-job-echo:";
/// Output of a miner that does not work, where it cannot know the answer.
const INSTANT_OUTPUT: &str = "instant";

/// Hash jobs that run at the same time, in all miners: they occupy threads that receipts and reports need, too.
const HASH_JOBS_COUNT_MAX: usize = 4;

static HASH_JOBS: Semaphore = Semaphore::const_new(HASH_JOBS_COUNT_MAX);

/// Whether executors run this image (section 2.2); none is `python:3.11-slim`.
pub(crate) fn is_image_allowed(image: Option<&str>) -> bool {
    let has_prefix = |image: &str| {
        let mut prefixes = IMAGE_PREFIXES.iter();
        prefixes.any(|prefix| image.starts_with(prefix))
    };
    image.is_none_or(|image| image.is_empty() || has_prefix(image))
}

/// Work that takes time.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Hash(HashJob),
    Program(Program),
}

impl Work {
    /// Does the work.
    pub(crate) async fn execute(self) -> Outcome {
        match self {
            Self::Hash(job) => {
                let deadline = Instant::now() + job.timeout();
                // The semaphore is never closed.
                let _permit = HASH_JOBS.acquire().await;
                let solved = tokio::task::spawn_blocking(move || job.execute(deadline)).await;
                solved.unwrap_or_else(|error| Outcome::fault(error.to_string()))
            }
            Self::Program(program) => program.execute().await,
        }
    }

    /// Does the work on the caller's thread. No program is started, since a simulation has no processes: it ends well and prints nothing.
    pub(crate) fn execute_here(self) -> Outcome {
        match self {
            // What comes of it must not depend on how fast this machine is.
            Self::Hash(job) => job.execute(Instant::now() + EXECUTOR_TIMEOUT_MAX),
            Self::Program(_) => Outcome::finished(""),
        }
    }
}

/// What the reservation has said of a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reserved {
    pub(crate) volume: Option<Volume>,
    /// The longest time that the job may run, in seconds.
    pub(crate) timeout_seconds: Option<i64>,
}

impl Reserved {
    /// The longest time that the job may run.
    fn timeout(&self) -> Duration {
        let seconds = self
            .timeout_seconds
            .and_then(|seconds| u64::try_from(seconds).ok());
        let timeout = seconds.map_or(EXECUTOR_TIMEOUT_MAX, Duration::from_secs);
        timeout.min(EXECUTOR_TIMEOUT_MAX)
    }
}

/// What is to be done for a job.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Nothing: this is the end of it.
    Done(Outcome),
    /// This.
    Start(Work),
}

impl Plan {
    /// The plan for a request to run. An instant miner starts no work.
    pub(crate) fn new(request: &JobRequest, reserved: Reserved, is_instant: bool) -> Self {
        let timeout = reserved.timeout();
        let volume = request.volume.clone().or(reserved.volume);
        let image = request.docker_image_name.as_deref().unwrap_or_default();
        if image.contains(ECHO_IMAGE) {
            return Self::Done(echo(volume.as_ref()));
        }
        if is_instant {
            return Self::Done(Outcome::finished(INSTANT_OUTPUT));
        }
        if let Some(job) = HashJob::new(request, volume.as_ref(), timeout) {
            return Self::Start(Work::Hash(job));
        }
        if request.output_upload.is_some() {
            return Self::Done(Outcome::fault("this miner uploads nothing"));
        }
        Self::Start(Work::Program(Program {
            arguments: request.docker_run_cmd.clone(),
            script: request
                .raw_script
                .clone()
                .filter(|script| !script.is_empty()),
            volume,
            timeout,
        }))
    }
}
