//! What an executor does for a request to run.

use std::time::Duration;

use horde_proto::miner::JobRequest;
use horde_proto::{EXECUTOR_TIMEOUT_MAX, Volume};
use tig_process::error_chain::error_chain;

use super::echo::echo;
use super::hash::HashJob;
use super::job::{Task, Work, WorkFaults};
use super::llm::{Generation, Solving};
use super::outcome::Outcome;
use super::program::Program;
use super::volume::{is_inline, load_inline};

/// Images that executors run.
const IMAGE_PREFIXES: [&str; 2] = ["backenddevelopersltd/", "docker.io/backenddevelopersltd/"];
/// Part of the name of the image that prints its payload.
const ECHO_IMAGE: &str = "/compute-horde-job-echo:";
/// Part of the names of the images that generate prompts, before the name of the model.
const GENERATOR_IMAGE: &str = "/compute-horde-prompt-gen-";
/// Part of the name of the image that answers prompts.
const SOLVER_IMAGE: &str = "/compute-horde-prompt-solver:";
/// Output of a miner that does not work, where it cannot know the answer.
const INSTANT_OUTPUT: &str = "instant";

/// Whether executors run this image (section 2.2); none is `python:3.11-slim`.
pub(crate) fn is_image_allowed(image: Option<&str>) -> bool {
    let has_prefix = |image: &str| {
        let mut prefixes = IMAGE_PREFIXES.iter();
        prefixes.any(|prefix| image.starts_with(prefix))
    };
    image.is_none_or(|image| image.is_empty() || has_prefix(image))
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
    Start(Box<Work>),
}

impl Plan {
    /// The plan for a request to run. An instant miner starts no work.
    pub(crate) fn new(request: &JobRequest, reserved: Reserved, is_instant: bool) -> Self {
        let timeout = reserved.timeout();
        let volume = request.volume.as_ref().or(reserved.volume.as_ref());
        let task = task(request);
        if let Task::Echo = task
            && is_inline(volume)
            && request.output_upload.is_none()
        {
            let files = load_inline(volume);
            return Self::Done(match files {
                Ok(files) => echo(&files),
                Err(error) => Outcome::fault(error_chain(&error)),
            });
        }
        if is_instant {
            return Self::Done(Outcome::finished(INSTANT_OUTPUT));
        }
        Self::Start(Box::new(Work {
            task,
            volume: volume.cloned(),
            upload: request.output_upload.clone(),
            timeout,
            faults: WorkFaults::default(),
        }))
    }
}

fn task(request: &JobRequest) -> Task {
    let image = request.docker_image_name.as_deref().unwrap_or_default();
    let arguments = &request.docker_run_cmd;
    if image.contains(ECHO_IMAGE) {
        Task::Echo
    } else if let Some(job) = HashJob::new(request) {
        Task::Hash(job)
    } else if image.contains(GENERATOR_IMAGE) {
        Task::Generate(Generation::new(arguments))
    } else if image.contains(SOLVER_IMAGE) {
        Task::Solve(Solving::new(arguments))
    } else {
        let script = request.raw_script.clone();
        Task::Program(Program {
            arguments: arguments.clone(),
            script: script.filter(|script| !script.is_empty()),
        })
    }
}
