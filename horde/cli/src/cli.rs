//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use horde_events::MinerAddress;
use tig_process::documents::Documents;

use crate::commands::constance::Constance;
use crate::commands::trusted_miner::TrustedMiner;
use crate::commands::wait_for_database::Wait;
use crate::commands::{check_s3, passed, provision_s3, up};

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
pub(crate) struct Cli {
    /// Folder of the validator, with .env and config.json
    #[arg(long, value_name = "FOLDER", global = true, default_value = ".")]
    pub(crate) folder: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
pub(crate) enum Command {
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
    #[command(flatten)]
    Documents(Documents),
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
pub(crate) struct WaitArguments {
    /// Longest wait, in seconds
    #[arg(long, default_value_t = 180)]
    pub(crate) timeout: u64,
    /// Seconds that it must be up without a break
    #[arg(long, default_value_t = 5)]
    pub(crate) stable: u64,
    /// Seconds between two looks while it is down
    #[arg(long, default_value_t = 2)]
    pub(crate) wait_when_down: u64,
    /// Seconds between two looks while it is up
    #[arg(long, default_value_t = 1)]
    pub(crate) wait_when_alive: u64,
    /// Name of the earlier validator's database; there is one store, so it is ignored
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct OneMinerArguments {
    /// SS58 address of the miner
    #[arg(long = "miner_hotkey", alias = "miner-hotkey")]
    pub(crate) hotkey: String,
    /// Its IP address or name
    #[arg(
        long = "miner_address",
        alias = "miner-address",
        default_value = "127.0.0.1"
    )]
    pub(crate) address: String,
    /// Its port
    #[arg(long = "miner_port", alias = "miner-port", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
}

#[derive(Args)]
pub(crate) struct MinerArguments {
    #[command(flatten)]
    pub(crate) miner: OneMinerArguments,
    /// Ignored, as in the earlier validator: all classes of the miner's manifest are tested
    #[arg(long = "executor_class", alias = "executor-class")]
    pub(crate) executor_class: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether the command writes files that the validator reads. A host that is started for a batch refuses root itself.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::Up(_) => true,
            Self::Config { output, .. } => output.is_some(),
            Self::ProvisionS3(arguments) => arguments.writes(),
            _ => false,
        }
    }
}

/// All commands that help and completions list.
pub(crate) fn command() -> clap::Command {
    passed::add_to(Cli::command())
}

impl OneMinerArguments {
    pub(crate) fn address(&self) -> MinerAddress {
        MinerAddress {
            hotkey: self.hotkey.clone(),
            host: self.address.clone(),
            port: self.port,
        }
    }
}

impl WaitArguments {
    pub(crate) fn wait(&self) -> Wait {
        Wait {
            timeout: Duration::from_secs(self.timeout),
            stable: Duration::from_secs(self.stable),
            when_down: Duration::from_secs(self.wait_when_down),
            when_alive: Duration::from_secs(self.wait_when_alive),
        }
    }
}
