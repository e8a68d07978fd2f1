//! The pool of prompts as whole processes: a host with the extensions of language models, a trusted miner, miners, and buckets.
//!
//! There is no chain: the pool fills by itself, and batches are run by hand.

mod audit;
mod kill;
mod options;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tig_system_tests::{
    Answer, HttpError, Process, ProcessError, SiteError, TimedOut, get, post, request, wait_for,
};

use crate::artifacts::{Artifacts, BATCH_EXTENSIONS, LANGUAGE_EXTENSIONS, MissingArtifact};
use crate::call::{Call, CallError};
use crate::miners::{Miners, MinersError, S3Service};
use crate::site::{Site, write_hotkey, write_private};

pub use self::kill::KILL_AFTER_MAX;
pub use self::options::PipelineOptions;
use self::options::SECRET_FILE;

/// Bucket of series.
pub const PROMPTS: &str = "pool-prompts";
/// Bucket of workloads and answers.
pub const ANSWERS: &str = "pool-answers";
/// Attempts to start a network, and the host of a new folder.
const START_TRIES_MAX: u32 = 5;
/// Region of both.
const REGION: &str = "eu-central-1";
/// The class whose executors run language models.
pub const LANGUAGE_CLASS: &str = "always_on.llm.a6000";

/// Everything that runs, in one folder.
#[derive(Debug)]
pub struct Pipeline {
    /// The host's folder.
    pub site: Site,
    /// Miners, trusted miner and S3 service.
    pub network: Miners,
    host: Process,
    address: String,
    /// Prompts of a workload.
    workload_prompts: usize,
}

/// A pipeline does not start or answer.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A program or library was not built.
    #[error(transparent)]
    Artifact(#[from] MissingArtifact),
    /// The network.
    #[error(transparent)]
    Network(#[from] MinersError),
    /// The folder.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The host.
    #[error(transparent)]
    Host(#[from] ProcessError),
    /// A program cannot be run, or a file not be written.
    #[error("cannot run a program or write a file")]
    Io(#[from] io::Error),
    /// A program has failed.
    #[error("{program} has failed: {said}")]
    Failed {
        /// The program, with its arguments.
        program: String,
        /// What it says.
        said: String,
    },
    /// An answer of host or network.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A command of the host.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Something did not happen in time.
    #[error("{what}; the pool: {pool}")]
    Late {
        /// What was waited for.
        what: TimedOut,
        /// The pool at the end.
        pool: Value,
    },
}

impl Pipeline {
    /// Starts all of it in `folder`, with buckets of the network's own service.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn start(
        artifacts: &Artifacts,
        folder: &Path,
        options: &PipelineOptions,
    ) -> Result<Self, PipelineError> {
        let network = start_network(artifacts, folder, options)?;
        let (s3, _) = network.language()?;
        let s3 = S3Service {
            region: REGION.to_owned(),
            ..s3.clone()
        };
        provision(artifacts, folder, &s3)?;
        set_s3_faults(&network, &options.s3_faults)?;
        Self::start_host(artifacts, folder, options, network, &s3)
    }

    /// Starts all of it with the buckets [`PROMPTS`] and [`ANSWERS`] of another service.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn start_on(
        artifacts: &Artifacts,
        folder: &Path,
        options: &PipelineOptions,
        s3: &S3Service,
    ) -> Result<Self, PipelineError> {
        let network = start_network(artifacts, folder, options)?;
        Self::start_host(artifacts, folder, options, network, s3)
    }

    fn start_host(
        artifacts: &Artifacts,
        folder: &Path,
        options: &PipelineOptions,
        network: Miners,
        s3: &S3Service,
    ) -> Result<Self, PipelineError> {
        artifacts.require(&LANGUAGE_EXTENSIONS)?;
        let extensions = BATCH_EXTENSIONS.into_iter().chain(LANGUAGE_EXTENSIONS);
        let extensions = extensions.chain(["horde_report"]);
        let site = Site::with_extensions(folder, artifacts.clone(), extensions)?;
        write_hotkey(folder)?;
        write_private(&folder.join(SECRET_FILE), &s3.secret_access_key)?;
        let config = options.config(&network, s3)?;
        fs::write(site.config_file(), format!("{config:#}\n"))?;
        let mut host = start_new_host(&site)?;
        let address = host.address()?;
        Ok(Self {
            site,
            network,
            host,
            address,
            workload_prompts: options.workload_samples * options.sample_prompts,
        })
    }
}

impl Pipeline {
    /// What the pool says of itself.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn pool(&self) -> Result<Value, PipelineError> {
        Ok(get(&self.address, "/horde/pool")?.json()?)
    }

    /// Waits until the pool is as this wants it.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T, PipelineError> {
        let found = wait_for(what, limit, || look(&self.pool().ok()?));
        found.map_err(|what| PipelineError::Late {
            what,
            pool: self.pool().unwrap_or_default(),
        })
    }

    /// Waits until all samples are ready.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn wait_until_full(&self, limit: Duration) -> Result<(), PipelineError> {
        self.wait("a full pool", limit, |pool| {
            let samples = &pool["samples"];
            (samples["ready"] == samples["wanted"]).then_some(())
        })
    }

    /// Begins a batch with all miners.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn begin_batch(&self) -> Result<Call, CallError> {
        let arguments = self.network.arguments();
        Call::start(&self.site, ("horde_batch", "run_batch"), &arguments)
    }

    /// Runs a batch with all miners to its end; its exit code and its report.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn run_batch(&self) -> Result<(u8, Value), CallError> {
        self.begin_batch()?.finish(|_| {})
    }

    /// Runs a station now, as an operator does, whatever it waits for.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn run_station(&self, action: &str) -> Result<(u8, Value), CallError> {
        let command = ("horde_crossval", "debug_run_llm_prompt_task");
        Call::start(&self.site, command, &json!({ "action": action }))?.finish(|_| {})
    }

    /// Waits until no batch is under way, and returns the report of the last one.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn wait_for_batch_end(&self, limit: Duration) -> Result<Value, PipelineError> {
        self.wait("the end of the batch", limit, |_| {
            let status: Value = get(&self.address, "/horde/batch").ok()?.json().ok()?;
            status["running"].is_null().then(|| status["last"].clone())
        })
    }

    /// Kills the host at once, and starts it again.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn kill(&mut self) -> Result<(), ProcessError> {
        self.host.kill();
        self.host = self.site.start_host()?;
        self.address = self.host.address()?;
        Ok(())
    }

    /// The log of the host, of all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        self.host.log()
    }

    /// Gives the S3 service these faults in place of those that it has.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn set_s3_faults(&self, faults: &[&str]) -> Result<(), PipelineError> {
        set_s3_faults(&self.network, faults)
    }

    /// What the S3 service holds.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn s3_report(&self) -> Result<Value, PipelineError> {
        let (s3, _) = self.network.language()?;
        Ok(get(s3.address(), "/-/report")?.json()?)
    }

    /// Writes an object, whatever policies and faults say.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn put_object(&self, bucket: &str, key: &str, body: &[u8]) -> Result<(), PipelineError> {
        let (s3, _) = self.network.language()?;
        let path = format!("/-/objects/{bucket}/{key}");
        let answer = request(s3.address(), "PUT", &path, &[], body)?;
        done(answer)
    }

    /// An object, as anybody reads it.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn object(&self, bucket: &str, key: &str) -> Result<Answer, PipelineError> {
        let (s3, _) = self.network.language()?;
        Ok(get(s3.address(), &format!("/{bucket}/{key}"))?)
    }
}

/// Starts the network. Those that start at the same time may take each other's ports.
fn start_network(
    artifacts: &Artifacts,
    folder: &Path,
    options: &PipelineOptions,
) -> Result<Miners, MinersError> {
    for _ in 1..START_TRIES_MAX {
        if let Ok(network) = Miners::start(artifacts, folder, &options.network()) {
            return Ok(network);
        }
    }
    Miners::start(artifacts, folder, &options.network())
}

/// Starts the host of a new folder. A program that another thread starts meanwhile may hold the files that were just written open,
/// until it runs.
fn start_new_host(site: &Site) -> Result<Process, ProcessError> {
    for _ in 1..START_TRIES_MAX {
        if let Ok(host) = site.start_host() {
            return Ok(host);
        }
    }
    site.start_host()
}

/// Makes both buckets, as an operator does.
fn provision(artifacts: &Artifacts, folder: &Path, s3: &S3Service) -> Result<(), PipelineError> {
    let mut command = Command::new(artifacts.program("compute-horde"));
    command
        .args(["provision-s3", PROMPTS, ANSWERS, "--print"])
        .args(["--endpoint", &s3.endpoint, "--region", &s3.region])
        .current_dir(folder)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", &s3.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &s3.secret_access_key);
    output(&mut command).map(drop)
}

fn set_s3_faults(network: &Miners, faults: &[impl Serialize]) -> Result<(), PipelineError> {
    let body = json!({ "faults": faults }).to_string();
    let (s3, _) = network.language()?;
    done(post(s3.address(), "/-/faults", body.as_bytes())?)
}

fn done(answer: Answer) -> Result<(), PipelineError> {
    match answer.status {
        200..300 => Ok(()),
        _ => Err(HttpError::Status(answer).into()),
    }
}

/// What a program prints, if it succeeds.
fn output(command: &mut Command) -> Result<String, PipelineError> {
    let ended = command.output()?;
    let stdout = String::from_utf8_lossy(&ended.stdout).into_owned();
    if ended.status.success() {
        return Ok(stdout);
    }
    Err(PipelineError::Failed {
        program: format!("{:?} {:?}", command.get_program(), command.get_args()),
        said: stdout + &String::from_utf8_lossy(&ended.stderr),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
