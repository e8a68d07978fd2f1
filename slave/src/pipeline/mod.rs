//! The slave's three stages, which overlap: fetch (poll, module), compute, upload.
//!
//! Invariant: the stages share the channels between them and a table of algorithms that this slave cannot run, and back-pressure runs against the flow: uploads
//! that cannot be delivered stop the compute stage, which stops the fetch stage, which stops polling.

mod compute;
mod fetch;
mod lookahead;
mod upload;

use std::path::PathBuf;
use std::time::Duration;

use tig_process::service_manager::service_manager;
use tig_protocol::Batch;
use tig_worker::JobError;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::compute::Computer;
use self::fetch::Fetcher;
use self::lookahead::AHEAD_MAX;
use self::upload::Uploader;
use crate::engine::Engine;
use crate::master::Master;
use crate::observer::Observer;
use crate::settings::Settings;
use crate::spool::Spool;
use crate::status::StatusFile;
use crate::unable::Unable;
use crate::wasm::{Module, WasmStore};

/// Results that wait between the compute stage and the upload stage.
const RESULTS_QUEUED_MAX: usize = 1;

/// The slave could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The algorithms folder cannot be made.
    #[error("cannot make the algorithms folder {path}; give a folder that can be written")]
    Folder {
        /// The folder.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// There is no external worker at the path given.
    #[error("there is no worker at {0}; give the path of tig-worker, or `builtin`")]
    Worker(String),
    /// The threads of the built-in worker cannot be started.
    #[error("cannot start the built-in worker")]
    Workers(#[source] JobError),
    /// The HTTP clients cannot be made.
    #[error("cannot set up the HTTP client")]
    Client(#[from] reqwest::Error),
}

/// A batch and its module, ready to be computed.
struct Ready {
    batch: Batch,
    module: Module,
}

/// Progress of the compute stage, for the fetch stage.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    /// Batches taken so far.
    taken: usize,
    /// Batches of them that are completed or given back.
    done: usize,
    /// Time of the last completed batch.
    last: Duration,
}

/// A result that passed all checks, as it goes over the wire.
struct Finished {
    batch_id: String,
    /// Random hash that the batch was computed for; unknown for results of an earlier run.
    rand_hash: Option<String>,
    body: Vec<u8>,
    /// Where the result is on disk, too.
    file: Option<PathBuf>,
}

/// Works for the master until `stop`, then delivers what is computed (for at most `pace.stop_drain`) and gives the rest back.
///
/// # Errors
/// Only at the start; once running, every failure is retried or given back.
pub async fn run(settings: Settings, stop: CancellationToken) -> Result<(), StartError> {
    prepare(&settings)?;
    let master = Master::new(
        settings.master.clone(),
        &settings.name,
        settings.token.as_ref(),
        &settings.trust,
    )?;
    let store = WasmStore::open(
        settings.algorithms_folder.clone(),
        &settings.name,
        &settings.trust,
    )?;
    let engine_name = settings.engine.describe();
    let observer = Observer::new(&settings);
    let engine = settings.engine.start(settings.workers);
    let engine = engine.map_err(StartError::Workers)?;
    tracing::info!(
        name = %settings.name, master = %settings.master, workers = settings.workers,
        engine = engine_name, "slave started",
    );
    service_manager().ready();
    service_manager().status(&format!("working for {}", settings.master));
    let (ready_sender, ready) = mpsc::channel(AHEAD_MAX);
    let (taken_sender, taken) = watch::channel(Taken::default());
    let (result_sender, results) = mpsc::channel(RESULTS_QUEUED_MAX);
    let pace = settings.pace;
    let unable = Unable::new(pace.unable);
    let watched = (unable.clone(), observer.clone());
    let fetcher = Fetcher::new(master.clone(), store, watched, pace, stop.clone());
    let spool = Spool::of(&settings.algorithms_folder, &settings.name);
    let kept = (spool, observer.clone());
    let uploader = Uploader::new(master.clone(), pace, stop.clone(), kept);
    let file = StatusFile::of(&settings.algorithms_folder, &settings.name);
    let computer = Computer {
        master,
        engine,
        unable,
        observer: observer.clone(),
        retry: pace.retry,
        stop: stop.clone(),
    };
    let stages = async {
        // The end of one stage closes its channel, which ends the next one.
        tokio::join!(
            fetcher.run(ready_sender, taken),
            computer.run(ready, taken_sender, result_sender),
            uploader.run(results)
        )
    };
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(pace.stop_drain).await;
    };
    tokio::select! {
        ((), (), ()) = stages => tracing::info!("slave stopped"),
        () = observer.write_to(file, stop.clone()) => {}
        () = deadline => tracing::warn!("slave stopped before the master had taken every result; results on disk are delivered after the next start"),
    }
    Ok(())
}

fn prepare(settings: &Settings) -> Result<(), StartError> {
    let folder = &settings.algorithms_folder;
    std::fs::create_dir_all(folder).map_err(|source| StartError::Folder {
        path: folder.display().to_string(),
        source,
    })?;
    match &settings.engine {
        Engine::Builtin => Ok(()),
        Engine::External(external) if external.worker.is_file() => Ok(()),
        Engine::External(external) => {
            Err(StartError::Worker(external.worker.display().to_string()))
        }
    }
}
