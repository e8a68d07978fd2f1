//! The course of a job: its volume is downloaded, it runs, and what it leaves is uploaded.

use std::time::{Duration, Instant};

use horde_proto::{EXECUTOR_TIMEOUT_MAX, OutputUpload, Volume};
use tig_process::error_chain::error_chain;
use tokio::sync::Semaphore;

use super::echo::echo;
use super::hash::HashJob;
use super::llm::{Generation, Solving};
use super::outcome::Outcome;
use super::output::Output;
use super::program::Program;
use super::upload::{UploadError, upload};
use super::volume::{VolumeError, VolumeFile, load, load_inline};
use crate::vice::{AnswersFault, SeriesFault};

/// Hash jobs that run at the same time, in all miners: they occupy threads that receipts and reports need, too.
const HASH_JOBS_COUNT_MAX: usize = 4;
/// Other built-in images that run at the same time. They take milliseconds, and must not wait for hash jobs.
const QUICK_IMAGES_COUNT_MAX: usize = 2;

static HASH_JOBS: Semaphore = Semaphore::const_new(HASH_JOBS_COUNT_MAX);
static QUICK_IMAGES: Semaphore = Semaphore::const_new(QUICK_IMAGES_COUNT_MAX);

/// Why the executor, not the job, has failed. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Volume(#[from] VolumeError),
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("the job has panicked")]
    Thread(#[source] tokio::task::JoinError),
}

/// What runs.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Echo,
    Hash(HashJob),
    Generate(Generation),
    Solve(Solving),
    Program(Program),
}

/// What an executor does wrong on purpose.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkFaults {
    /// What is wrong with files of answers.
    pub(crate) answers: Option<AnswersFault>,
    /// What is wrong with the first series of a generation.
    pub(crate) series: Option<SeriesFault>,
    /// How late it uploads.
    pub(crate) upload_delay: Duration,
    /// Whether it uploads nothing, and says nothing of that.
    pub(crate) skips_upload: bool,
}

/// A job that takes time.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(super) task: Task,
    pub(super) volume: Option<Volume>,
    pub(super) upload: Option<OutputUpload>,
    /// The longest time that the task may run.
    pub(super) timeout: Duration,
    pub(super) faults: WorkFaults,
}

impl Work {
    /// The seed for which prompts are answered, if this does that.
    pub(crate) fn seed(&self) -> Option<u32> {
        match &self.task {
            Task::Solve(solving) => solving.seed(),
            Task::Echo | Task::Hash(_) | Task::Generate(_) | Task::Program(_) => None,
        }
    }

    pub(crate) fn set_faults(&mut self, faults: WorkFaults) {
        self.faults = faults;
    }

    /// Does the work.
    pub(crate) async fn execute(self) -> Outcome {
        let ended = self.run().await;
        ended.unwrap_or_else(|error| Outcome::fault(error_chain(&error)))
    }

    async fn run(self) -> Result<Outcome, WorkError> {
        let faults = self.faults;
        let files = load(self.volume).await?;
        let (outcome, mut output) = match self.task {
            Task::Program(program) => {
                let has_upload = self.upload.is_some();
                program.execute(files, self.timeout, has_upload).await
            }
            task => {
                let deadline = Instant::now() + self.timeout;
                let turn = match task {
                    Task::Hash(_) => &HASH_JOBS,
                    _ => &QUICK_IMAGES,
                };
                // The semaphore is never closed.
                let _permit = turn.acquire().await;
                let ended =
                    tokio::task::spawn_blocking(move || task.execute(&files, &faults, deadline));
                ended.await.map_err(WorkError::Thread)?
            }
        };
        if let Outcome::Finished { stdout, stderr } = &outcome
            && let Some(requested) = self.upload
            && !faults.skips_upload
        {
            tokio::time::sleep(faults.upload_delay).await;
            output.insert_streams(stdout, stderr);
            upload(requested, output).await?;
        }
        Ok(outcome)
    }

    /// Does the work on the caller's thread. Without network and processes, since a simulation has neither: nothing is
    /// downloaded or uploaded, and a program ends well and prints nothing.
    pub(crate) fn execute_here(self) -> Outcome {
        if self.upload.is_some() {
            return Outcome::fault("a simulation has no network to upload files to");
        }
        if let Task::Program(_) = self.task {
            return Outcome::finished("");
        }
        match load_inline(self.volume.as_ref()) {
            Err(error) => Outcome::fault(error_chain(&error)),
            Ok(files) => {
                // What comes of it must not depend on how fast this machine is.
                let deadline = Instant::now() + EXECUTOR_TIMEOUT_MAX;
                self.task.execute(&files, &self.faults, deadline).0
            }
        }
    }
}

impl Task {
    /// Runs a built-in image on this thread, with these files below `/volume/`.
    fn execute(
        &self,
        files: &[VolumeFile],
        faults: &WorkFaults,
        deadline: Instant,
    ) -> (Outcome, Output) {
        match self {
            Self::Echo => (echo(files), Output::default()),
            Self::Hash(job) => (job.execute(files, deadline), Output::default()),
            Self::Generate(generation) => generation.execute(faults.series, deadline),
            Self::Solve(solving) => solving.execute(files, faults.answers, deadline),
            // Programs are processes: see `Work::run`.
            Self::Program(_) => (Outcome::finished(""), Output::default()),
        }
    }
}
