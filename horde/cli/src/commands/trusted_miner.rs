//! `trusted-miner`: whether the machine that makes prompts works, and how to set one up.

use std::path::Path;

use clap::Subcommand;
use tig_process::output;

use crate::environment::Environment;
use crate::exit_code::FAULT;
use crate::finding;
use crate::hotkey::{Hotkey, HotkeyFault};
use crate::http::{ClientError, Http};
use crate::miners;
use crate::settings::{Settings, SettingsError};
use crate::trusted_miner::{self, Depth, Script};

#[derive(Subcommand)]
pub(crate) enum TrustedMiner {
    /// Asks the trusted miner for a job, prompts and answers, and says what does not work
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints a shell script that sets up a trusted miner for this validator
    Script,
}

/// Why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustedMinerError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No hotkey, whose public half the script has.
    #[error(transparent)]
    Hotkey(#[from] HotkeyFault),
    /// No HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Runs the command, and returns the exit code.
///
/// # Errors
///
/// See [`TrustedMinerError`].
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    asked: &TrustedMiner,
) -> Result<u8, TrustedMinerError> {
    match asked {
        TrustedMiner::Check { json } => {
            let http = Http::new()?;
            if !json && environment.get("TRUSTED_MINER_ADDRESS").is_some() {
                output::note_line(
                    "asking the trusted miner; with buckets this takes some minutes, as long as its models need",
                );
            }
            let findings = trusted_miner::check(environment, folder, &http, Depth::Jobs);
            finding::print(&findings, *json);
            Ok(if finding::are_good(&findings) {
                0
            } else {
                FAULT
            })
        }
        TrustedMiner::Script => {
            let settings = Settings::read(environment)?;
            let keypair = Hotkey::read(&settings, folder)?.open()?;
            let script = Script {
                validator: &keypair.public().to_ss58(),
                model: &trusted_miner::model(environment),
                port: miners::trusted_port(environment)?,
            };
            output::line(script.text().trim_end());
            Ok(0)
        }
    }
}
