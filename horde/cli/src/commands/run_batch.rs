//! `debug_run_synthetic_jobs` and `debug_run_synthetic_job_to_miner`: one batch now, by the running validator of the folder, or
//! else by a host that is started for it.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use horde_events::MinerAddress;
use serde_json::{Value, json};
use tig_process::output;
use tig_process::signals::StopFlag;

use crate::environment::Environment;
use crate::host::{self, CallError, HostProgram, RunError, StartError, Started};
use crate::host_config::Addresses;
use crate::miners::MinersError;
use crate::report;
use crate::validator_config::{self, ConfigError, Scope};

/// The extension that runs batches.
const EXTENSION: &str = "horde_batch";
/// Its command.
const COMMAND: &str = "run_batch";
/// Longest wait for a batch that was interrupted: `horde_batch` ends each after 20 minutes.
const EARLIER_BATCH_MAX: Duration = Duration::from_secs(21 * 60);
/// Time between two looks whether it is over.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Why no batch ran.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// The miners are not known.
    #[error(transparent)]
    Miners(#[from] MinersError),
    /// The host's config is not known.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The host's program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The host does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The batch has no result.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A signal came first.
    #[error(
        "interrupted; the running validator goes on with the batch, `tig-host status` shows it"
    )]
    GoesOn,
    /// A signal came first, and the host was ours.
    #[error(
        "interrupted; the host that was started for the batch has ended, and goes on with the batch when it is started again"
    )]
    Ended,
    /// No folder for the config.
    #[error("cannot write the config of a host")]
    Folder(#[source] io::Error),
}

/// Runs a batch with `miners`, and returns its exit code.
///
/// # Errors
///
/// See [`BatchError`].
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    miners: &[MinerAddress],
    as_json: bool,
) -> Result<u8, BatchError> {
    let arguments = json!({ "miners": miners });
    let own = HostProgram::find(folder);
    if own.config().exists() && own.is_running()? {
        let stop = StopFlag::listen().map_err(CallError::System)?;
        return call(&own, &arguments, as_json, &stop).map_err(|error| match error {
            CallError::Interrupted => BatchError::GoesOn,
            other => other.into(),
        });
    }
    let made = tempfile::tempdir().map_err(BatchError::Folder)?;
    let host = if own.config().exists() {
        own
    } else {
        let addresses = Addresses::of(miners);
        let text = validator_config::text(environment, folder, addresses, Scope::Batch)?;
        let host = HostProgram::find(made.path());
        std::fs::write(host.config(), text).map_err(BatchError::Folder)?;
        host
    };
    let started = Started::start(&host)?;
    // Not before: until the host answers, a signal ends this program, and the host with it.
    let stop = StopFlag::listen().map_err(CallError::System)?;
    let called =
        wait_for_earlier_batch(&host, &stop).and_then(|()| call(&host, &arguments, as_json, &stop));
    drop(started);
    called.map_err(|error| match error {
        CallError::Interrupted => BatchError::Ended,
        other => other.into(),
    })
}

/// Waits until the batch is over that was interrupted when this command ran last: the host takes it up first.
fn wait_for_earlier_batch(host: &HostProgram, stop: &StopFlag) -> Result<(), CallError> {
    let deadline = Instant::now() + EARLIER_BATCH_MAX;
    let mut is_told = false;
    while host.has_unfinished(EXTENSION)? && Instant::now() < deadline {
        if stop.reason().is_some() {
            return Err(CallError::Interrupted);
        }
        if !is_told {
            output::note_line("note: a batch that was interrupted goes on first");
            is_told = true;
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

fn call(
    host: &HostProgram,
    arguments: &Value,
    as_json: bool,
    stop: &StopFlag,
) -> Result<u8, CallError> {
    let show = |text: &str| {
        let shown = text.replace(char::is_control, " ");
        if as_json {
            output::line(&json!({ "progress": text }).to_string());
        } else {
            output::line(&shown);
        }
    };
    let called = host::call(host, (EXTENSION, COMMAND), arguments, stop, show)?;
    if as_json {
        output::line(&json!({ "result": called.value }).to_string());
    } else {
        report::print(&called.value);
    }
    Ok(called.code)
}
