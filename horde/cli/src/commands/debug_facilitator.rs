//! `debug_connect_facilitator`: runs users' jobs on one miner at a fixed address, without a chain, until it is stopped.

use std::io;
use std::path::Path;

use horde_events::MinerAddress;
use tig_process::signals::StopFlag;

use crate::environment::Environment;
use crate::host::{HostProgram, RunError};
use crate::host_config::Addresses;
use crate::validator_config::{self, ConfigError, Scope};

/// Why no host runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FacilitatorError {
    /// The host's config is not known.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No folder for the config.
    #[error("cannot write the config of a host")]
    Folder(#[source] io::Error),
    /// Signals cannot be watched.
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
    /// The host's program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Runs a host whose only miner is this one. Its log and its exit code are ours.
///
/// # Errors
///
/// See [`FacilitatorError`].
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    miner: &MinerAddress,
) -> Result<u8, FacilitatorError> {
    let addresses = Addresses::of(std::slice::from_ref(miner));
    let text = validator_config::text(environment, folder, addresses, Scope::Facilitator(miner))?;
    let made = tempfile::tempdir().map_err(FacilitatorError::Folder)?;
    let host = HostProgram::find(made.path());
    std::fs::write(host.config(), text).map_err(FacilitatorError::Folder)?;
    let stop = StopFlag::listen().map_err(FacilitatorError::Signals)?;
    Ok(host.run(&stop)?)
}
