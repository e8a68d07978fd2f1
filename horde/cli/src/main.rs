//! `compute-horde`: the commands of a ComputeHorde validator that runs as extensions of `tig-host`.
//!
//! The commands of the earlier validator keep their names and arguments (section 1.3). The program itself decides and stores
//! nothing: it reads the environment, and asks a host by the program `tig-host`.

mod cli;
mod commands;
mod config_file;
mod cross_validation;
mod doctor;
mod env_file;
mod environment;
mod error;
mod exit_code;
mod finding;
mod host;
mod host_config;
mod hotkey;
mod http;
mod miners;
mod network;
mod provision;
mod report;
mod running;
mod s3;
mod settings;
mod trusted_miner;
mod validator_config;
mod variables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::FromArgMatches as _;
use tig_process::error_chain::error_chain;
use tig_process::{first_process, output, ownership};

use crate::cli::{Cli, Command, MinerArguments};
use crate::commands::run_batch::BatchError;
use crate::commands::{
    check_s3, config, constance, debug_facilitator, doctor as doctor_command, gone, migrate,
    passed, provision_s3, run_batch, status, trusted_miner as trusted_miner_command, up,
    wait_for_database,
};
use crate::environment::{Environment, EnvironmentError};
use crate::error::Error;
use crate::host::{CONFIG_FILE, HostProgram, STORE_FILE};
use crate::host_config::Addresses;

fn main() -> ExitCode {
    first_process::run(|| match run() {
        Ok(code) => code.into(),
        Err(error) => {
            output::error_line(&error_chain(&error));
            error.exit_code().into()
        }
    })
}

fn run() -> Result<u8, Error> {
    let mut command = gone::add_to(cli::command());
    let matches = command.get_matches_mut();
    let folder = matches.get_one::<PathBuf>("folder").cloned();
    let folder = folder.unwrap_or_default();
    if let Some(gone) = gone::find(&matches) {
        return Err(gone.into());
    }
    let host = HostProgram::find(&folder);
    if let Some(code) = passed::run(&host, &matches) {
        return Ok(code?);
    }
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command));
    let cli = cli.unwrap_or_else(|error| error.exit());
    if cli.command.writes() {
        ownership::refuse_root(&folder)?;
        ownership::refuse_root(&backup_folder(&folder).join(STORE_FILE))?;
    }
    run_own(&cli, &host)
}

/// Runs a command that is this program's own.
fn run_own(cli: &Cli, host: &HostProgram) -> Result<u8, Error> {
    let folder = &cli.folder;
    match &cli.command {
        Command::Config {
            output,
            allow_private,
            json,
        } => {
            let addresses = if *allow_private {
                Addresses::AlsoPrivate
            } else {
                Addresses::Public
            };
            let environment = match json {
                true => Environment::load(folder, variable)?,
                false => environment(folder)?,
            };
            config::run(&environment, folder, output.as_deref(), addresses, *json)?;
            Ok(0)
        }
        Command::Up(arguments) => match up::run(&environment(folder)?, folder, host, arguments)? {},
        Command::WaitForDatabase(arguments) => {
            if let Some(name) = &arguments.database {
                output::note_line(&format!(
                    "note: --database {name:?} is ignored: there is one store"
                ));
            }
            wait_for_database::run(host, &backup_folder(folder), arguments.wait())?;
            if arguments.json {
                output::line(r#"{"up":true}"#);
            }
            Ok(0)
        }
        Command::Migrate { json } => {
            migrate::run(host, &backup_folder(folder))?.print(*json);
            Ok(0)
        }
        Command::DebugRunSyntheticJobs { json } => {
            let environment = environment(folder)?;
            let miners = miners::from_environment(&environment).map_err(BatchError::from)?;
            Ok(run_batch::run(&environment, folder, &miners, *json)?)
        }
        Command::DebugConnectFacilitator(miner) => {
            let environment = environment(folder)?;
            let miner = miner.address();
            Ok(debug_facilitator::run(&environment, folder, &miner)?)
        }
        Command::Status { json } => {
            status::run(host, *json)?;
            Ok(0)
        }
        Command::Doctor { json } => {
            let environment = Environment::load(folder, variable);
            Ok(doctor_command::run(environment, folder, host, *json)?)
        }
        Command::Documents(documents) => {
            documents.write(cli::command()).map_err(Error::Documents)?;
            Ok(0)
        }
        Command::ProvisionS3(arguments) => {
            let environment = environment(folder)?;
            Ok(provision_s3::run(&environment, folder, arguments)?)
        }
        Command::CheckS3(arguments) => Ok(check_s3::run(&environment(folder)?, host, arguments)?),
        Command::TrustedMiner(asked) => {
            let environment = environment(folder)?;
            Ok(trusted_miner_command::run(&environment, folder, asked)?)
        }
        Command::Constance(asked) => Ok(constance::run(host, asked)?),
        Command::DebugRunSyntheticJobToMiner(arguments) => run_batch_of_one(arguments, folder),
    }
}

/// Runs a batch with the miner of the arguments.
fn run_batch_of_one(arguments: &MinerArguments, folder: &Path) -> Result<u8, Error> {
    if arguments.executor_class.is_some() {
        output::note_line("note: --executor_class is ignored: all classes of the miner are tested");
    }
    let environment = environment(folder)?;
    let miner = arguments.miner.address();
    let code = run_batch::run(&environment, folder, &[miner], arguments.json)?;
    Ok(code)
}

/// The environment, whose notes are printed.
fn environment(folder: &Path) -> Result<Environment, EnvironmentError> {
    let environment = Environment::load(folder, variable)?;
    for note in &environment.notes {
        output::note_line(&format!("note: {note}"));
    }
    Ok(environment)
}

/// A variable of the process.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Folder of the store, as far as the config says it.
fn backup_folder(folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(folder.join(CONFIG_FILE)).unwrap_or_default();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    folder.join(config["backup_folder"].as_str().unwrap_or("backup"))
}
