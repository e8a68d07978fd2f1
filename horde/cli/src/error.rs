//! Why a command has failed, and its exit code.

use std::io;

use tig_process::ownership::RootRefused;

use crate::commands::check_s3::CheckError;
use crate::commands::debug_facilitator::FacilitatorError;
use crate::commands::gone::GoneError;
use crate::commands::migrate::MigrateError;
use crate::commands::run_batch::BatchError;
use crate::commands::status::StatusError;
use crate::commands::trusted_miner::TrustedMinerError;
use crate::commands::up::UpError;
use crate::commands::wait_for_database::WaitError;
use crate::environment::EnvironmentError;
use crate::exit_code;
use crate::host::{CallError, RunError};
use crate::http::ClientError;
use crate::validator_config::ConfigError;

/// Why a command has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Facilitator(#[from] FacilitatorError),
    #[error(transparent)]
    Pass(#[from] RunError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error(transparent)]
    TrustedMiner(#[from] TrustedMinerError),
    #[error(transparent)]
    Up(#[from] UpError),
    #[error(transparent)]
    Gone(#[from] GoneError),
    #[error("cannot write the script or the manual")]
    Documents(#[source] io::Error),
    #[error(transparent)]
    Root(#[from] RootRefused),
}

impl Error {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Gone(_) => exit_code::COMMAND_LINE,
            Self::Environment(_) | Self::Config(_) => exit_code::CONFIG,
            Self::Wait(WaitError::Late(_) | WaitError::Unsteady(_))
            | Self::Client(_)
            | Self::Check(_)
            | Self::Documents(_) => 1,
            Self::Status(StatusError::Client(_)) => 1,
            Self::Status(StatusError::NotRunning { .. }) => exit_code::NO_HOST,
            Self::Status(StatusError::Run(_)) => exit_code::HOST,
            Self::Wait(WaitError::Run(_)) | Self::Migrate(MigrateError::Run(_)) | Self::Pass(_) => {
                exit_code::HOST
            }
            Self::TrustedMiner(TrustedMinerError::Client(_)) => 1,
            Self::TrustedMiner(_) => exit_code::CONFIG,
            // A full disk has room again one day, and a service manager should try again.
            Self::Up(UpError::Config(ConfigError::Write { .. } | ConfigError::Folder(_))) => 1,
            Self::Up(UpError::Config(_) | UpError::Read { .. }) => exit_code::CONFIG,
            Self::Up(UpError::Run(_)) => exit_code::HOST,
            Self::Up(UpError::Check(_)) => 1,
            Self::Migrate(MigrateError::Store { .. }) | Self::Root(_) => exit_code::STORE,
            Self::Facilitator(error) => match error {
                FacilitatorError::Config(_) => exit_code::CONFIG,
                FacilitatorError::Run(_) => exit_code::HOST,
                FacilitatorError::Folder(_) | FacilitatorError::Signals(_) => 1,
            },
            Self::Batch(error) => match error {
                BatchError::Miners(_) | BatchError::Config(_) => exit_code::CONFIG,
                BatchError::GoesOn | BatchError::Ended => exit_code::INTERRUPTED,
                BatchError::Call(CallError::Refused(_)) => exit_code::REFUSED,
                BatchError::Run(_) | BatchError::Start(_) | BatchError::Call(_) => exit_code::HOST,
                BatchError::Folder(_) => 1,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The unit starts a validator again that has ended with 1, and leaves one with a wrong config.
    #[test]
    fn full_disk_is_no_fault_of_the_config() {
        let write = ConfigError::Write {
            path: "config.json".into(),
            source: io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(Error::Up(UpError::Config(write)).exit_code(), 1);
        let exists = ConfigError::Exists {
            path: "config.json".into(),
        };
        let exists = Error::Up(UpError::Config(exists));
        assert_eq!(exists.exit_code(), exit_code::CONFIG);
    }
}
