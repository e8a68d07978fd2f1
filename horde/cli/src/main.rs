//! `compute-horde`: the commands of a ComputeHorde validator that runs as extensions of `tig-host`.
//!
//! The commands of the earlier validator keep their names and arguments (section 1.3). The program itself decides and stores
//! nothing: it reads the environment, and asks a host by the program `tig-host`.

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
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use horde_events::MinerAddress;
use tig_process::error_chain::error_chain;
use tig_process::{first_process, output};

use crate::commands::constance::{self, Constance};
use crate::commands::run_batch::BatchError;
use crate::commands::trusted_miner::TrustedMiner;
use crate::commands::wait_for_database::Wait;
use crate::commands::{
    check_s3, completions, config, debug_facilitator, doctor as doctor_command, gone, migrate,
    passed, provision_s3, run_batch, status, trusted_miner as trusted_miner_command, up,
    wait_for_database,
};
use crate::environment::{Environment, EnvironmentError};
use crate::error::Error;
use crate::host::{CONFIG_FILE, HostProgram};
use crate::host_config::Addresses;

const AFTER_HELP: &str = "\
Exit codes: 0 done: for a batch, it ran and was stored; 1 unforeseen, or a wait that was too long; 2 wrong command line; \
3 .env or config; 4 the host cannot be started or asked; 6 the store cannot be used; 7 no host answers; 8 the validator has refused \
the command; 9 interrupted, and the command goes on in the validator; 10 the end of the command is not known, since its host has ended; 11 a check has found a fault, or a step of provisioning was refused; 20 no miner has shown a manifest; 21 no executor is of a class with a job kind; 22 no job was made; 23 the batch took \
too long; 24 records of it could not be read after a restart; 130 interrupted.
Variables come from the environment, and else from .env in the folder. `tig-host` must lie beside this program or in PATH, the \
extensions beside `tig-host`.";

/// Commands of a ComputeHorde validator
#[derive(Parser)]
#[command(name = "compute-horde", version, after_help = AFTER_HELP, rename_all = "snake_case")]
struct Cli {
    /// Folder of the validator, with .env and config.json
    #[arg(long, value_name = "FOLDER", global = true, default_value = ".")]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
enum Command {
    /// Prints the host's config for the variables of .env
    Config {
        /// Write it to this file, if nothing is there
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Let miners have addresses of this machine and of private networks
        #[arg(long = "allow-private")]
        allow_private: bool,
        /// Print one JSON object, with the notes on .env
        #[arg(long)]
        json: bool,
    },
    /// Runs the whole validator of .env: writes the host's config, looks at the buckets, and becomes the host
    Up(up::Arguments),
    /// Waits until the store can be opened or its host answers
    WaitForDatabase(WaitArguments),
    /// Says whether the store is of the present form
    Migrate {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Runs one batch now, with the miners of DEBUG_MINER_KEY, _ADDRESS, _PORT and _COUNT
    DebugRunSyntheticJobs {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Runs one batch now, with one miner
    DebugRunSyntheticJobToMiner(MinerArguments),
    /// Runs users' jobs of the facilitator on one miner, without a chain, until it is stopped
    DebugConnectFacilitator(OneMinerArguments),
    /// Shows what the running validator does
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Looks at everything that can keep a validator from its work, and says what to do
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the script with which a shell completes this program's commands
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Sets up the two S3 buckets: public read of objects, their expiry, and a user if it is wanted
    #[command(name = "provision-s3", alias = "provision_s3")]
    ProvisionS3(provision_s3::Arguments),
    /// Checks that both S3 buckets do what miners and validator need
    #[command(name = "check-s3", aliases = ["check_s3", "check_s3_setup"])]
    CheckS3(check_s3::Arguments),
    /// Checks the miner that makes prompts, or prints how to set one up
    #[command(subcommand, name = "trusted-miner", alias = "trusted_miner")]
    TrustedMiner(TrustedMiner),
    /// Reads or sets a key of the dynamic config
    #[command(subcommand)]
    Constance(Constance),
}

#[derive(Args)]
struct WaitArguments {
    /// Longest wait, in seconds
    #[arg(long, default_value_t = 180)]
    timeout: u64,
    /// Seconds that it must be up without a break
    #[arg(long, default_value_t = 5)]
    stable: u64,
    /// Seconds between two looks while it is down
    #[arg(long, default_value_t = 2)]
    wait_when_down: u64,
    /// Seconds between two looks while it is up
    #[arg(long, default_value_t = 1)]
    wait_when_alive: u64,
    /// Name of the earlier validator's database; there is one store, so it is ignored
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct OneMinerArguments {
    /// SS58 address of the miner
    #[arg(long = "miner_hotkey", alias = "miner-hotkey")]
    hotkey: String,
    /// Its IP address or name
    #[arg(
        long = "miner_address",
        alias = "miner-address",
        default_value = "127.0.0.1"
    )]
    address: String,
    /// Its port
    #[arg(long = "miner_port", alias = "miner-port", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

#[derive(Args)]
struct MinerArguments {
    #[command(flatten)]
    miner: OneMinerArguments,
    /// Ignored, as in the earlier validator: all classes of the miner's manifest are tested
    #[arg(long = "executor_class", alias = "executor-class")]
    executor_class: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

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
    let mut command = command();
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
    run_own(&cli, &host)
}

/// All commands.
fn command() -> clap::Command {
    gone::add_to(passed::add_to(Cli::command()))
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
        Command::Completions { shell } => {
            completions::run(&mut command(), *shell);
            Ok(0)
        }
        Command::ProvisionS3(arguments) => {
            let environment = environment(folder)?;
            Ok(provision_s3::run(&environment, folder, arguments)?)
        }
        Command::CheckS3(arguments) => Ok(check_s3::run(&environment(folder)?, arguments)?),
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

impl OneMinerArguments {
    fn address(&self) -> MinerAddress {
        MinerAddress {
            hotkey: self.hotkey.clone(),
            host: self.address.clone(),
            port: self.port,
        }
    }
}

impl WaitArguments {
    fn wait(&self) -> Wait {
        Wait {
            timeout: Duration::from_secs(self.timeout),
            stable: Duration::from_secs(self.stable),
            when_down: Duration::from_secs(self.wait_when_down),
            when_alive: Duration::from_secs(self.wait_when_alive),
        }
    }
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
