//! `debug_run_synthetic_jobs` and `debug_run_synthetic_job_to_miner`: one batch now, by the running validator of the folder, or
//! else by a host that is started for it.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tig_process::output;

use super::config::{self, ConfigError};
use crate::environment::Environment;
use crate::host::{self, CallError, HostProgram, RunError, StartError, Started};
use crate::host_config::Addresses;
use crate::miners::{self, Miner, MinersError};
use crate::report;

/// The extension that runs batches.
const EXTENSION: &str = "horde_batch";
/// Its command.
const COMMAND: &str = "run_batch";
/// Name of the config file that is written for a host of one command.
const CONFIG_FILE: &str = "config.json";

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
        "interrupted; the host that was started for the batch has ended, and the batch with it"
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
    miners: &[Miner],
    as_json: bool,
) -> Result<u8, BatchError> {
    let arguments = json!({ "miners": miners });
    let own = HostProgram::find(folder.join(CONFIG_FILE));
    if own.config().exists() && own.is_running()? {
        return call(&own, &arguments, as_json).map_err(|error| match error {
            CallError::Interrupted => BatchError::GoesOn,
            other => other.into(),
        });
    }
    // Addresses that the operator names by hand are meant; those of this machine are for tests.
    let is_private = miners.iter().any(|miner| miners::is_private(&miner.host));
    let addresses = if is_private {
        Addresses::AlsoPrivate
    } else {
        Addresses::Public
    };
    let made = tempfile::tempdir().map_err(BatchError::Folder)?;
    let host = if own.config().exists() {
        own
    } else {
        let path = made.path().join(CONFIG_FILE);
        let text = config::text(environment, folder, addresses)?;
        std::fs::write(&path, text).map_err(BatchError::Folder)?;
        HostProgram::find(path)
    };
    let started = Started::start(&host)?;
    let called = call(&host, &arguments, as_json);
    drop(started);
    called.map_err(|error| match error {
        CallError::Interrupted => BatchError::Ended,
        other => other.into(),
    })
}

fn call(host: &HostProgram, arguments: &Value, as_json: bool) -> Result<u8, CallError> {
    let show = |text: &str| {
        let shown = text.replace(char::is_control, " ");
        if as_json {
            output::line(&json!({ "progress": text }).to_string());
        } else {
            output::line(&shown);
        }
    };
    let called = host::call(host, (EXTENSION, COMMAND), arguments, show)?;
    if as_json {
        output::line(&json!({ "result": called.value }).to_string());
    } else {
        report::print(&called.value);
    }
    Ok(called.code)
}
